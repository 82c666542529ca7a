#include "tools/lathe/inspect/step_sizes.h"

#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

artifact::Manifest Manifest() {
  artifact::Manifest manifest;
  for (const char* name : {"tokens", "sequences", "attended_keys", "cached_keys", "kv.max_pages"})
    manifest.add_symbols(name);
  return manifest;
}

TEST(StepSizesTest, OneRowBehindHalfAThousandUnlessGiven) {
  LATHE_ASSERT_OK_AND_ASSIGN(StepSizes sizes, ReadStepSizes(Manifest(), {}));
  EXPECT_THAT(sizes.values, ElementsAre(1, 1, 512, 512, 1));
  EXPECT_EQ(sizes.text, "tokens=1 sequences=1 attended_keys=512 cached_keys=512 kv.max_pages=1");
}

TEST(StepSizesTest, KeysThatRowsSeeFollowFromTheRest) {
  auto at = [](const std::vector<std::string>& given) {
    absl::StatusOr<StepSizes> sizes = ReadStepSizes(Manifest(), given);
    EXPECT_TRUE(sizes.ok()) << sizes.status().ToString();
    return sizes->values;
  };
  // 1 + 2 + 3 + 4; then 7 + 8 + 9 + 10; then two sequences of 2 tokens each with 5 keys: 4 + 5.
  EXPECT_THAT(at({"tokens=4"}), ElementsAre(4, 1, 10, 4, 1));
  EXPECT_THAT(at({"tokens=4", "cached_keys=10"}), ElementsAre(4, 1, 34, 10, 1));
  EXPECT_THAT(at({"tokens=4", "cached_keys=10", "sequences=2"}), ElementsAre(4, 2, 18, 10, 1));
  EXPECT_THAT(at({"attended_keys=7", "kv.max_pages=3"}), ElementsAre(1, 1, 7, 512, 3));
}

TEST(StepSizesTest, WrongWordsAreNamed) {
  auto refused = [](const char* word, const char* message) {
    EXPECT_THAT(ReadStepSizes(Manifest(), {word}),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(message)));
  };
  refused("tokens=0", "\"tokens=0\" is not NAME=N, as in tokens=512");
  refused("token=3", "no size \"token\", did you mean tokens?; it has tokens, sequences, ");
}

}  // namespace
}  // namespace lathe
