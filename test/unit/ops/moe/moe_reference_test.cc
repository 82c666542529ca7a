#include "ops/moe/moe_reference.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(MoeRouteReferenceTest, RowsAreRoutedOneByOne) {
  const MoeRoutes routes =
      MoeRouteReference(HostTensor::Floats({2, 3}, {0, 1, 2, 5, 4, 3}), nullptr,
                        {.num_experts = 3, .top_k = 2, .normalize = true});
  EXPECT_THAT(routes.experts.ints(), ElementsAre(2, 1, 0, 1));
  EXPECT_THAT(routes.weights.shape(), ElementsAre(2, 2));
  EXPECT_NEAR(routes.weights.floats()[0] + routes.weights.floats()[1], 1, 1e-6);
  EXPECT_EQ(routes.weights.floats()[2], routes.weights.floats()[0]);
}

TEST(MoeDispatchReferenceTest, ChoicesComeByExpertAndThenByRow) {
  LATHE_ASSERT_OK_AND_ASSIGN(const MoeOrder order,
                             MoeDispatchReference(HostTensor::Ints({3, 2}, {3, 0, 0, 3, 1, 0}), 5));
  EXPECT_THAT(order.rows.ints(), ElementsAre(0, 1, 2, 2, 0, 1));
  EXPECT_THAT(order.rows.shape(), ElementsAre(3, 2));
  EXPECT_THAT(order.places.ints(), ElementsAre(4, 0, 1, 5, 3, 2));
  EXPECT_THAT(order.ends.ints(), ElementsAre(3, 4, 4, 6, 6));
  EXPECT_THAT(
      MoeDispatchReference(HostTensor::Ints({1, 2}, {0, 5}), 5).status(),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("experts hold 5, expected 0 to 4")));
}

TEST(GroupedMatmulReferenceTest, EachChoiceMeetsTheMatrixOfItsExpert) {
  // Experts 0, 1 and 2 were chosen by row 0, by both rows, and by row 1.
  const HostTensor rows = HostTensor::Ints({2, 2}, {0, 0, 1, 1});
  const HostTensor ends = HostTensor::Ints({3}, {1, 3, 4});
  const HostTensor weight = HostTensor::Floats({3, 1, 2}, {1, 1, 10, 0, 0, 100});
  LATHE_ASSERT_OK_AND_ASSIGN(
      HostTensor y, GroupedMatmulReference(HostTensor::Floats({2, 2}, {1, 2, 3, 4}), &rows, ends,
                                           weight, Accumulate::kF32));
  EXPECT_THAT(y.shape(), ElementsAre(2, 2, 1));
  EXPECT_THAT(y.floats(), ElementsAre(3, 10, 30, 400));
  LATHE_ASSERT_OK_AND_ASSIGN(
      y, GroupedMatmulReference(HostTensor::Floats({2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8}), nullptr,
                                ends, weight, Accumulate::kF64));
  EXPECT_THAT(y.floats(), ElementsAre(3, 30, 50, 800));
}

TEST(GroupedMatmulReferenceTest, OrdersOfNoDispatchAreRefused) {
  auto status = [](std::vector<int32_t> rows, std::vector<int32_t> ends) {
    const HostTensor row_tensor = HostTensor::Ints({1, 2}, std::move(rows));
    return GroupedMatmulReference(HostTensor(DType::kF32, {1, 2}), &row_tensor,
                                  HostTensor::Ints({2}, std::move(ends)),
                                  HostTensor(DType::kF32, {2, 1, 2}), Accumulate::kF32)
        .status();
  };
  LATHE_EXPECT_OK(status({0, 0}, {0, 2}));
  EXPECT_THAT(status({0, 1}, {0, 2}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("rows hold 1, expected 0")));
  EXPECT_THAT(status({0, 0}, {3, 2}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("ends[0] is 3")));
  EXPECT_THAT(status({0, 0}, {2, 1}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("ends[1] is 1")));
  EXPECT_THAT(status({0, 0}, {0, 1}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("the last end is 1")));
}

TEST(MoeCombineReferenceTest, AddsInTheOrderOfTheChoices) {
  const HostTensor x = HostTensor::Floats({2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
  const HostTensor weights = HostTensor::Floats({2, 2}, {1, 10, 0.5f, 0});
  LATHE_ASSERT_OK_AND_ASSIGN(
      const HostTensor y, MoeCombineReference(x, HostTensor::Ints({2, 2}, {2, 0, 1, 3}), weights));
  EXPECT_THAT(y.shape(), ElementsAre(2, 2));
  EXPECT_THAT(y.floats(), ElementsAre(15, 26, 1.5f, 2));
  EXPECT_THAT(MoeCombineReference(x, HostTensor::Ints({2, 2}, {2, 0, 1, 4}), weights).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("places hold 4")));
}

}  // namespace
}  // namespace lathe
