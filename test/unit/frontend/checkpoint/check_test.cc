#include "frontend/checkpoint/check.h"

#include <chrono>

#include "test/support/status_matchers.h"
#include "test/unit/frontend/checkpoint/named_tensors.h"

namespace lathe {
namespace {

using ::lathe::testing::NamedTensors;
using ::lathe::testing::StatusIs;
using ::testing::HasSubstr;
using Kind = CheckProblem::Kind;

TEST(CheckTest, AllIsWell) {
  NamedTensors source;
  source.Add("a", DType::kBF16, {2, 3}, std::string(12, '\0'));
  source.Add("layers.0.rotary_emb.inv_freq", DType::kF32, {1}, "1234");
  CheckReport report = CheckTensors(
      source, {{"a", {2, 3}, {DType::kBF16, DType::kF32}}, {"b", {1}, {}, /*is_optional=*/true}},
      {.ignorable = {"*.rotary_emb.inv_freq"}, .scan_values = true});
  EXPECT_TRUE(report.ok());
  LATHE_EXPECT_OK(report.ToStatus());
  EXPECT_EQ(report.num_tensors, 1u);
  EXPECT_EQ(report.num_bytes, 12u);
  EXPECT_EQ(report.Text(), "1 tensors, 12 B: no problems\n");
}

TEST(CheckTest, ReportsEverythingAtOnce) {
  NamedTensors source;
  source.Add("model.layers.0.mlp.up_proj.weight", DType::kBF16, {512, 4}, std::string(4096, '\0'));
  source.Add("model.layers.0.mlp.down.weight", DType::kBF16, {1}, std::string(2, '\0'));
  source.Add("model.norm.weight", DType::kI8, {4}, std::string(4, '\0'));
  source.Add("model.bad.weight", DType::kF32, {2, 2},
             std::string("\0\0\0\0\0\0\0\0\0\0\x80\x7f\0\0\xc0\x7f", 16));
  source.Add("zzz", DType::kU8, {1}, "x");
  CheckReport report =
      CheckTensors(source,
                   {{"model.layers.0.mlp.up_proj.weight", {768, 4}, {}, false, "intermediate_size"},
                    {"model.layers.0.mlp.down_proj.weight", {1}, {}},
                    {"model.norm.weight", {4}, {DType::kBF16, DType::kF32}},
                    {"model.bad.weight", {2, 2}, {DType::kF32}},
                    {"lm_head.weight", {1}, {}, /*is_optional=*/true},
                    {"nothing.like.this", {1}, {}}},
                   {.scan_values = true});
  EXPECT_FALSE(report.ok());
  EXPECT_EQ(
      report.Text(),
      "3 tensors, 4.02 KiB: 7 problems\n"
      "missing (2):\n"
      "  folder: model.layers.0.mlp.down_proj.weight: is model.layers.0.mlp.down.weight meant?\n"
      "  folder: nothing.like.this\n"
      "unexpected (2):\n"
      "  file of model.layers.0.mlp.down.weight: model.layers.0.mlp.down.weight: [1] BF16\n"
      "  file of zzz: zzz: [1] U8\n"
      "wrong shape (1):\n"
      "  file of model.layers.0.mlp.up_proj.weight: model.layers.0.mlp.up_proj.weight: shape [512, "
      "4], expected "
      "[768, 4] (intermediate_size)\n"
      "wrong type (1):\n"
      "  file of model.norm.weight: model.norm.weight: type I8, expected BF16 or F32\n"
      "not finite (1):\n"
      "  file of model.bad.weight: model.bad.weight: 2 of 4 values are not finite, the first is "
      "infinite at [1, 0]\n");
  EXPECT_THAT(report.ToStatus(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("7 problems")));
}

TEST(CheckTest, ValuesAreReadOnRequestOnly) {
  NamedTensors source;
  source.Add("a", DType::kBF16, {2}, "\xff\xff\xff\xff");
  EXPECT_TRUE(CheckTensors(source, {{"a", {2}, {}}}).ok());
  CheckReport report = CheckTensors(source, {{"a", {2}, {}}}, {.scan_values = true});
  ASSERT_EQ(report.problems.size(), 1u);
  EXPECT_EQ(report.problems[0].kind, Kind::kNotFinite);
  EXPECT_EQ(report.problems[0].text, "2 of 2 values are not finite, the first is NaN at [0]");
}

TEST(CheckTest, UnusedTensorsMayBeWarnings) {
  NamedTensors source({"a"});
  CheckReport report = CheckTensors(source, {}, {.allow_unused = true});
  EXPECT_TRUE(report.ok());
  EXPECT_EQ(report.Text(),
            "0 tensors, 0 B: no problems\nwarning: unexpected (1):\n  file of a: a: [1] U8\n");
}

TEST(CheckTest, LongListsAreCut) {
  std::vector<ExpectedTensor> expected;
  for (int i = 0; i < 25; ++i) expected.push_back({absl::StrCat("t", i), {1}, {}});
  const std::string text = CheckTensors(NamedTensors(), expected).Text(3);
  EXPECT_EQ(text,
            "0 tensors, 0 B: 25 problems\nmissing (25):\n  folder: t0\n  folder: t1\n  folder: "
            "t2\n  and 22 more\n");
}

TEST(CheckTest, AnotherModelsCheckpointIsToldQuickly) {
  std::vector<std::string> names;
  std::vector<ExpectedTensor> expected;
  for (int i = 0; i < 20000; ++i) {
    names.push_back(absl::StrCat("transformer.h.", i, ".attn.c_attn.weight.of.another.model"));
    expected.push_back({absl::StrCat("model.layers.", i, ".self_attn.q_proj.weight"), {1}, {}});
  }
  NamedTensors source(names);
  const auto begin = std::chrono::steady_clock::now();
  CheckReport report = CheckTensors(source, expected);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  EXPECT_EQ(report.problems.size(), 40000u);
  EXPECT_LT(seconds.count(), 20.0);  // all pairs would take minutes
}

TEST(CheckTest, Patterns) {
  EXPECT_TRUE(MatchesPattern("model.visual.x", "model.visual.*"));
  EXPECT_TRUE(MatchesPattern("a.rotary_emb.inv_freq", "*.rotary_emb.inv_freq"));
  EXPECT_TRUE(MatchesPattern("abcbc", "a*bc"));
  EXPECT_TRUE(MatchesPattern("abc", "*"));
  EXPECT_TRUE(MatchesPattern("", "**"));
  EXPECT_TRUE(MatchesPattern("a.b", "a.b"));
  EXPECT_FALSE(MatchesPattern("a.b", "a.c"));
  EXPECT_FALSE(MatchesPattern("a.b.c", "a.b"));
  EXPECT_FALSE(MatchesPattern("a", "a.b"));
  EXPECT_FALSE(MatchesPattern("model.x", "mtp.*"));
}

}  // namespace
}  // namespace lathe
