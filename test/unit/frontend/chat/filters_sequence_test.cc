// What these filters give is compared with the reference in constructs_test.cc; here stand messages
// and large inputs.
#include "gtest/gtest.h"
#include "test/support/status_matchers.h"
#include "test/unit/frontend/chat/render.h"

namespace lathe {
namespace {

using ::lathe::testing::RefusalOf;
using ::lathe::testing::Render;

TEST(SequenceFiltersTest, WrongArguments) {
  EXPECT_EQ(RefusalOf("{{ 5|length }}"), "t:1: a int has no length");
  EXPECT_EQ(RefusalOf("{{ 'a'|items }}"), "t:1: items: a str has no pairs, expected a mapping");
  EXPECT_EQ(RefusalOf("{{ [1]|map }}"), "t:1: map: expected a filter or attribute=");
  EXPECT_EQ(RefusalOf("{{ [1]|map(attr='a') }}"), "t:1: map: has no parameter 'attr'");
  EXPECT_EQ(RefusalOf("{{ [1]|map('nope') }}"), "t:1: no filter 'nope' is known");
  EXPECT_EQ(RefusalOf("{{ [1]|select('nope') }}"), "t:1: no test 'nope' is known");
  EXPECT_EQ(RefusalOf("{{ [{}]|map(attribute='a.b') }}"),
            "t:1: attribute 'b' of an undefined value");
  EXPECT_EQ(RefusalOf("{{ [1, 'a']|sort }}"), "t:1: '<' does not work on str and int");
  EXPECT_EQ(RefusalOf("{{ [1, 'a']|sum }}"), "t:1: '+' does not work on int and str");
}

TEST(SequenceFiltersTest, SortIsStableAndComplete) {
  EXPECT_EQ(*Render("{% set l = [[2,'a'],[1,'b'],[2,'c'],[1,'d'],[0,'e']] %}"
                    "{{ l|sort(attribute=0)|map(attribute=1)|join }} "
                    "{{ l|sort(attribute=0, reverse=true)|map(attribute=1)|join }}"),
            "ebdac acbde");
  EXPECT_EQ(*Render("{{ range(5000)|reverse|sort == range(5000)|list }}"), "True");
  EXPECT_EQ(*Render("{{ []|sort }}{{ [1]|sort }}"), "[][1]");
}

}  // namespace
}  // namespace lathe
