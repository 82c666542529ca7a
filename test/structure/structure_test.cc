// The tree as it is keeps the rules of rules.h.
#include <array>
#include <cstdio>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "test/structure/rules.h"
#include "test/support/data.h"
#include "test/support/status_matchers.h"

namespace lathe::structure {
namespace {

using ::testing::IsEmpty;

class StructureTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    files_ = new std::vector<SourceFile>(ReadSourceTree(testing::SourcePath(".")));
  }
  static void TearDownTestSuite() { delete files_; }

  static std::map<std::string, std::string> Exceptions(absl::string_view name) {
    auto exceptions = ParseExceptions(
        testing::ReadFileOrDie(testing::SourcePath(absl::StrCat("test/structure/", name))));
    EXPECT_THAT(exceptions, testing::IsOk());
    return exceptions.value_or(std::map<std::string, std::string>{});
  }

  static void ExpectNone(const std::vector<std::string>& breaches) {
    EXPECT_THAT(breaches, IsEmpty()) << absl::StrJoin(breaches, "\n");
  }

  static std::vector<SourceFile>* files_;
};

std::vector<SourceFile>* StructureTest::files_ = nullptr;

TEST_F(StructureTest, TheTreeIsRead) { EXPECT_GT(files_->size(), 50u); }

TEST_F(StructureTest, IncludesStayWithinTheLayers) {
  LATHE_ASSERT_OK_AND_ASSIGN(
      Layers layers,
      ParseLayers(testing::ReadFileOrDie(testing::SourcePath("test/structure/layers.txt"))));
  ExpectNone(CheckLayers(*files_, layers));
}

TEST_F(StructureTest, NoModelNamesOutsideOfModels) { ExpectNone(CheckNoModelNames(*files_)); }
TEST_F(StructureTest, EverySourceHasItsTest) {
  ExpectNone(CheckMirrors(*files_, Exceptions("untested.txt")));
}
TEST_F(StructureTest, FilesAreSmall) {
  ExpectNone(CheckSizes(*files_, Exceptions("oversized.txt")));
}
TEST_F(StructureTest, EverySourceIsBuilt) { ExpectNone(CheckBuilt(*files_)); }
TEST_F(StructureTest, HabitsAreKept) { ExpectNone(CheckHabits(*files_)); }

TEST_F(StructureTest, TheRunnerLinksNoCompiler) {
  std::string runner = testing::BinaryPath("lathe-run");
  if (!std::filesystem::exists(runner)) GTEST_SKIP() << "lathe-run is not built here";
  FILE* pipe = ::popen(absl::StrCat("ldd ", runner).c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  std::string libraries;
  std::array<char, 4096> piece;
  while (size_t size = std::fread(piece.data(), 1, piece.size(), pipe))
    libraries.append(piece.data(), size);
  ASSERT_EQ(::pclose(pipe), 0);
  EXPECT_THAT(libraries, ::testing::HasSubstr("libc"));
  for (const char* name : {"LLVM", "MLIR", "lld", "python"}) {
    EXPECT_THAT(libraries, ::testing::Not(::testing::HasSubstr(name)));
  }
}

}  // namespace
}  // namespace lathe::structure
