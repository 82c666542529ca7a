#include "frontend/chat/operators.h"

#include <limits>

#include "gtest/gtest.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::HasSubstr;
constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

class OperatorsTest : public ::testing::Test {
 protected:
  absl::StatusOr<Value> Apply(BinaryOp op, const Value& a, const Value& b) {
    return ApplyBinary(op, a, b, &budget_);
  }
  Budget budget_{ChatLimits()};
};

TEST_F(OperatorsTest, IntegersBeyond64BitsAreRefused) {
  Value max = Value::Int(std::numeric_limits<uint64_t>::max());
  Value min = Value::Int(std::numeric_limits<int64_t>::min());
  EXPECT_EQ(Apply(BinaryOp::kAdd, max, Value::Int(0))->integer(), max.integer());
  EXPECT_THAT(Apply(BinaryOp::kAdd, max, Value::Int(1)),
              StatusIs(kInvalid, "an integer does not fit 64 bits"));
  EXPECT_THAT(Apply(BinaryOp::kSubtract, min, Value::Int(1)),
              StatusIs(kInvalid, HasSubstr("64 bits")));
  EXPECT_THAT(Apply(BinaryOp::kMultiply, max, max), StatusIs(kInvalid, HasSubstr("64 bits")));
  EXPECT_THAT(Apply(BinaryOp::kMultiply, min, max), StatusIs(kInvalid, HasSubstr("64 bits")));
  EXPECT_THAT(Apply(BinaryOp::kPower, Value::Int(2), max),
              StatusIs(kInvalid, HasSubstr("64 bits")));
  EXPECT_EQ(Apply(BinaryOp::kPower, Value::Int(-1), max)->integer(), -1);
  EXPECT_EQ(Apply(BinaryOp::kPower, Value::Int(2), Value::Int(63))->integer(), absl::int128(1)
                                                                                   << 63);
  EXPECT_EQ(Apply(BinaryOp::kFloorDivide, min, Value::Int(-1))->integer(), absl::int128(1) << 63);
  EXPECT_THAT(ApplyUnary(UnaryOp::kMinus, max), StatusIs(kInvalid, HasSubstr("64 bits")));
}

TEST_F(OperatorsTest, WrongTypesAreNamed) {
  EXPECT_THAT(Apply(BinaryOp::kAdd, Value::String("a"), Value::Int(1)),
              StatusIs(kInvalid, "'+' does not work on str and int"));
  EXPECT_THAT(Apply(BinaryOp::kAdd, Value::List({}), Value::Tuple({})),
              StatusIs(kInvalid, "'+' does not work on list and tuple"));
  EXPECT_THAT(Apply(BinaryOp::kFloorDivide, Value::None(), Value::Int(1)),
              StatusIs(kInvalid, "'//' does not work on none and int"));
  EXPECT_THAT(
      Apply(BinaryOp::kModulo, Value::String("%s"), Value::Int(1)),
      StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("formatting a string with '%'")));
  EXPECT_THAT(ApplyUnary(UnaryOp::kPlus, Value::String("a")),
              StatusIs(kInvalid, "'+' does not work on str"));
  EXPECT_THAT(Less(Value::String("a"), Value::Int(1), &budget_),
              StatusIs(kInvalid, "'<' does not work on str and int"));
  EXPECT_THAT(Apply(BinaryOp::kPower, Value::Int(0), Value::Int(-1)),
              StatusIs(kInvalid, "division by zero"));
}

TEST_F(OperatorsTest, NanIsNeitherLessNorEqual) {
  Value nan = Value::Float(std::numeric_limits<double>::quiet_NaN());
  for (CompareOp op : {CompareOp::kEqual, CompareOp::kLess, CompareOp::kLessEqual,
                       CompareOp::kGreater, CompareOp::kGreaterEqual}) {
    EXPECT_FALSE(*ApplyCompare(op, nan, nan, &budget_));
  }
  EXPECT_TRUE(*ApplyCompare(CompareOp::kNotEqual, nan, nan, &budget_));
}

TEST_F(OperatorsTest, RepeatingIsCharged) {
  Value max = Value::Int(std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(Apply(BinaryOp::kMultiply, Value::String(""), max)->str(), "");
  EXPECT_EQ(Apply(BinaryOp::kMultiply, Value::Int(2), Value::List({Value()}))->list().items.size(),
            2u);
  EXPECT_THAT(Apply(BinaryOp::kMultiply, Value::String("ab"), max),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("max_built_bytes")));
}

}  // namespace
}  // namespace lathe
