#include "runtime/base/atomic_file.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

#include "test/support/data.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::HasSubstr;

TEST(AtomicFileTest, AppearsWholeOnCommit) {
  std::string dir = testing::TempDir();
  std::string path = dir + "/f";
  {
    LATHE_ASSERT_OK_AND_ASSIGN(AtomicFile file, AtomicFile::Create(path));
    LATHE_ASSERT_OK(file.Append("abc"));
    LATHE_ASSERT_OK(file.AlignTo(8));
    LATHE_ASSERT_OK(file.Append("d"));
    LATHE_ASSERT_OK(file.WriteAt(1, "X"));
    EXPECT_FALSE(std::filesystem::exists(path));
    EXPECT_EQ(file.size(), 9u);
    AtomicFile moved = std::move(file);
    LATHE_ASSERT_OK(moved.Commit());
  }
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir), {}), 1);
  EXPECT_EQ(testing::ReadFileOrDie(path), std::string("aXc\0\0\0\0\0d", 9));
}

TEST(AtomicFileTest, WithoutCommitNothingChanges) {
  std::string dir = testing::TempDir();
  std::string path = dir + "/f";
  testing::WriteFileOrDie(path, "old");
  {
    LATHE_ASSERT_OK_AND_ASSIGN(AtomicFile file, AtomicFile::Create(path));
    LATHE_ASSERT_OK(file.Append("new"));
  }
  EXPECT_EQ(testing::ReadFileOrDie(path), "old");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir), {}), 1);
}

// A limit on the size of files stands for a full disk.
TEST(AtomicFileTest, AFullDiskIsNamedAndLeavesNothing) {
  std::string dir = testing::TempDir();
  std::signal(SIGXFSZ, SIG_IGN);
  struct rlimit old = {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old), 0);
  struct rlimit limit = {.rlim_cur = 4096, .rlim_max = old.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  absl::Status status = WriteFileAtomically(dir + "/f", std::string(5000, 'x'));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &old), 0);
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("free some space")));
  EXPECT_TRUE(std::filesystem::is_empty(dir));
}

TEST(AtomicFileTest, AProcessThatIsKilledLeavesNothing) {
  std::string dir = testing::TempDir();
  int probe = ::open(dir.c_str(), O_RDWR | O_TMPFILE, 0600);
  if (probe < 0) GTEST_SKIP() << "this file system has no files without a name";
  ::close(probe);
  LATHE_ASSERT_OK_AND_ASSIGN(AtomicFile file, AtomicFile::Create(dir + "/f"));
  LATHE_ASSERT_OK(file.Append("x"));
  EXPECT_TRUE(std::filesystem::is_empty(dir));
}

// What an older process of the same number left behind is in nobody's way.
TEST(AtomicFileTest, ReplacesATemporaryFileThatWasLeft) {
  std::string path = testing::TempDir() + "/f";
  std::string left = path + "." + std::to_string(::getpid()) + ".partial";
  testing::WriteFileOrDie(left, "left");
  LATHE_ASSERT_OK(WriteFileAtomically(path, "new"));
  EXPECT_EQ(testing::ReadFileOrDie(path), "new");
  EXPECT_FALSE(std::filesystem::exists(left));
}

// Renaming over a device would take it away from the whole system.
TEST(AtomicFileTest, OnlyRegularFilesAreReplaced) {
  EXPECT_THAT(WriteFileAtomically("/dev/null", "x"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("cannot write /dev/null: it is no regular file")));
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
  std::string dir = testing::TempDir();
  EXPECT_THAT(WriteFileAtomically(dir, "x"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(dir + ": it is a folder")));
}

TEST(AtomicFileTest, NamesTheFolderThatIsMissing) {
  std::string path = testing::TempDir() + "/no/f";
  EXPECT_THAT(WriteFileAtomically(path, "x"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr(path)));
}

}  // namespace
}  // namespace lathe
