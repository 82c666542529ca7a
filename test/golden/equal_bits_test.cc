// What may not change a single bit: company in a batch, the pieces of a prompt, the number of
// threads, whether a row is read in a prompt or decoded, and whether keys and values are those of
// an earlier request.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "test/support/golden/artifact_run.h"
#include "test/support/golden/compare.h"
#include "test/support/golden/compile_folder.h"
#include "test/support/golden/golden_data.h"
#include "test/support/status_matchers.h"
#include "tools/lathe_run/session.h"

namespace lathe::testing {
namespace {

struct Variant {
  GoldenModel model;
  std::string precision;
  std::string cpu_level;
};

std::vector<Variant> Variants() {
  std::vector<Variant> variants;
  for (const GoldenModel& model : OwnGoldenModels()) {
    for (const char* precision : {"f32", "bf16"}) {
      for (const char* level : {"x86-64-v3", "x86-64-v4", "x86-64-v4-bf16"})
        variants.push_back({model, precision, level});
    }
  }
  return variants;
}

std::string VariantName(const ::testing::TestParamInfo<Variant>& info) {
  const Variant& variant = info.param;
  return absl::StrCat(variant.model.name, "_", variant.precision, "_",
                      LevelSuffix(variant.cpu_level));
}

class EqualBitsTest : public ::testing::TestWithParam<Variant> {
 protected:
  void SetUp() override {
    const Variant& variant = GetParam();
    if (!CanRunLevel(variant.cpu_level)) GTEST_SKIP() << "this CPU is below " << variant.cpu_level;
    LATHE_ASSERT_OK_AND_ASSIGN(artifact_, CompiledModel(*variant.model.folder, variant.precision));
  }

  absl::StatusOr<std::vector<PromptRun>> Run(RunSpec spec) {
    spec.cpu_level = GetParam().cpu_level;
    return RunArtifact(artifact_, spec);
  }
  absl::StatusOr<GoldenCase> Case(const std::string& name) {
    return ReadGoldenCase(*GetParam().model.folder, name);
  }

  std::string artifact_;
};

TEST_P(EqualBitsTest, ABatchIsEachPromptAlone) {
  LATHE_ASSERT_OK_AND_ASSIGN(GoldenCase golden, Case("batch"));
  const int64_t num_new = golden.max_new_tokens();
  LATHE_ASSERT_OK_AND_ASSIGN(std::vector<PromptRun> together,
                             Run({.prompts = golden.prompts, .max_new_tokens = num_new}));
  ASSERT_GE(together.size(), 2u);
  for (size_t i = 0; i < together.size(); ++i) {
    LATHE_ASSERT_OK_AND_ASSIGN(std::vector<PromptRun> alone,
                               Run({.prompts = {golden.prompts[i]}, .max_new_tokens = num_new}));
    ExpectSameBits(together[i], alone[0], absl::StrCat("prompt ", i));
  }
}

TEST_P(EqualBitsTest, PiecesAreOneShot) {
  LATHE_ASSERT_OK_AND_ASSIGN(GoldenCase golden, Case("long"));
  const auto length = static_cast<int64_t>(golden.prompts[0].size());
  LATHE_ASSERT_OK_AND_ASSIGN(
      std::vector<PromptRun> whole,
      Run({.prompts = golden.prompts, .max_new_tokens = 4, .pieces = {length}}));
  // As the case lists them; a page of 64 and its neighbours; token by token at the end.
  std::vector<std::vector<int64_t>> splits = {golden.pieces, {}, {64, length - 64}};
  splits.push_back({63, 2, length - 65});
  splits.push_back({1, length - 1});
  splits.push_back({length - 3, 1, 1, 1});
  for (const std::vector<int64_t>& pieces : splits) {
    LATHE_ASSERT_OK_AND_ASSIGN(
        std::vector<PromptRun> split,
        Run({.prompts = golden.prompts, .max_new_tokens = 4, .pieces = pieces}));
    ExpectSameBits(split[0], whole[0], absl::StrCat(pieces.size(), " pieces"));
  }
}

TEST_P(EqualBitsTest, AnyNumberOfThreads) {
  LATHE_ASSERT_OK_AND_ASSIGN(GoldenCase golden, Case("batch"));
  RunSpec spec{.prompts = golden.prompts, .max_new_tokens = 4, .threads = 1};
  LATHE_ASSERT_OK_AND_ASSIGN(std::vector<PromptRun> one, Run(spec));
  for (int threads : {2, 3}) {
    spec.threads = threads;
    LATHE_ASSERT_OK_AND_ASSIGN(std::vector<PromptRun> more, Run(spec));
    for (size_t i = 0; i < one.size(); ++i)
      ExpectSameBits(more[i], one[i], absl::StrCat(threads, " threads, prompt ", i));
  }
}

TEST_P(EqualBitsTest, DecodedRowsAreRowsOfAPrompt) {
  LATHE_ASSERT_OK_AND_ASSIGN(GoldenCase golden, Case("short"));
  LATHE_ASSERT_OK_AND_ASSIGN(std::vector<PromptRun> decoded,
                             Run({.prompts = golden.prompts, .max_new_tokens = 16}));
  std::vector<int32_t> text = golden.prompts[0];
  const size_t num_prompt = text.size();
  text.insert(text.end(), decoded[0].tokens.begin(), decoded[0].tokens.end());
  LATHE_ASSERT_OK_AND_ASSIGN(std::vector<PromptRun> read,
                             Run({.prompts = {text}, .max_new_tokens = 1}));
  // Row i of the decoded logits chose token i: it is the row of the token before.
  const size_t vocab = read[0].prompt_logits.size() / text.size();
  absl::Span<const float> rows(read[0].prompt_logits);
  ExpectSameBits(decoded[0].token_logits, rows.subspan((num_prompt - 1) * vocab, 16 * vocab),
                 "decoded logits");
}

// The second turn of a conversation goes on from pages that the first read and decoded; the same
// turn again from its own.
TEST_P(EqualBitsTest, ReusedPagesAreComputedOnes) {
  LATHE_ASSERT_OK_AND_ASSIGN(GoldenCase golden, Case("long"));
  const std::vector<int32_t>& prompt = golden.prompts[0];
  auto session = Session::Open({.artifact = artifact_, .cpu_level = GetParam().cpu_level}).value();
  const auto num_prompt = static_cast<int64_t>(prompt.size());
  LATHE_ASSERT_OK_AND_ASSIGN(
      Generator generator,
      session->MakeGenerator(std::nullopt, {num_prompt + 200, num_prompt + 200}));
  const int64_t num_new = std::min<int64_t>((generator.context() - num_prompt - 3) / 2, 70);
  auto run = [&](const std::vector<int32_t>& text, bool is_cold) {
    const int64_t id = generator
                           .Submit({.prompt = text,
                                    .max_new_tokens = num_new,
                                    .allow_padding_ids = true,
                                    .keep_prompt_logits = is_cold,
                                    .keep_token_logits = true})
                           .value();
    EXPECT_TRUE(generator.RunAll().ok());
    return *generator.Take(id);
  };
  const Result first = run(prompt, false);
  EXPECT_EQ(first.num_reused, 0);
  std::vector<int32_t> text = prompt;
  text.insert(text.end(), first.tokens.begin(), first.tokens.end());
  text.insert(text.end(), {1, 2, 3});
  const int64_t decoded = num_prompt + num_new - 1;
  const Result cold = run(text, true);
  EXPECT_EQ(cold.num_reused, 0);
  for (int turn = 0; turn < 2; ++turn) {
    const Result warm = run(text, false);
    EXPECT_GE(warm.num_reused, decoded / 64 * 64);
    EXPECT_EQ(warm.tokens, cold.tokens);
    ExpectSameBits(warm.token_logits, cold.token_logits, absl::StrCat("turn ", turn));
  }
}

INSTANTIATE_TEST_SUITE_P(Qwen3, EqualBitsTest, ::testing::ValuesIn(Variants()), VariantName);

}  // namespace
}  // namespace lathe::testing
