#include "frontend/chat/builtins.h"

#include <algorithm>
#include <limits>

#include "gtest/gtest.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

TEST(BindArgumentsTest, PutsEachInItsPlace) {
  Function f{"f", "a b? c?", nullptr};
  LATHE_ASSERT_OK_AND_ASSIGN(BoundArguments bound,
                             BindArguments(f, {{Value::Int(1)}, {{"c", Value::Int(3)}}}));
  ASSERT_EQ(bound.values.size(), 3u);
  EXPECT_EQ(bound[0].integer(), 1);
  EXPECT_TRUE(bound[1].is_undefined());
  EXPECT_EQ(bound[2].integer(), 3);
}

TEST(BindArgumentsTest, MoreAndOtherNamesOnRequest) {
  Function f{"f", "a? * **", nullptr};
  LATHE_ASSERT_OK_AND_ASSIGN(BoundArguments bound, BindArguments(f, {{Value::Int(1), Value::Int(2)},
                                                                     {{"x", Value::Int(3)}}}));
  EXPECT_EQ(bound.values.size(), 2u);
  ASSERT_EQ(bound.named.size(), 1u);
  EXPECT_EQ(bound.named[0].first, "x");
}

TEST(BindArgumentsTest, ErrorsShowTheParameters) {
  Function f{"f", "a b?", nullptr};
  EXPECT_THAT(BindArguments(f, {}), StatusIs(kInvalid, "f(a b?): 'a' is missing"));
  EXPECT_THAT(BindArguments(f, {{Value(), Value(), Value()}, {}}),
              StatusIs(kInvalid, "f(a b?): takes at most 2 arguments, found 3"));
  EXPECT_THAT(BindArguments(f, {{Value::Int(1)}, {{"a", Value()}}}),
              StatusIs(kInvalid, "f(a b?): 'a' is given twice"));
  EXPECT_THAT(BindArguments(f, {{Value::Int(1)}, {{"c", Value()}}}),
              StatusIs(kInvalid, "f(a b?): has no parameter 'c'"));
}

TEST(BuiltinsTest, TablesAreSortedAndComplete) {
  for (absl::Span<const Function> table : {TextFilters(), SequenceFilters(), Tests(), Globals(),
                                           StringMethods(), ListMethods(), MapMethods()}) {
    EXPECT_TRUE(
        std::is_sorted(table.begin(), table.end(),
                       [](const Function& a, const Function& b) { return a.name < b.name; }));
    for (const Function& f : table) EXPECT_NE(f.call, nullptr) << f.name;
  }
}

TEST(BuiltinsTest, NamesAreFoundByKind) {
  EXPECT_NE(FindFilter("tojson"), nullptr);
  EXPECT_NE(FindFilter("length"), nullptr);
  EXPECT_EQ(FindFilter("startswith"), nullptr);
  EXPECT_NE(FindTest("defined"), nullptr);
  EXPECT_NE(FindGlobal("raise_exception"), nullptr);
  EXPECT_NE(FindMethod(Value::String(""), "strip"), nullptr);
  EXPECT_EQ(FindMethod(Value::List({}), "strip"), nullptr);
  EXPECT_EQ(FindMethod(Value::Int(1), "strip"), nullptr);
  EXPECT_EQ(NearestFilter("lenght"), "length");
  EXPECT_EQ(NearestFilter("zzzzzzzzzz"), "");
}

TEST(BuiltinsTest, ArgumentsOfTheWrongTypeAreNamed) {
  EXPECT_EQ(*IntArgument(Value(), "n", 7), 7);
  EXPECT_EQ(*IntArgument(Value::Bool(true), "n", 7), 1);
  EXPECT_THAT(IntArgument(Value::Float(1), "n", 7),
              StatusIs(kInvalid, "'n' is of type float, expected int"));
  EXPECT_THAT(
      IntArgument(Value::Int(std::numeric_limits<uint64_t>::max()), "n", 7),
      StatusIs(kInvalid, "'n' is 18446744073709551615, expected at most 9223372036854775807"));
  EXPECT_THAT(StringArgument(Value(), "s"),
              StatusIs(kInvalid, "'s' is of type undefined, expected str"));
}

}  // namespace
}  // namespace lathe
