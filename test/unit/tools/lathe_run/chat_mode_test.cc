// All through the real program, with messages in a pipe.
#include "tools/lathe_run/chat_mode.h"

#include <unistd.h>

#include "absl/strings/str_split.h"
#include "nlohmann/json.hpp"
#include "test/support/data.h"
#include "test/support/status_matchers.h"
#include "test/support/terminal.h"
#include "test/unit/tools/lathe_run/toy_text.h"

namespace lathe {
namespace {

using ::lathe::testing::ProcessResult;
using ::lathe::testing::RunLathe;
using ::lathe::testing::ToyTextModel;
using ::lathe::testing::ToyTokens;
using ::lathe::testing::WriteToyModel;
using ::testing::HasSubstr;
using ::testing::Not;

class ChatModeTest : public ::testing::Test {
 protected:
  ProcessResult Chat(const std::string& messages, std::vector<std::string> flags = {}) {
    flags.insert(flags.begin(), {model_, "--chat", "--max-new-tokens=8"});
    return RunLathe(flags, {.stdin_text = messages});
  }
  // A message as the template writes it.
  static std::string Turn(const std::string& role, const std::string& content) {
    return "<|im_start|>" + role + "\n" + content + "<|im_end|>\n";
  }
  // What the model answers to a rendered conversation.
  std::string Answer(const std::string& conversation) const {
    std::vector<int32_t> tokens =
        ToyTokens(tokenizer_.Encode(conversation + "<|im_start|>assistant\n"), 8);
    tokens.erase(std::find(tokens.begin(), tokens.end(), 257), tokens.end());
    return tokenizer_.Decode(tokens, {.skip_special = true});
  }
  // As it stands on stdout.
  static std::string Line(const std::string& answer) {
    return answer.empty() || answer.back() != '\n' ? answer + "\n" : answer;
  }

  Tokenizer tokenizer_ = testing::ToyTokenizer();
  std::string model_ = WriteToyModel(ToyTextModel());
};

TEST_F(ChatModeTest, EachAnswerKnowsTheConversation) {
  const std::string first = Turn("user", "hi");
  const std::string answer = Answer(first);
  const std::string second = first + Turn("assistant", answer) + Turn("user", "two\nlines");
  ProcessResult run = Chat("hi\n\ntwo\\\nlines");
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, Line(answer) + Line(Answer(second)));
  EXPECT_THAT(run.err, HasSubstr("speed: first token after "));
  EXPECT_THAT(run.err, Not(HasSubstr("> "))) << "no prompt where nobody types";
}

// Whole pages of what was read before are not read again: also not those of a conversation that
// begins anew in the same way.
TEST_F(ChatModeTest, OnlyNewTokensAreRead) {
  const std::string question(100, 'a');
  ProcessResult run = Chat(question + "\nagain\n/reset\n" + question + "\n/reset\nb\n");
  EXPECT_EQ(run.exit_code, 0) << run.err;
  std::vector<std::string> speeds = absl::StrSplit(run.err, "speed: ");
  ASSERT_EQ(speeds.size(), 5) << run.err;
  EXPECT_THAT(speeds[1], HasSubstr("(reused 0 of "));
  EXPECT_THAT(speeds[2], HasSubstr("(reused 64 of "));
  EXPECT_THAT(speeds[3], HasSubstr("(reused 64 of "));
  EXPECT_THAT(speeds[4], HasSubstr("(reused 0 of "));
}

TEST_F(ChatModeTest, ResetKeepsTheSystemMessage) {
  const std::string system = Turn("system", "be brief");
  ProcessResult run = Chat("a\n/reset\nb\n/exit\nnever read\n", {"--system=be brief"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out,
            Line(Answer(system + Turn("user", "a"))) + Line(Answer(system + Turn("user", "b"))));
  EXPECT_THAT(run.err, HasSubstr("the conversation starts anew"));
}

TEST_F(ChatModeTest, SavesTheConversation) {
  const std::string path = testing::TempDir() + "/chat file.json";
  ProcessResult run = Chat("/system\n//a\n/save " + path + "\n/save\n/save /nowhere/x\n");
  EXPECT_EQ(run.exit_code, 0) << run.err;
  for (const char* part : {"no command /system; /help lists them", "saved to ",
                           "/save needs the name of a file", "/nowhere/x"}) {
    EXPECT_THAT(run.err, HasSubstr(part));
  }
  const std::string answer = Answer(Turn("user", "/a"));
  const nlohmann::json saved =
      nlohmann::json::parse(testing::ReadFileOrDie(path), nullptr, /*allow_exceptions=*/false);
  EXPECT_EQ(saved["messages"],
            nlohmann::json::array({{{"role", "user"}, {"content", "/a"}},
                                   {{"role", "assistant"}, {"content", answer}}}));
}

TEST_F(ChatModeTest, HelpListsEveryCommand) {
  ProcessResult run = Chat("/help\n");
  EXPECT_EQ(run.out, "");
  for (const char* part :
       {"/reset", "/save FILE", "/help", "/exit", "backslash", "Ctrl-C", "'//'"}) {
    EXPECT_THAT(run.err, HasSubstr(part));
  }
}

TEST_F(ChatModeTest, AMessageThatDoesNotFitIsTakenBack) {
  ProcessResult run = Chat(std::string(400, 'x') + "\nhi\n");
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.err, HasSubstr("but the context holds 300 tokens (the most that this model was "
                                 "made for); shorten the prompt; or /reset"));
  EXPECT_EQ(run.out, Line(Answer(Turn("user", "hi"))));
}

TEST_F(ChatModeTest, TheLastAnswerTakesWhatRoomThereIs) {
  const std::string message(300 - 19 - 5, 'x');  // 19 of the template
  ProcessResult run = Chat(message + "\n");
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.err, HasSubstr("the answer ends because the context of 300 tokens is full"));
}

TEST_F(ChatModeTest, JsonIsALineForEachAnswer) {
  ProcessResult run = Chat("a\nb\n", {"--reasoning=json"});
  const size_t end = run.out.find('\n');
  ASSERT_NE(end, std::string::npos) << run.err;
  nlohmann::json first = nlohmann::json::parse(run.out.substr(0, end), nullptr, false);
  nlohmann::json second = nlohmann::json::parse(run.out.substr(end), nullptr, false);
  EXPECT_EQ(first["text"], Answer(Turn("user", "a")));
  EXPECT_EQ(first["reasoning"], "");
  EXPECT_GT(second["usage"]["prompt_tokens"], first["usage"]["prompt_tokens"]);
}

TEST_F(ChatModeTest, CtrlCEndsTheAnswerAndNotTheChat) {
  testing::ToyModelOptions options = ToyTextModel();
  options.stop_ids = {};
  artifact::Manifest manifest = testing::ToyManifest(options);
  manifest.set_max_context(1 << 24);  // more than it says in any test's time
  const std::string path = testing::TempDir() + "/chat.json";
  ProcessResult run =
      RunLathe({WriteToyModel(options, manifest), "--chat"},
               {.stdin_text = "hi\n/save " + path + "\n", .interrupts_after_output = true});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.err, HasSubstr("lathe-run: interrupted\nspeed: "));
  const nlohmann::json saved =
      nlohmann::json::parse(testing::ReadFileOrDie(path), nullptr, /*allow_exceptions=*/false);
  ASSERT_EQ(saved["messages"].size(), 2u);
  EXPECT_FALSE(saved["messages"][1]["content"].get<std::string>().empty())
      << "what was said is part of the conversation";
}

// What a person sees and types.
TEST_F(ChatModeTest, ATerminalShowsWhereToTypeAndWhatIsAnswered) {
  const std::string path = testing::TempDir() + "/chat.json";
  testing::Terminal terminal(
      {testing::BinaryPath("lathe-run"), "run", model_, "--chat", "--max-new-tokens=8"});
  ASSERT_TRUE(terminal.WaitFor("/help lists the commands\r\n> ")) << terminal.screen();
  terminal.Type("/help\n");
  ASSERT_TRUE(terminal.WaitFor("/reset")) << terminal.screen();
  ASSERT_TRUE(terminal.WaitFor("\r\n> ")) << terminal.screen();
  terminal.Type("first \\\n");
  ASSERT_TRUE(terminal.WaitFor("\r\n. ")) << terminal.screen();
  terminal.Type("second\n");
  ASSERT_TRUE(terminal.WaitFor("speed: ")) << terminal.screen();
  ASSERT_TRUE(terminal.WaitFor("\r\n> ")) << terminal.screen();
  terminal.Type("third\n");
  ASSERT_TRUE(terminal.WaitFor("speed: ")) << terminal.screen();
  ASSERT_TRUE(terminal.WaitFor("\r\n> ")) << terminal.screen();
  terminal.Type("/save " + path + "\n");
  ASSERT_TRUE(terminal.WaitFor("saved to ")) << terminal.screen();
  terminal.Type("/reset\n");
  ASSERT_TRUE(terminal.WaitFor("anew\r\n> ")) << terminal.screen();
  terminal.Type("\x04");
  EXPECT_EQ(terminal.WaitForEnd(), 0) << terminal.screen();
  EXPECT_EQ(terminal.screen().substr(terminal.screen().size() - 4), "> \r\n")
      << "the shell's prompt gets a line of its own";
  const nlohmann::json saved =
      nlohmann::json::parse(testing::ReadFileOrDie(path), nullptr, /*allow_exceptions=*/false);
  ASSERT_EQ(saved["messages"].size(), 4u);
  EXPECT_EQ(saved["messages"][0]["content"], "first \nsecond");
  EXPECT_EQ(saved["messages"][2]["content"], "third");
}

TEST_F(ChatModeTest, CtrlCInATerminalEndsTheAnswerAndTwiceTheChat) {
  testing::ToyModelOptions options = ToyTextModel();
  options.stop_ids = {};
  artifact::Manifest manifest = testing::ToyManifest(options);
  manifest.set_max_context(1 << 24);  // more than it says in any test's time
  testing::Terminal terminal(
      {testing::BinaryPath("lathe-run"), "run", WriteToyModel(options, manifest), "--chat"});
  ASSERT_TRUE(terminal.WaitFor("> ")) << terminal.screen();
  for (int i = 0; i < 2; ++i) {
    terminal.Type("hi\n");
    ASSERT_TRUE(terminal.WaitFor("hi\r\n")) << terminal.screen();
    ::usleep(100'000);  // inside the answer, or before: both end it
    terminal.Type("\x03");
    ASSERT_TRUE(terminal.WaitFor("interrupted\r\nspeed: ")) << terminal.screen();
    ASSERT_TRUE(terminal.WaitFor("\r\n> ")) << terminal.screen();
  }
  terminal.Type("unfinished\x03");
  ASSERT_TRUE(terminal.WaitFor("Ctrl-C again, or /exit, leaves\r\n> ")) << terminal.screen();
  terminal.Type("/help\n");
  ASSERT_TRUE(terminal.WaitFor("\r\n> ")) << terminal.screen();
  terminal.Type("\x03");
  ASSERT_TRUE(terminal.WaitFor("leaves\r\n> ")) << terminal.screen();
  terminal.Type("\x03");
  EXPECT_EQ(terminal.WaitForEnd(), 0) << terminal.screen();
}

TEST_F(ChatModeTest, WithoutATemplateThereIsNoChat) {
  testing::ToyModelOptions options = ToyTextModel();
  options.chat_template = "";
  ProcessResult run = RunLathe({WriteToyModel(options), "--chat"}, {.stdin_text = "hi\n"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("holds no chat template"));
}

TEST_F(ChatModeTest, AFullDiskEndsIt) {
  ProcessResult run =
      RunLathe({model_, "--chat"}, {.stdin_text = "hi\nhi\n", .stdout_path = "/dev/full"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("cannot write the result to stdout"));
}

}  // namespace
}  // namespace lathe
