#include "compiler/emit/weight_table.h"

#include "gtest/gtest.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/MLIRContext.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::StatusIs;

class WeightTableTest : public ::testing::Test {
 protected:
  WeightEntry Entry(const std::string& name, const std::string& layout, int64_t columns) {
    auto type = mlir::RankedTensorType::get({columns, 4}, mlir::Float32Type::get(&context_));
    return {name, layout, type, nullptr};
  }

  mlir::MLIRContext context_;
  WeightTable table_;
};

TEST_F(WeightTableTest, KeepsTheOrderOfFirstUses) {
  EXPECT_EQ(table_.Add(Entry("b", "rows", 2)).value(), 0);
  EXPECT_EQ(table_.Add(Entry("a", "k1n16", 2)).value(), 1);
  EXPECT_EQ(table_.Add(Entry("b", "rows", 2)).value(), 0);
  ASSERT_EQ(table_.entries().size(), 2);
  EXPECT_EQ(table_.entries()[0].name, "b");
  EXPECT_EQ(table_.entries()[1].layout, "k1n16");
}

TEST_F(WeightTableTest, AWeightIsStoredInOneWay) {
  LATHE_ASSERT_OK(table_.Add(Entry("w", "rows", 2)).status());
  EXPECT_THAT(table_.Add(Entry("w", "k1n16", 2)),
              StatusIs(absl::StatusCode::kInternal,
                       AllOf(HasSubstr("weight w"), HasSubstr("rows"), HasSubstr("k1n16"))));
  EXPECT_THAT(table_.Add(Entry("w", "rows", 3)),
              StatusIs(absl::StatusCode::kInternal,
                       AllOf(HasSubstr("tensor<2x4xf32>"), HasSubstr("tensor<3x4xf32>"))));
}

}  // namespace
}  // namespace lathe
