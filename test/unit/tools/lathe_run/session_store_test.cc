#include "tools/lathe_run/session_store.h"

#include "nlohmann/json.hpp"
#include "test/support/data.h"
#include "test/support/status_matchers.h"
#include "test/unit/tools/lathe_run/toy_text.h"

namespace lathe {
namespace {

using ::lathe::testing::ProcessResult;
using ::lathe::testing::RunLathe;
using ::lathe::testing::ToyTextModel;
using ::lathe::testing::WriteToyModel;
using ::testing::HasSubstr;

// All through the real program.
class SessionStoreTest : public ::testing::Test {
 protected:
  static nlohmann::json JsonOf(const ProcessResult& run) {
    EXPECT_EQ(run.exit_code, 0) << run.err;
    return nlohmann::json::parse(run.out, nullptr, false);
  }
  ProcessResult Run(const std::string& prompt, std::vector<std::string> words) const {
    words.insert(words.begin(), {model_, "--raw", "--json", "--ignore-eos", "--max-new-tokens=20",
                                 "--prompt", prompt});
    return RunLathe(std::move(words));
  }
  void ExpectRefused(const ProcessResult& run, const std::string& message) const {
    EXPECT_EQ(run.exit_code, 1);
    EXPECT_EQ(run.out, "");
    EXPECT_THAT(run.err, HasSubstr(file_));
    EXPECT_THAT(run.err, HasSubstr(message));
    EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 1) << run.err;
  }

  std::string model_ = WriteToyModel(ToyTextModel());
  std::string file_ = testing::TempDir() + "/s.session";
  std::string text_ = std::string(150, 'a') + "bc";
};

TEST_F(SessionStoreTest, AnotherProcessGoesOn) {
  const nlohmann::json uncut = JsonOf(Run(text_ + "def", {}));
  const std::string save = "--save-session=" + file_;
  const std::string load = "--load-session=" + file_;
  EXPECT_EQ(JsonOf(Run(text_, {save}))["usage"]["reused"], 0);
  const ProcessResult run = Run(text_ + "def", {load});
  EXPECT_EQ(JsonOf(run)["ids"], uncut["ids"]);
  EXPECT_EQ(JsonOf(run)["usage"]["reused"], 128) << "whole pages of 64 tokens";
  EXPECT_EQ(run.err, "") << "nothing to tell";

  // Written again by the run that read it, and longer.
  EXPECT_EQ(JsonOf(Run(text_ + std::string(50, 'x'), {load, save}))["usage"]["reused"], 128);
  EXPECT_EQ(JsonOf(Run(text_ + std::string(50, 'x') + "y", {load}))["usage"]["reused"], 192);
}

TEST_F(SessionStoreTest, TheSameRunWritesTheSameBytes) {
  JsonOf(Run(text_, {"--save-session=" + file_, "--threads=1"}));
  const std::string first = testing::ReadFileOrDie(file_);
  JsonOf(Run(text_, {"--save-session=" + file_, "--threads=3"}));
  EXPECT_TRUE(testing::ReadFileOrDie(file_) == first);
}

TEST_F(SessionStoreTest, WhatIsOfNoUseIsTold) {
  const nlohmann::json cold = JsonOf(Run("other", {}));
  JsonOf(Run(text_, {"--save-session=" + file_}));
  ProcessResult run = Run("other", {"--load-session=" + file_});
  EXPECT_EQ(JsonOf(run)["ids"], cold["ids"]);
  EXPECT_EQ(JsonOf(run)["usage"]["reused"], 0);
  EXPECT_THAT(run.err, HasSubstr(file_ + " no more than 0 of 128 tokens are of use: the prompt "
                                         "differs there"));
  run = Run(text_.substr(0, 70), {"--load-session=" + file_});
  EXPECT_EQ(JsonOf(run)["usage"]["reused"], 64);
  EXPECT_THAT(run.err,
              HasSubstr("no more than 70 of 128 tokens are of use: the prompt ends there"));
}

TEST_F(SessionStoreTest, ForeignAndDamagedFilesAreRefused) {
  const std::string load = "--load-session=" + file_;
  ExpectRefused(Run(text_, {load}), "cannot open");
  testing::WriteFileOrDie(file_, "my notes");
  ExpectRefused(Run(text_, {load}), "not a session file");
  JsonOf(Run(text_, {"--save-session=" + file_}));
  const std::string whole = testing::ReadFileOrDie(file_);
  testing::WriteFileOrDie(file_, whole.substr(0, whole.size() - 1));
  ExpectRefused(Run(text_, {load}), "(cut short)");
  std::string damaged = whole;
  damaged[whole.size() / 2] ^= 1;
  testing::WriteFileOrDie(file_, damaged);
  ExpectRefused(Run(text_, {load}), "the checksum of section 1 does not match");
  testing::WriteFileOrDie(file_, whole);
  ExpectRefused(RunLathe({model_, "--raw", "--prompt=a", "--context=100", load}),
                "the session has 128 tokens, but the context holds 100; raise --context");
  testing::ToyModelOptions other = ToyTextModel();
  other.stop_ids = {1};
  ExpectRefused(RunLathe({WriteToyModel(other), "--raw", "--prompt=a", load}),
                "made with another artifact");
}

TEST_F(SessionStoreTest, AChatGoesOnWithItsConversation) {
  auto chat = [this](const std::string& input, std::vector<std::string> words) {
    words.insert(words.begin(), {model_, "--chat", "--max-new-tokens=8"});
    ProcessResult run = RunLathe(words, {.stdin_text = input});
    EXPECT_EQ(run.exit_code, 0) << run.err;
    return run;
  };
  const std::string first = "what is the sum of all that was said until now?\n";
  const std::string second = "and now?\n";
  const std::string uncut = chat(first + second, {"--system=be brief"}).out;
  const std::string before = chat(first, {"--system=be brief", "--save-session=" + file_}).out;
  const ProcessResult after = chat(second, {"--load-session=" + file_});
  EXPECT_EQ(before + after.out, uncut);
  EXPECT_THAT(after.err, HasSubstr("reused 64 of "));
  ExpectRefused(RunLathe({model_, "--chat", "--system=x", "--load-session=" + file_}),
                "drop one of --system");
}

TEST_F(SessionStoreTest, WrongUse) {
  EXPECT_EQ(RunLathe({model_, "--check", "--save-session=" + file_}).exit_code, 2);
  EXPECT_EQ(Run("a", {"--n=2", "--save-session=" + file_}).exit_code, 2);
  const ProcessResult run = Run("a", {"--save-session=/no/such/folder/s"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_NE(run.out, "") << "the answer is there all the same";
}

}  // namespace
}  // namespace lathe
