#include "ops/core/sym_expr.h"

#include "gtest/gtest.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const SymExpr kTokens = SymExpr::Symbol("tokens");
const SymExpr kRows = SymExpr::Symbol("rows");

TEST(SymExprTest, PrintsInCanonicalOrder) {
  EXPECT_EQ(SymExpr().ToString(), "0");
  EXPECT_EQ((kTokens * 4096 + 12).ToString(), "4096*tokens + 12");
  EXPECT_EQ((12 + kTokens + kRows * kTokens * 3 + kRows).ToString(),
            "3*rows*tokens + rows + tokens + 12");
  EXPECT_EQ((kTokens * -1 + 1).ToString(), "-1*tokens + 1");
}

TEST(SymExprTest, EqualExpressionsAreEqualHoweverBuilt) {
  EXPECT_EQ((kTokens + 2) * (kTokens + 3), kTokens * kTokens + kTokens * 5 + 6);
  EXPECT_EQ(kTokens * kRows, kRows * kTokens);
  EXPECT_EQ(kTokens + kTokens * -1, SymExpr(0));
  SymExpr doubled = kTokens;
  doubled += doubled;
  EXPECT_EQ(doubled, kTokens * 2);
}

TEST(SymExprTest, Evaluates) {
  LATHE_ASSERT_OK_AND_ASSIGN(
      int64_t value, (kTokens * kRows * 2 + kRows + 1).Evaluate({{"tokens", 5}, {"rows", 3}}));
  EXPECT_EQ(value, 34);
  LATHE_ASSERT_OK_AND_ASSIGN(value, SymExpr(7).Evaluate({}));
  EXPECT_EQ(value, 7);
}

TEST(SymExprTest, AMissingValueIsNamed) {
  EXPECT_THAT((kTokens + kRows).Evaluate({{"tokens", 1}}),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("'rows' in rows + tokens")));
}

TEST(SymExprTest, OverflowIsToldNotWrapped) {
  SymExpr large = int64_t{1} << 40;
  EXPECT_THAT((kTokens * large).Evaluate({{"tokens", int64_t{1} << 30}}),
              StatusIs(absl::StatusCode::kOutOfRange, HasSubstr("64 bits")));
  EXPECT_THAT((large * large * kTokens).Evaluate({{"tokens", 1}}),
              StatusIs(absl::StatusCode::kOutOfRange, HasSubstr("64 bits")));
  SymExpr limit = INT64_MAX;
  EXPECT_THAT((limit + limit).Evaluate({}),
              StatusIs(absl::StatusCode::kOutOfRange, HasSubstr("64 bits")));
}

TEST(SymExprTest, KnowsItsSymbols) {
  EXPECT_THAT((kTokens * kRows + kTokens).Symbols(), ElementsAre("rows", "tokens"));
  EXPECT_TRUE(SymExpr(4).IsConstant());
  EXPECT_TRUE(SymExpr().IsConstant());
  EXPECT_FALSE((kTokens + 4).IsConstant());
}

}  // namespace
}  // namespace lathe
