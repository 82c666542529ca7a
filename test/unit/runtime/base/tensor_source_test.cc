#include "runtime/base/tensor_source.h"

#include <cstdint>

#include "gtest/gtest.h"

namespace lathe {
namespace {

TEST(TensorSourceTest, DescribesShapeAndType) {
  TensorView tensor{DType::kBF16, {2, 3}, ""};
  EXPECT_EQ(Describe(tensor), "[2, 3] BF16");
  EXPECT_EQ(tensor.num_elements(), 6);
  EXPECT_EQ(Describe(TensorView{}), "[] F32");
}

TEST(TensorSourceTest, EmptyTensorsHaveNoElementsWhateverTheirOtherExtents) {
  const TensorView tensor{DType::kU8, {INT64_MAX, INT64_MAX, 0}, ""};
  EXPECT_EQ(tensor.num_elements(), 0);
}

}  // namespace
}  // namespace lathe
