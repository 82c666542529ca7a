#include "ops/embedding/embedding_reference.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace lathe {
namespace {

using ::testing::ElementsAre;

TEST(GatherRowsReferenceTest, OutsideTheTableAreZeros) {
  HostTensor x = HostTensor::Floats({3, 2}, {1, 2, 3, 4, 5, 6});
  HostTensor y = GatherRowsReference(x, HostTensor::Ints({4}, {2, -1, 0, 3}));
  EXPECT_THAT(y.shape(), ElementsAre(4, 2));
  EXPECT_THAT(y.floats(), ElementsAre(5, 6, 0, 0, 1, 2, 0, 0));
}

TEST(GatherRowsReferenceTest, IntegersAndOtherRanks) {
  HostTensor y =
      GatherRowsReference(HostTensor::Ints({2}, {7, 8}), HostTensor::Ints({3}, {1, 1, 0}));
  EXPECT_THAT(y.ints(), ElementsAre(8, 8, 7));
  HostTensor x = HostTensor::Floats({2, 2, 1}, {1, 2, 3, 4});
  EXPECT_THAT(GatherRowsReference(x, HostTensor::Ints({1}, {1})).shape(), ElementsAre(1, 2, 1));
  EXPECT_EQ(GatherRowsReference(x, HostTensor::Ints({0}, {})).num_elements(), 0);
}

TEST(EmbedReferenceTest, WidensAndMultiplies) {
  HostTensor table = HostTensor::Floats({2, 2}, {1, 2, 3, 4}).Cast(DType::kBF16);
  HostTensor y = EmbedReference(table, HostTensor::Ints({2}, {1, 5}), 0.5);
  EXPECT_EQ(y.dtype(), DType::kF32);
  EXPECT_THAT(y.floats(), ElementsAre(1.5f, 2.0f, 0.0f, 0.0f));
}

}  // namespace
}  // namespace lathe
