#include "runtime/base/mapped_file.h"

#include <sys/stat.h>

#include "test/support/data.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::HasSubstr;

TEST(MappedFileTest, ShowsTheBytesOfAFile) {
  std::string path = testing::TempDir() + "/f";
  testing::WriteFileOrDie(path, "hello");
  LATHE_ASSERT_OK_AND_ASSIGN(MappedFile file, MappedFile::Open(path));
  EXPECT_EQ(file.bytes(), "hello");
  file.Prefetch(0, 100);
  MappedFile moved = std::move(file);
  EXPECT_EQ(moved.bytes(), "hello");
}

TEST(MappedFileTest, EmptyFileIsEmpty) {
  std::string path = testing::TempDir() + "/f";
  testing::WriteFileOrDie(path, "");
  LATHE_ASSERT_OK_AND_ASSIGN(MappedFile file, MappedFile::Open(path));
  EXPECT_TRUE(file.bytes().empty());
}

TEST(MappedFileTest, NamesWhatIsMissingOrNotAFile) {
  std::string dir = testing::TempDir();
  EXPECT_THAT(MappedFile::Open(dir + "/none"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr(dir + "/none")));
  EXPECT_THAT(MappedFile::Open(dir),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not a regular file")));
  // Nobody writes to the pipe: it is not waited for.
  const std::string pipe = dir + "/pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THAT(MappedFile::Open(pipe),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not a regular file")));
}

TEST(ReadFileTest, RefusesFilesOverTheLimit) {
  std::string path = testing::TempDir() + "/f";
  testing::WriteFileOrDie(path, "hello");
  LATHE_ASSERT_OK_AND_ASSIGN(std::string text, ReadFile(path));
  EXPECT_EQ(text, "hello");
  EXPECT_THAT(ReadFile(path, 4),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("the limit is 4 B")));
}

}  // namespace
}  // namespace lathe
