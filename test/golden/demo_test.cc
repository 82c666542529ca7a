// The demo checkpoint adds numbers: compiled as its folder asks and asked in chat, it answers
// questions that it was not trained on, with weights in int8 and int4 too.
#include <memory>
#include <string>
#include <vector>

#include "nlohmann/json.hpp"
#include "test/support/data.h"
#include "test/support/golden/compile_folder.h"
#include "test/support/process.h"
#include "test/support/status_matchers.h"
#include "tools/lathe_run/prompt.h"
#include "tools/lathe_run/session.h"

namespace lathe::testing {
namespace {

constexpr int64_t kMaxNewTokens = 32;

struct Question {
  std::string text;
  std::vector<int32_t> prompt_ids;
  std::string answer;
};

std::vector<Question> ReadQuestions() {
  auto list = nlohmann::json::parse(ReadFileOrDie(SourcePath("test/data/demo/questions.json")),
                                    nullptr, /*allow_exceptions=*/false);
  std::vector<Question> questions;
  for (const nlohmann::json& entry : list) {
    questions.push_back({entry["messages"][0]["content"].get<std::string>(),
                         entry["prompt_ids"].get<std::vector<int32_t>>(),
                         entry["answer"].get<std::string>()});
  }
  return questions;
}

// The texts that follow the prompts, up to a stop id of the artifact.
absl::StatusOr<std::vector<std::string>> Answer(Session& session, const Tokenizer& tokenizer,
                                                const std::vector<Question>& questions) {
  std::vector<int64_t> lengths;
  for (const Question& question : questions)
    lengths.push_back(static_cast<int64_t>(question.prompt_ids.size()) + kMaxNewTokens);
  LATHE_ASSIGN_OR_RETURN(Generator generator, session.MakeGenerator(std::nullopt, lengths));
  const auto& stop_ids = session.artifact().manifest().generation().stop_ids();
  std::vector<int64_t> ids;
  for (const Question& question : questions) {
    LATHE_ASSIGN_OR_RETURN(int64_t id,
                           generator.Submit({.prompt = question.prompt_ids,
                                             .max_new_tokens = kMaxNewTokens,
                                             .stop_ids = {stop_ids.begin(), stop_ids.end()}}));
    ids.push_back(id);
  }
  LATHE_RETURN_IF_ERROR(generator.RunAll());
  std::vector<std::string> texts;
  for (int64_t id : ids) {
    Result result = *generator.Take(id);
    LATHE_RETURN_IF_ERROR(result.status);
    texts.push_back(tokenizer.Decode(result.tokens, {.skip_special = true}));
  }
  return texts;
}

// The answer stands after the reasoning, where there is one.
bool IsRight(std::string text, const std::string& answer) {
  constexpr char kEnd[] = "</think>";
  size_t end = text.find(kEnd);
  if (end != std::string::npos) text = text.substr(end + sizeof(kEnd) - 1);
  size_t begin = text.find_first_not_of(" \n");
  size_t last = text.find_last_not_of(" \n");
  return begin != std::string::npos && text.substr(begin, last - begin + 1) == answer;
}

// The parameter is how weights are stored; "" = as the folder asks.
class DemoTest : public ::testing::TestWithParam<std::string> {};

TEST_P(DemoTest, AnswersHeldOutQuestions) {
  const std::string artifact = TempDir() + "/demo.lathe";
  LATHE_ASSERT_OK(CompileFolder(
      {.folder = SourcePath("test/data/demo"), .storage = {.weights = GetParam()}}, artifact));
  LATHE_ASSERT_OK_AND_ASSIGN(std::unique_ptr<Session> session,
                             Session::Open({.artifact = artifact}));
  EXPECT_EQ(session->artifact().manifest().precision(), "bf16");
  LATHE_ASSERT_OK_AND_ASSIGN(Tokenizer tokenizer, session->LoadTokenizer());

  std::vector<Question> questions = ReadQuestions();
  ASSERT_EQ(questions.size(), 100u);
  LATHE_ASSERT_OK_AND_ASSIGN(PromptEncoder encoder, PromptEncoder::Create(session->artifact()));
  for (const Question& question : questions) {
    LATHE_ASSERT_OK_AND_ASSIGN(Prompt prompt, encoder.Encode({.prompt = question.text}, tokenizer));
    ASSERT_EQ(prompt.ids, question.prompt_ids) << question.text;
  }

  LATHE_ASSERT_OK_AND_ASSIGN(std::vector<std::string> texts,
                             Answer(*session, tokenizer, questions));
  int num_right = 0;
  std::string wrong;
  for (size_t i = 0; i < questions.size(); ++i) {
    if (IsRight(texts[i], questions[i].answer)) {
      ++num_right;
    } else {
      wrong += questions[i].text + " -> " + texts[i] + ", expected " + questions[i].answer + "\n";
    }
  }
  EXPECT_GE(num_right, 95) << wrong;
}

// The runner itself, as a person or a script would use it.
TEST(DemoChatTest, AnswersInAPipe) {
  const std::string artifact = TempDir() + "/demo.lathe";
  LATHE_ASSERT_OK(CompileFolder({.folder = SourcePath("test/data/demo")}, artifact));
  const std::string saved = TempDir() + "/chat.json";
  const ProcessResult run =
      RunProcess({BinaryPath("lathe-run"), "run", artifact, "--chat", "--reasoning=hide"},
                 {.stdin_text = "What is 393 + 835?\nWhat is 12 + 30?\n/save " + saved +
                                "\n/reset\nWhat is 347 + 589?\n/exit\n"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, "1228\n42\n936\n") << run.err;
  const auto messages = nlohmann::json::parse(ReadFileOrDie(saved), nullptr, false)["messages"];
  ASSERT_EQ(messages.size(), 4u);
  EXPECT_EQ(messages[3]["content"], "42");
}

INSTANTIATE_TEST_SUITE_P(Weights, DemoTest, ::testing::Values("", "int8", "int4"),
                         [](const auto& info) {
                           return info.param.empty() ? "as_stored" : info.param;
                         });

}  // namespace
}  // namespace lathe::testing
