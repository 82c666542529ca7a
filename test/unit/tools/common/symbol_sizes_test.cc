#include "tools/common/symbol_sizes.h"

#include <vector>

#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::HasSubstr;

TEST(SymbolSizesTest, NamesWithSizes) {
  LATHE_ASSERT_OK_AND_ASSIGN(SymbolSizes sizes, ParseSymbolSizes({"tokens=512", "kv.max_pages=3"}));
  EXPECT_EQ(sizes, (SymbolSizes{{"tokens", 512}, {"kv.max_pages", 3}}));
  LATHE_ASSERT_OK_AND_ASSIGN(SymbolSizes none, ParseSymbolSizes({}));
  EXPECT_TRUE(none.empty());
}

TEST(SymbolSizesTest, OtherWordsAreRefused) {
  for (const char* word : {"tokens", "tokens=", "=3", "a=b=3", "tokens=0", "tokens=-1",
                           "tokens=16777217", "tokens=99999999999999999999"}) {
    EXPECT_THAT(
        ParseSymbolSizes({word}),
        StatusIs(absl::StatusCode::kInvalidArgument,
                 HasSubstr(std::string("\"") + word + "\" is not NAME=N, as in tokens=512")));
  }
  EXPECT_THAT(ParseSymbolSizes({"a=1", "a=2"}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("a is given twice")));
}

}  // namespace
}  // namespace lathe
