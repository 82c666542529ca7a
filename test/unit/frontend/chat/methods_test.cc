// What the methods give is compared with the reference in constructs_test.cc; here stand messages
// and hard inputs.
#include "gtest/gtest.h"
#include "test/support/status_matchers.h"
#include "test/unit/frontend/chat/render.h"

namespace lathe {
namespace {

using ::lathe::testing::RefusalOf;
using ::lathe::testing::Render;
using ::lathe::testing::StatusIs;
using ::testing::HasSubstr;

TEST(MethodsTest, WrongArguments) {
  EXPECT_EQ(RefusalOf("{{ 'a'.split('') }}"), "t:1: 'sep' is empty");
  EXPECT_EQ(RefusalOf("{{ 'a'.startswith(1) }}"), "t:1: 'prefix' is of type int, expected str");
  EXPECT_EQ(RefusalOf("{{ 'a'.startswith() }}"), "t:1: startswith(prefix): 'prefix' is missing");
  EXPECT_EQ(RefusalOf("{{ ','.join([1]) }}"), "t:1: 'iterable[i]' is of type int, expected str");
  EXPECT_EQ(RefusalOf("{{ [1].index(2) }}"), "t:1: index: the value is not in the list");
  EXPECT_THAT(Render("{{ 'a b'.rsplit(none, 1) }}"),
              StatusIs(absl::StatusCode::kUnimplemented,
                       HasSubstr("rsplit with maxsplit and without sep")));
}

TEST(MethodsTest, NothingChanges) {
  EXPECT_EQ(RefusalOf("{{ [1].append(2) }}"),
            "t:1: a list does not change in a chat template; make a new one, as in a + [b]");
  EXPECT_THAT(RefusalOf("{{ {}.update(a=1) }}"), HasSubstr("a dict does not change"));
}

TEST(MethodsTest, SearchesOfLongTextsAreLinear) {
  std::string text(1'000'000, 'a');
  std::string part = std::string(500'000, 'a') + "b";
  EXPECT_EQ(*Render("{{ s.find(p) }} {{ p in s }} {{ s.split(p)|length }} {{ s.count(p) }} {{ "
                    "s.replace(p, '')|length }}",
                    {{"s", text}, {"p", part}}),
            "-1 False 1 0 1000000");
  EXPECT_THAT(RefusalOf("{{ s.rfind(p) }}", {{"s", text}, {"p", part}}), HasSubstr("max_steps"));
}

}  // namespace
}  // namespace lathe
