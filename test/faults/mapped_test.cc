// An artifact that changes while a chat runs on it: a message that names it, or the old content.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "runtime/base/check.h"
#include "test/support/data.h"
#include "test/support/toy_model.h"
#include "test/unit/tools/lathe_run/toy_text.h"

namespace lathe {
namespace {

using ::testing::AllOf;
using testing::BinaryPath;
using ::testing::HasSubstr;

// A program with pipes on its input and output, and a file for its errors.
class LiveProcess {
 public:
  explicit LiveProcess(const std::vector<std::string>& words) {
    int in[2];
    int out[2];
    LATHE_CHECK(::pipe(in) == 0 && ::pipe(out) == 0) << "no pipes";
    child_ = ::fork();
    if (child_ == 0) {
      ::dup2(in[0], STDIN_FILENO);
      ::dup2(out[1], STDOUT_FILENO);
      for (int fd : {in[0], in[1], out[0], out[1]}) ::close(fd);
      if (::freopen(errors_.c_str(), "w", stderr) == nullptr) ::_exit(126);
      std::vector<char*> argv;
      for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
      argv.push_back(nullptr);
      ::execv(argv[0], argv.data());
      ::_exit(127);
    }
    ::close(in[0]);
    ::close(out[1]);
    input_ = in[1];
    output_ = out[0];
  }

  // A program that has ended already reads nothing, which End() tells.
  void Write(const std::string& text) {
    [[maybe_unused]] const ssize_t written = ::write(input_, text.data(), text.size());
  }
  // Waits until something is printed.
  std::string Read() {
    char buffer[4096];
    const ssize_t size = ::read(output_, buffer, sizeof(buffer));
    return std::string(buffer, size > 0 ? static_cast<size_t>(size) : 0);
  }
  // Ends the input and waits for the program: its exit code, or -1 after a signal.
  int End() {
    ::close(input_);
    while (!Read().empty()) {
    }
    ::close(output_);
    int status = 0;
    LATHE_CHECK(::waitpid(child_, &status, 0) == child_) << "lost";
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  std::string Errors() const { return testing::ReadFileOrDie(errors_); }

 private:
  pid_t child_;
  int input_ = -1;
  int output_ = -1;
  const std::string errors_ = testing::TempDir() + "/err";
};

class MappedTest : public ::testing::Test {
 protected:
  MappedTest() {
    model_ = testing::WriteToyModel(testing::ToyTextModel());
    std::signal(SIGPIPE, SIG_IGN);
  }
  std::vector<std::string> ChatWords() const {
    return {BinaryPath("lathe-run"), "run", model_, "--chat", "--max-new-tokens=4"};
  }

  std::string model_;
};

TEST_F(MappedTest, AFileCutShortIsNamed) {
  LiveProcess chat(ChatWords());
  chat.Write("hi\n");
  ASSERT_NE(chat.Read(), "");
  std::filesystem::resize_file(model_, 0);
  chat.Write("hi again\n");
  EXPECT_EQ(chat.End(), 1);
  EXPECT_THAT(chat.Errors(),
              AllOf(HasSubstr("lathe-run: " + model_ + ": byte "),
                    HasSubstr("cannot be read any more: the file was cut short or its disk failed "
                              "while it was in use; start again with the whole file")));
}

TEST_F(MappedTest, AFileThatIsReplacedByRenamingKeepsItsOldContent) {
  LiveProcess chat(ChatWords());
  chat.Write("hi\n");
  ASSERT_NE(chat.Read(), "");
  const std::string other = testing::TempDir() + "/other";
  testing::WriteFileOrDie(other, "something else");
  std::filesystem::rename(other, model_);
  chat.Write("hi again\n");
  EXPECT_EQ(chat.End(), 0) << chat.Errors();
}

}  // namespace
}  // namespace lathe
