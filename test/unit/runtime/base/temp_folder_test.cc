#include "runtime/base/temp_folder.h"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <optional>

#include "test/support/data.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

TEST(TempFolderTest, GoesWithAllThatIsInIt) {
  std::string path;
  {
    LATHE_ASSERT_OK_AND_ASSIGN(TempFolder folder, TempFolder::Make());
    path = folder.path();
    struct stat info = {};
    ASSERT_EQ(::stat(path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777u, 0700u);
    testing::WriteFileOrDie(path + "/file", "x");
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(TempFolderTest, MovesWithItsOwner) {
  std::optional<TempFolder> kept;
  {
    LATHE_ASSERT_OK_AND_ASSIGN(TempFolder folder, TempFolder::Make());
    kept.emplace(std::move(folder));
  }
  EXPECT_TRUE(std::filesystem::exists(kept->path()));
}

TEST(TempFolderTest, FoldersThatCannotBeWrittenAreNamed) {
  const char* old = std::getenv("TMPDIR");
  const std::string saved = old == nullptr ? "" : old;
  ::setenv("TMPDIR", (testing::TempDir() + "/nowhere").c_str(), 1);
  EXPECT_THAT(TempFolder::Make(),
              testing::StatusIs(absl::StatusCode::kFailedPrecondition,
                                ::testing::HasSubstr("TMPDIR may name one that can be written")));
  old == nullptr ? ::unsetenv("TMPDIR") : ::setenv("TMPDIR", saved.c_str(), 1);
}

}  // namespace
}  // namespace lathe
