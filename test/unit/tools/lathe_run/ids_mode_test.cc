#include "tools/lathe_run/ids_mode.h"

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "frontend/checkpoint/safetensors.h"
#include "test/support/data.h"
#include "test/support/status_matchers.h"
#include "test/unit/tools/lathe_run/toy_text.h"

namespace lathe {
namespace {

using ::lathe::testing::kToyVocab;
using ::lathe::testing::ProcessResult;
using ::lathe::testing::RunLathe;
using ::lathe::testing::TempFile;
using ::lathe::testing::ToyTokens;
using ::lathe::testing::WriteToyModel;
using ::testing::HasSubstr;

std::vector<int32_t> Prompt(size_t length) {
  std::vector<int32_t> prompt;
  for (size_t i = 0; i < length; ++i) prompt.push_back(static_cast<int32_t>((i * 37 + 11) % 250));
  return prompt;
}
std::string List(const std::vector<int32_t>& ids) {
  return absl::StrCat("[", absl::StrJoin(ids, ", "), "]");
}

// A file written by --dump-tensors.
class Dump {
 public:
  explicit Dump(const std::string& path) : file_(SafetensorsFile::Open(path)) {}
  std::vector<int64_t> Shape(absl::string_view name) const {
    const TensorView* tensor = file_.ok() ? file_->Find(name) : nullptr;
    return tensor == nullptr ? std::vector<int64_t>{} : tensor->shape;
  }
  std::vector<float> Values(absl::string_view name) const {
    if (!Has(name)) return {};
    const TensorView* tensor = file_->Find(name);
    std::vector<float> values(tensor->bytes.size() / sizeof(float));
    std::memcpy(values.data(), tensor->bytes.data(), tensor->bytes.size());
    return values;
  }
  bool Has(absl::string_view name) const { return file_.ok() && file_->Find(name) != nullptr; }

 private:
  absl::StatusOr<SafetensorsFile> file_;
};

TEST(IdsModeTest, ContinuesPastAnyEndToken) {
  std::vector<int32_t> expected = ToyTokens(Prompt(20), 100);
  testing::ToyModelOptions options{.padding_wins = false};
  options.stop_ids = {expected[0], expected[5]};
  std::string in = TempFile(
      "in.json", absl::StrCat("{\"prompt_ids\": ", List(Prompt(20)), ", \"max_new_tokens\": 100}"));
  ProcessResult run = RunLathe({WriteToyModel(options), "--ids", in, "--json"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, absl::StrCat("{\"greedy_ids\": ", List(expected), "}\n"));
  EXPECT_EQ(run.err, "");
  EXPECT_EQ(RunLathe({WriteToyModel(options), "--ids", in}).out,
            absl::StrJoin(expected, " ") + "\n");
}

TEST(IdsModeTest, DumpsLogitsLayerInputsAndStates) {
  for (const char* pieces : {"", ", \"pieces\": [64, 1, 2, 33]"}) {
    std::vector<int32_t> prompt = Prompt(100);
    std::string in = TempFile("in.json", absl::StrCat("{\"prompt_ids\": ", List(prompt),
                                                      ", \"max_new_tokens\": 5", pieces, "}"));
    std::string out = testing::TempDir() + "/out.safetensors";
    ProcessResult run = RunLathe(
        {WriteToyModel({.padding_wins = false}), "--ids", in, "--dump-tensors", out, "--json"});
    ASSERT_EQ(run.exit_code, 0) << run.err;
    Dump dump(out);
    EXPECT_EQ(dump.Shape("prefill_logits"), (std::vector<int64_t>{100, kToyVocab}));
    EXPECT_EQ(dump.Shape("greedy_logits"), (std::vector<int64_t>{5, kToyVocab}));
    std::vector<float> prefill = dump.Values("prefill_logits");
    std::vector<float> greedy = dump.Values("greedy_logits");
    EXPECT_TRUE(std::equal(prefill.end() - kToyVocab, prefill.end(), greedy.begin()))
        << "row 0 is the last prefill row";
    std::vector<int32_t> expected = ToyTokens(prompt, 5);
    for (size_t row = 0; row < 5; ++row) {
      EXPECT_EQ(greedy[row * kToyVocab + static_cast<size_t>(expected[row])], 0.0f)
          << "row i produced greedy_ids[i]";
      EXPECT_EQ(greedy[row * kToyVocab + 260], -1000.0f)
          << "logits of ids without a token stay as they are";
    }
    ASSERT_EQ(dump.Shape("layer_inputs"), (std::vector<int64_t>{3, 100, 3}));
    std::vector<float> inputs = dump.Values("layer_inputs");
    for (size_t i = 0; i < inputs.size(); i += 3) {
      size_t t = i / 3 % 100;
      ASSERT_EQ(inputs[i], static_cast<float>(prompt[t]));
      ASSERT_EQ(inputs[i + 1], static_cast<float>(t));
      ASSERT_EQ(inputs[i + 2], static_cast<float>(i / 300));
    }
    for (size_t layer = 0; layer < 2; ++layer) {
      ASSERT_EQ(dump.Shape(absl::StrCat("state.layer", layer, ".key")),
                (std::vector<int64_t>{2, 100, 4}));
      std::vector<float> keys = dump.Values(absl::StrCat("state.layer", layer, ".key"));
      std::vector<float> values = dump.Values(absl::StrCat("state.layer", layer, ".value"));
      for (size_t i = 0; i < keys.size(); ++i) {
        size_t t = i / 4 % 100;
        float mark = static_cast<float>(1000 * layer + 100 * (i / 400) + 10 * (i % 4));
        ASSERT_EQ(keys[i], static_cast<float>(prompt[t]) + mark);
        ASSERT_EQ(values[i], -static_cast<float>(t) - mark);
      }
    }
  }
}

TEST(IdsModeTest, WithoutProbesThereAreLogitsOnly) {
  std::string in = TempFile("in.json", R"({"prompt_ids": [1, 2], "max_new_tokens": 0})");
  std::string out = testing::TempDir() + "/out.safetensors";
  ProcessResult run = RunLathe(
      {WriteToyModel({.has_probes = false}), "--ids", in, "--dump-tensors", out, "--json"});
  EXPECT_EQ(run.out, "{\"greedy_ids\": []}\n") << run.err;
  Dump dump(out);
  EXPECT_EQ(dump.Shape("prefill_logits"), (std::vector<int64_t>{2, kToyVocab}));
  EXPECT_FALSE(dump.Has("layer_inputs"));
  EXPECT_FALSE(dump.Has("state.layer0.key"));
  EXPECT_FALSE(dump.Has("greedy_logits"));
}

TEST(IdsModeTest, IdsWithoutATokenMayBeChosenAsTheReferenceDoes) {
  std::string in = TempFile("in.json", R"({"prompt_ids": [1, 2], "max_new_tokens": 2})");
  EXPECT_EQ(RunLathe({WriteToyModel({}), "--ids", in, "--json"}).out,
            "{\"greedy_ids\": [259, 259]}\n");
}

TEST(IdsModeTest, ABatchEqualsItsPromptsAlone) {
  std::vector<std::vector<int32_t>> prompts = {Prompt(1), Prompt(7), Prompt(33), Prompt(70),
                                               Prompt(129)};
  std::vector<std::string> lists;
  std::vector<std::string> expected;
  for (const std::vector<int32_t>& prompt : prompts) {
    lists.push_back(List(prompt));
    expected.push_back(List(ToyTokens(prompt, 16)));
  }
  std::string in = TempFile(
      "in.json",
      absl::StrCat("{\"prompt_ids\": [", absl::StrJoin(lists, ", "), "], \"max_new_tokens\": 16}"));
  std::string out = testing::TempDir() + "/out.safetensors";
  ProcessResult run = RunLathe(
      {WriteToyModel({.padding_wins = false}), "--ids", in, "--dump-tensors", out, "--json"});
  EXPECT_EQ(run.out, absl::StrCat("{\"greedy_ids\": [", absl::StrJoin(expected, ", "), "]}\n"))
      << run.err;
  Dump dump(out);
  for (size_t i = 0; i < prompts.size(); ++i) {
    EXPECT_EQ(dump.Shape(absl::StrCat("last_logits.", i)), (std::vector<int64_t>{1, kToyVocab}));
    EXPECT_EQ(dump.Shape(absl::StrCat("greedy_logits.", i)), (std::vector<int64_t>{16, kToyVocab}));
    std::vector<float> last = dump.Values(absl::StrCat("last_logits.", i));
    std::vector<float> greedy = dump.Values(absl::StrCat("greedy_logits.", i));
    ASSERT_EQ(greedy.size(), 16 * kToyVocab);
    EXPECT_TRUE(std::equal(last.begin(), last.end(), greedy.begin()));
  }
  EXPECT_FALSE(dump.Has("layer_inputs"));
}

TEST(IdsModeTest, BadInputIsOneMessageAndNothingIsWritten) {
  std::string out = testing::TempDir() + "/out.safetensors";
  std::string model = WriteToyModel({});
  auto refused = [&](absl::string_view text, const char* message) {
    ProcessResult run =
        RunLathe({model, "--ids", TempFile("in.json", text), "--dump-tensors", out, "--json"});
    EXPECT_EQ(run.exit_code, 1);
    EXPECT_EQ(run.out, "");
    EXPECT_THAT(run.err, ::testing::AllOf(::testing::StartsWith("lathe-run: "),
                                          HasSubstr("in.json"), HasSubstr(message)));
    EXPECT_FALSE(std::filesystem::exists(out));
  };
  refused("{\"prompt_ids\": [1,", "in.json");
  refused(R"({"prompt_ids": [1, 264], "max_new_tokens": 1})",
          "prompt_ids[1] is 264, but the model's ids go from 0 to 263");
  refused(R"({"prompt_ids": [[1], [264]], "max_new_tokens": 1})", "prompt 1: prompt_ids[0] is 264");
  refused(R"({"prompt_ids": [1], "max_new_tokens": 300})",
          "1 tokens and 300 new ones are asked for, but the context holds 300");
  refused(R"({"prompt_ids": [1], "max_new_tokens": 9000000000000000000})", "the context holds 300");
  refused(R"({"prompt_ids": [[1], [2]], "max_new_tokens": 9000000000000000000})",
          "prompt 0: the prompt has 1 tokens");
  refused(R"({"prompt_ids": [1, 2], "max_new_tokens": 1, "pieces": [1000000000]})",
          "pieces[0] is 1000000000, but 2");
  refused(R"({"prompt_ids": [1, 2], "max_new_tokens": 1, "pieces": [3]})",
          "pieces[0] is 3, but 2 tokens");
  refused(R"({"prompt_ids": [1, 2], "max_new_tokens": 1, "piece": [2]})", "did you mean pieces?");
  ProcessResult run = RunLathe({model, "--ids", "/nowhere/in.json"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("/nowhere/in.json"));
  run =
      RunLathe({model, "--ids", TempFile("in.json", R"({"prompt_ids": [1], "max_new_tokens": 1})"),
                "--dump-tensors", "/nowhere/out.safetensors"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.out, "");
  EXPECT_THAT(run.err, HasSubstr("/nowhere/out.safetensors"));
}

}  // namespace
}  // namespace lathe
