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

TEST(SymExprTest, ParsesWhatItPrints) {
  for (const SymExpr& expr : {SymExpr(), SymExpr(12), SymExpr(-3), kTokens, kTokens * 4 + 12,
                              kTokens * kTokens * kRows * 5 + kRows * -7 + 1}) {
    LATHE_ASSERT_OK_AND_ASSIGN(SymExpr parsed, SymExpr::Parse(expr.ToString()));
    EXPECT_EQ(parsed, expr) << expr.ToString();
  }
  LATHE_ASSERT_OK_AND_ASSIGN(SymExpr sum, SymExpr::Parse(" 2*tokens*3+rows  + tokens "));
  EXPECT_EQ(sum, kTokens * 7 + kRows);
}

TEST(SymExprTest, WhatDoesNotParseIsQuoted) {
  for (const char* text : {"", "tokens +", "3**tokens", "*", "+"}) {
    EXPECT_THAT(SymExpr::Parse(text), StatusIs(absl::StatusCode::kInvalidArgument,
                                               HasSubstr("a number or a name is missing")))
        << text;
  }
  EXPECT_THAT(SymExpr::Parse("4 tokens"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("\"4 tokens\" is neither a number nor a name")));
  EXPECT_THAT(SymExpr::Parse("3x*rows"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("expression \"3x*rows\": \"3x\" is neither")));
  EXPECT_THAT(SymExpr::Parse("two words"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("\"two words\"")));
}

TEST(SymExprTest, TermsStandInTheOrderOfTheText) {
  std::vector<SymExpr::Term> terms = (kTokens * 4 + 12 + kRows * kTokens).Terms();
  ASSERT_EQ(terms.size(), 3);
  EXPECT_EQ(terms[0].coefficient, 1);
  EXPECT_THAT(terms[0].symbols, ElementsAre("rows", "tokens"));
  EXPECT_EQ(terms[1].coefficient, 4);
  EXPECT_THAT(terms[1].symbols, ElementsAre("tokens"));
  EXPECT_EQ(terms[2].coefficient, 12);
  EXPECT_THAT(terms[2].symbols, ElementsAre());
  EXPECT_TRUE(SymExpr().Terms().empty());
}

}  // namespace
}  // namespace lathe
