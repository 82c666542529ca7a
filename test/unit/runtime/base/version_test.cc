#include "runtime/base/version.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "runtime/base/strings.h"
#include "test/support/data.h"

namespace lathe {
namespace {

TEST(VersionTest, IsTheOneOfTheProject) {
  EXPECT_THAT(testing::ReadFileOrDie(testing::SourcePath("CMakeLists.txt")),
              ::testing::HasSubstr(absl::StrCat("project(lathe VERSION ", LatheVersion(), " ")));
}

TEST(VersionTest, NamesTheCompilerAndItsVersion) {
  EXPECT_THAT(BuiltBy(), ::testing::MatchesRegex("(clang|gcc) [0-9]+\\.[0-9]+\\.[0-9]+"));
}

}  // namespace
}  // namespace lathe
