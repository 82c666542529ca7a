// Compiled models against transformers: every golden checkpoint and case, in both precisions and on
// every feature level that this machine has.
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "test/support/golden/artifact_run.h"
#include "test/support/golden/compare.h"
#include "test/support/golden/compile_folder.h"
#include "test/support/golden/golden_data.h"
#include "test/support/status_matchers.h"
#include "test/support/tolerances.h"

namespace lathe::testing {
namespace {

struct Variant {
  GoldenModel model;
  std::string cpu_level;
};

std::vector<Variant> Variants() {
  std::vector<Variant> variants;
  for (const GoldenModel& model : AllGoldenModels()) {
    for (const char* level : {"x86-64-v3", "x86-64-v4", "x86-64-v4-bf16"})
      variants.push_back({model, level});
  }
  return variants;
}

std::string VariantName(const ::testing::TestParamInfo<Variant>& info) {
  return info.param.model.name + "_" + LevelSuffix(info.param.cpu_level);
}

class CompiledGoldenTest : public ::testing::TestWithParam<Variant> {
 protected:
  void SetUp() override {
    const Variant& variant = GetParam();
    if (!variant.model.folder) GTEST_SKIP() << "no shared data here: " << variant.model.name;
    if (!CanRunLevel(variant.cpu_level)) GTEST_SKIP() << "this CPU is below " << variant.cpu_level;
    LATHE_ASSERT_OK_AND_ASSIGN(cases_, ReadGoldenCases(*variant.model.folder));
    ASSERT_GE(cases_.size(), 3u);
  }

  absl::StatusOr<std::vector<PromptRun>> Run(const GoldenCase& golden, const char* precision) {
    LATHE_ASSIGN_OR_RETURN(std::string artifact,
                           CompiledModel(*GetParam().model.folder, precision));
    return RunArtifact(artifact, {.prompts = golden.prompts,
                                  .max_new_tokens = golden.max_new_tokens(),
                                  .cpu_level = GetParam().cpu_level});
  }

  std::vector<GoldenCase> cases_;
};

int64_t VocabSize(const GoldenCase& golden) {
  return golden.tensors.at(golden.is_batch ? "last_logits.0" : "prefill_logits").width();
}

// What a run kept under the name of a golden tensor.
absl::Span<const float> FindInRun(const std::vector<PromptRun>& runs, const GoldenCase& golden,
                                  const std::string& name) {
  if (name == "prefill_logits") return runs[0].prompt_logits;
  if (name == "greedy_logits") return runs[0].token_logits;
  for (size_t i = 0; i < runs.size(); ++i) {
    if (name == absl::StrCat("greedy_logits.", i)) return runs[i].token_logits;
    if (name == absl::StrCat("last_logits.", i)) {
      return absl::MakeConstSpan(runs[i].prompt_logits)
          .last(static_cast<size_t>(VocabSize(golden)));
    }
  }
  auto probe = runs[0].probes.find(name);
  return probe == runs[0].probes.end() ? absl::Span<const float>() : probe->second;
}

TEST_P(CompiledGoldenTest, F32EqualsEveryTensorAndGreedyId) {
  const GoldenTolerance tolerance = ToleranceOf(DType::kF32);
  for (const GoldenCase& golden : cases_) {
    LATHE_ASSERT_OK_AND_ASSIGN(std::vector<PromptRun> runs, Run(golden, "f32"));
    for (size_t i = 0; i < runs.size(); ++i)
      EXPECT_EQ(runs[i].tokens, golden.greedy_ids[i]) << golden.name << ", prompt " << i;
    for (const auto& [name, expected] : golden.tensors) {
      const std::string what = golden.name + ": " + name;
      absl::Span<const float> actual = FindInRun(runs, golden, name);
      bool is_state = absl::StartsWith(name, "state.");
      ExpectNear(actual, expected.floats(), is_state ? tolerance.state_max_abs : tolerance.max_abs,
                 what);
      if (!absl::StrContains(name, "logits") || actual.size() != expected.floats().size()) continue;
      Divergence found =
          Diverge(actual, expected.floats(), expected.width(), tolerance.argmax_margin);
      EXPECT_LE(found.mean_kl, tolerance.MeanKl(0)) << what;
      EXPECT_EQ(found.argmax_agreement, 1.0) << what;
    }
  }
}

TEST_P(CompiledGoldenTest, BF16LosesNoMoreThanTheReferenceDoes) {
  const GoldenTolerance tolerance = ToleranceOf(DType::kBF16);
  int num_judged = 0;
  for (const GoldenCase& golden : cases_) {
    if (!golden.bf16_loss) continue;
    LATHE_ASSERT_OK_AND_ASSIGN(std::vector<PromptRun> runs, Run(golden, "bf16"));
    const HostTensor& expected = golden.tensors.at("prefill_logits");
    ASSERT_EQ(runs[0].prompt_logits.size(), expected.floats().size()) << golden.name;
    Divergence found = Diverge(runs[0].prompt_logits, expected.floats(), expected.width(),
                               tolerance.argmax_margin);
    EXPECT_LE(found.mean_kl, tolerance.MeanKl(golden.bf16_loss->mean_kl)) << golden.name;
    EXPECT_GE(found.argmax_agreement, golden.bf16_loss->argmax_agreement - tolerance.argmax_loss)
        << golden.name;
    ++num_judged;
  }
  EXPECT_GE(num_judged, 2);
}

INSTANTIATE_TEST_SUITE_P(Qwen3, CompiledGoldenTest, ::testing::ValuesIn(Variants()), VariantName);

}  // namespace
}  // namespace lathe::testing
