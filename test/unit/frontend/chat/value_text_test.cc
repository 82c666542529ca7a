#include "frontend/chat/value_text.h"

#include <limits>

#include "gtest/gtest.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;

// Expected texts are those of Python 3.11's repr().
TEST(ValueTextTest, FloatsAsPythonWritesThem) {
  EXPECT_EQ(FloatText(1.0), "1.0");
  EXPECT_EQ(FloatText(-0.0), "-0.0");
  EXPECT_EQ(FloatText(0.1), "0.1");
  EXPECT_EQ(FloatText(0.0001), "0.0001");
  EXPECT_EQ(FloatText(0.00001), "1e-05");
  EXPECT_EQ(FloatText(1.5e-7), "1.5e-07");
  EXPECT_EQ(FloatText(123456789012345680.0), "1.2345678901234568e+17");
  EXPECT_EQ(FloatText(1e15), "1000000000000000.0");
  EXPECT_EQ(FloatText(1e16), "1e+16");
  EXPECT_EQ(FloatText(-1.25e100), "-1.25e+100");
  EXPECT_EQ(FloatText(5e-324), "5e-324");
  EXPECT_EQ(FloatText(std::numeric_limits<double>::infinity()), "inf");
  EXPECT_EQ(FloatText(std::numeric_limits<double>::quiet_NaN()), "nan");
}

TEST(ValueTextTest, IntsOverTheWholeRange) {
  EXPECT_EQ(IntText(std::numeric_limits<uint64_t>::max()), "18446744073709551615");
  EXPECT_EQ(IntText(std::numeric_limits<int64_t>::min()), "-9223372036854775808");
}

TEST(ValueTextTest, StrAndRepr) {
  Budget budget({});
  EXPECT_EQ(*Str(Value(), &budget), "");
  EXPECT_EQ(*Str(Value::String("a'b"), &budget), "a'b");
  EXPECT_EQ(*Repr(Value::String("a'b"), &budget), "\"a'b\"");
  EXPECT_EQ(*Repr(Value::String("'\"\n\u200b\xc2\x85\U000e0001"), &budget),
            "'\\'\"\\n\\u200b\\x85\\U000e0001'");
  Value nested =
      Value::List({Value::None(), Value::Tuple({Value::Int(1)}), Value::Map({{"k", Value()}})});
  EXPECT_EQ(*Str(nested, &budget), "[None, (1,), {'k': Undefined}]");
}

TEST(ValueTextTest, JsonStyles) {
  Budget budget({});
  Value v = Value::Map({{"b", Value::List({Value::Int(1), Value::None()})},
                        {"a", Value::String("\u00e9\n\U0001f600")}});
  EXPECT_EQ(*ToJson(v, {}, &budget), "{\"b\": [1, null], \"a\": \"\u00e9\\n\U0001f600\"}");
  EXPECT_EQ(*ToJson(v, {.ensure_ascii = true, .sort_keys = true}, &budget),
            "{\"a\": \"\\u00e9\\n\\ud83d\\ude00\", \"b\": [1, null]}");
  EXPECT_EQ(*ToJson(Value::List({v.map().entries()[0].second, Value::Map({})}),
                    {.indent = "  ", .item_separator = ","}, &budget),
            "[\n  [\n    1,\n    null\n  ],\n  {}\n]");
}

TEST(ValueTextTest, WhatHasNoTextIsRefused) {
  Budget budget({});
  Namespace ns;
  EXPECT_THAT(Str(Value::OfNamespace(&ns), &budget),
              StatusIs(absl::StatusCode::kInvalidArgument, "a namespace cannot be printed"));
  EXPECT_THAT(ToJson(Value(), {}, &budget),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "a value of type undefined cannot be written as JSON"));
}

TEST(ValueTextTest, TextIsCharged) {
  Budget budget({.max_built_bytes = 10});
  EXPECT_THAT(Str(Value::String("01234567890"), &budget).status().code(),
              absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace lathe
