#include "tools/common/standard_output.h"

#include <fcntl.h>
#include <unistd.h>

#include "test/support/data.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::HasSubstr;

// Puts a file in the place of stdout while it lives.
class StdoutTo {
 public:
  explicit StdoutTo(const std::string& path) : saved_(::dup(STDOUT_FILENO)) {
    int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ::dup2(file, STDOUT_FILENO);
    ::close(file);
  }
  ~StdoutTo() {
    ::dup2(saved_, STDOUT_FILENO);
    ::close(saved_);
  }

 private:
  int saved_;
};

TEST(StandardOutputTest, WritesWhatItIsGiven) {
  std::string path = testing::TempDir() + "/out";
  {
    StdoutTo redirected(path);
    LATHE_EXPECT_OK(WriteStdout("a\0b"));
    LATHE_EXPECT_OK(WriteStdout(""));
    LATHE_EXPECT_OK(WriteStdout(std::string(100000, 'x')));
  }
  EXPECT_EQ(testing::ReadFileOrDie(path), "a" + std::string(100000, 'x'));
}

TEST(StandardOutputTest, AFullDiskIsAnError) {
  absl::Status status;
  {
    StdoutTo redirected("/dev/full");
    status = WriteStdout("text");
  }
  EXPECT_THAT(
      status,
      StatusIs(absl::StatusCode::kResourceExhausted,
               HasSubstr("cannot write the result to stdout: No space left on device; make room")));
}

TEST(StandardOutputTest, AClosedDescriptorIsAnError) {
  int saved = ::dup(STDOUT_FILENO);
  ::close(STDOUT_FILENO);
  absl::Status status = WriteStdout("text");
  ::dup2(saved, STDOUT_FILENO);
  ::close(saved);
  EXPECT_THAT(status,
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("Bad file descriptor")));
}

}  // namespace
}  // namespace lathe
