#include "runtime/program/expr.h"

#include <limits>

#include "test/support/status_matchers.h"
#include "test/support/test_artifact.h"

namespace lathe {
namespace {

using ::lathe::testing::Constant;
using ::lathe::testing::MakeExpr;
using ::lathe::testing::StatusIs;
using ::testing::HasSubstr;

constexpr int64_t kMost = std::numeric_limits<int64_t>::max();

absl::StatusOr<int64_t> Value(const artifact::Expr& expr, std::vector<int64_t> symbols) {
  ExprTable table;
  table.Intern(expr);
  int64_t value = 0;
  if (absl::Status s = table.Evaluate(symbols, absl::MakeSpan(&value, 1)); !s.ok()) return s;
  return value;
}

TEST(ExprTest, SumsOfProductsAndTiles) {
  EXPECT_EQ(*Value(MakeExpr({}), {}), 0);
  EXPECT_EQ(*Value(Constant(7), {}), 7);
  EXPECT_EQ(*Value(MakeExpr({{3, {0}}, {2, {0, 1}}, {1, {}}}), {5, 10}), 15 + 100 + 1);
  for (const auto& [tokens, tiles] : std::initializer_list<std::pair<int64_t, int64_t>>{
           {0, 0}, {1, 1}, {15, 1}, {16, 1}, {17, 2}}) {
    EXPECT_EQ(*Value(MakeExpr({{64, {0}, 16}}), {tokens}), 64 * tiles) << tokens;
  }
  EXPECT_EQ(*Value(MakeExpr({{1, {0}}, {-1, {1}}}), {5, 5}), 0);
  EXPECT_EQ(*Value(MakeExpr({{1, {0}, kMost}}), {kMost}), 1);
}

TEST(ExprTest, WhatDoesNotFitIsRefused) {
  const auto refused = StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("step is too large"));
  EXPECT_THAT(Value(MakeExpr({{2, {0}}}), {kMost}), refused);
  EXPECT_THAT(Value(MakeExpr({{1, {0, 0}}}), {int64_t{1} << 32}), refused);
  EXPECT_THAT(Value(MakeExpr({{1, {0}}, {1, {}}}), {kMost}), refused);
  EXPECT_THAT(Value(MakeExpr({{1, {0}}, {-1, {1}}}), {5, 6}), refused);
}

TEST(ExprTest, EqualExpressionsAreOne) {
  ExprTable table;
  const uint32_t a = table.Intern(MakeExpr({{3, {0}}}));
  const uint32_t b = table.Intern(Constant(3));
  EXPECT_EQ(table.Intern(MakeExpr({{3, {0}}})), a);
  EXPECT_NE(a, b);
  EXPECT_EQ(table.size(), 2u);
  EXPECT_THAT(table.symbols(), ::testing::ElementsAre(0));
  const std::vector<int64_t> symbols = {4};
  std::vector<int64_t> values(2);
  LATHE_ASSERT_OK(table.Evaluate(symbols, absl::MakeSpan(values)));
  EXPECT_EQ(values[a], 12);
  EXPECT_EQ(values[b], 3);
}

}  // namespace
}  // namespace lathe
