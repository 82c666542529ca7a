#include "tools/common/progress_line.h"

#include <fcntl.h>
#include <unistd.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "runtime/base/check.h"

namespace lathe {
namespace {

using ::testing::HasSubstr;

// Sends stderr to a new terminal while it lives.
class StderrToTerminal {
 public:
  StderrToTerminal() : terminal_(::posix_openpt(O_RDWR | O_NOCTTY)), saved_(::dup(STDERR_FILENO)) {
    LATHE_CHECK(terminal_ >= 0 && ::grantpt(terminal_) == 0 && ::unlockpt(terminal_) == 0);
    screen_ = ::open(::ptsname(terminal_), O_WRONLY | O_NOCTTY);
    LATHE_CHECK(screen_ >= 0 && ::dup2(screen_, STDERR_FILENO) == STDERR_FILENO);
  }
  ~StderrToTerminal() {
    ::dup2(saved_, STDERR_FILENO);
    for (int fd : {screen_, terminal_, saved_}) ::close(fd);
  }
  // What stands there now; waits for the first byte.
  std::string Read() const {
    char bytes[1000];
    ssize_t size = ::read(terminal_, bytes, sizeof(bytes));
    return std::string(bytes, size > 0 ? static_cast<size_t>(size) : 0);
  }

 private:
  int terminal_, saved_, screen_ = -1;
};

TEST(ProgressLineTest, NothingWhereThereIsNoTerminal) {
  ::testing::internal::CaptureStderr();
  {
    ProgressLine progress("packing weights");
    progress.Update(1, 2);
    progress.Update(2, 2);
  }
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

TEST(ProgressLineTest, ALineThatIsRewrittenAndThenGone) {
  StderrToTerminal terminal;
  {
    ProgressLine progress("packing weights");
    progress.Update(1 << 20, 4 << 20);
    progress.Update(2 << 20, 4 << 20);  // sooner than a tenth of a second: not drawn
    EXPECT_THAT(terminal.Read(),
                HasSubstr("\r\033[Kpacking weights  25 %  1.00 MiB of 4.00 MiB, "));
  }
  EXPECT_EQ(terminal.Read(), "\r\033[K");
}

TEST(ProgressLineTest, WordsAreClearedAndDrawnAgain) {
  StderrToTerminal terminal;
  ProgressLine progress("requests:");
  progress.Clear();  // of nothing
  progress.Show("1 done");
  EXPECT_EQ(terminal.Read(), "\r\033[Krequests: 1 done");
  progress.Clear();
  EXPECT_EQ(terminal.Read(), "\r\033[K");
}

TEST(ProgressLineTest, ItMayBeUnwanted) {
  StderrToTerminal terminal;
  ProgressLine("requests:", ProgressLine::kNever).Show("1 done");
  ProgressLine("requests:").Show("2 done");
  EXPECT_THAT(terminal.Read(), ::testing::StartsWith("\r\033[Krequests: 2 done"));
}

TEST(ProgressLineTest, NothingToDoIsDone) {
  StderrToTerminal terminal;
  ProgressLine progress("packing weights");
  progress.Update(0, 0);
  EXPECT_THAT(terminal.Read(), HasSubstr("100 %"));
}

}  // namespace
}  // namespace lathe
