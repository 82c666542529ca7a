#include "runtime/base/atomic_file.h"

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
    LATHE_ASSERT_OK(file.Commit());
  }
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

TEST(AtomicFileTest, AFullDiskIsNamed) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full here";
  // /dev/full cannot be renamed over, but its temporary sibling cannot be made either: write
  // through a link instead.
  std::string dir = testing::TempDir();
  std::string path = dir + "/f";
  std::filesystem::create_symlink("/dev/full",
                                  path + "." + std::to_string(::getpid()) + ".partial");
  LATHE_ASSERT_OK_AND_ASSIGN(AtomicFile file, AtomicFile::Create(path));
  EXPECT_THAT(file.Append("x"),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("free some space")));
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
