#include "tools/lathe/tuning_file.h"

#include "test/support/data.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::HasSubstr;

constexpr char kFile[] = R"([
  {"dispatch":"model.layers.*.mlp.down_proj","level":"x86-64-v4","rows":8,"blocks":2},
  {"kernel":"matmul k=1024 *","level":"x86-64-v3","few_blocks":3}
]
)";

TEST(TuningFileTest, GoesThereAndBack) {
  const std::string path = testing::TempDir() + "/tiles.json";
  testing::WriteFileOrDie(path, kFile);
  LATHE_ASSERT_OK_AND_ASSIGN(std::vector<TuningRule> rules, ReadTuning(path));
  ASSERT_EQ(rules.size(), 2u);
  EXPECT_EQ(rules[0].dispatch, "model.layers.*.mlp.down_proj");
  EXPECT_EQ(rules[0].kernel, "*");
  EXPECT_EQ(rules[0].numbers, (std::map<std::string, int64_t>{{"rows", 8}, {"blocks", 2}}));
  EXPECT_EQ(rules[1].dispatch, "*");
  EXPECT_EQ(rules[1].level, "x86-64-v3");
  EXPECT_EQ(TuningText(rules), kFile);
  EXPECT_EQ(TuningText({}), "[\n]\n");
  EXPECT_TRUE(ParseTuning("[]", "t")->empty());
}

TEST(TuningFileTest, IdentityIsWhatTheRulesSay) {
  const std::string spaced = R"([{"rows": 8, "blocks": 2, "level": "x86-64-v4", "dispatch": "a"}])";
  const std::string plain = R"([{"dispatch":"a","level":"x86-64-v4","blocks":2,"rows":8}])";
  const std::string other = R"([{"dispatch":"a","level":"x86-64-v4","blocks":2,"rows":7}])";
  auto canonical = [](const std::string& text) {
    return CanonicalTuning(ParseTuning(text, "t").value());
  };
  EXPECT_EQ(canonical(spaced), canonical(plain));
  EXPECT_NE(canonical(other), canonical(plain));
  EXPECT_THAT(canonical(plain), ::testing::MatchesRegex("--tuning=[0-9a-f]{16}"));
  EXPECT_EQ(CanonicalTuning({}), "");
}

TEST(TuningFileTest, WhatIsNoRuleIsToldByPlace) {
  auto refused = [](const char* json, const char* message) {
    EXPECT_THAT(ParseTuning(json, "t.json"),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(message)));
  };
  refused("{}", "t.json is an object");
  refused("[1]", "t.json: rule 1 is the number 1, expected an object");
  refused(R"([{"dispatch": "a", "level": "l", "rows": 1}, {"level": "l", "rows": 1}])",
          "t.json: rule 2 has no dispatch (or kernel)");
  refused(R"([{"dispatch": "a", "rows": 1}])", "rule 1 has no level");
  refused(R"([{"dispatch": "a", "level": "l"}])", "rule 1 has no number");
  refused(
      R"([{"dispatch": "a", "level": "l", "row": 1}])",
      "rule 1: unknown key \"row\", did you mean rows?; known keys are dispatch, kernel, level, "
      "rows, blocks, few_rows, few_blocks, prefetch_lines");
  refused(R"([{"dispatch": "a", "level": "l", "rows": "8"}])",
          "rule 1: rows is the string \"8\", expected a whole number");
  refused(R"([{"dispatch": "", "level": "l", "rows": 1}])", "rule 1: dispatch is the string \"\"");
  refused(R"([{"dispatch": "a", "level": "l", "rows": 1, "rows": 2}])", "rows");
  EXPECT_THAT(ReadTuning("/no/such.json"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("/no/such.json")));
}

}  // namespace
}  // namespace lathe
