// liblathe.so as a program meets it: what it exports, what it needs.
#include <algorithm>
#include <regex>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "runtime/c_api/lathe.h"
#include "test/support/data.h"
#include "test/support/process.h"

namespace lathe {
namespace {

std::string LibraryPath() { return testing::BinaryPath("../lib/liblathe.so.1"); }

// The functions that lathe.h declares.
std::set<std::string> DeclaredFunctions() {
  const std::string header = testing::ReadFileOrDie(testing::SourcePath("runtime/c_api/lathe.h"));
  const std::regex declaration(R"(LATHE_API [a-z0-9_ ]+[ *]+(lathe_[a-z_]+)\()");
  std::set<std::string> names;
  for (auto match = std::sregex_iterator(header.begin(), header.end(), declaration);
       match != std::sregex_iterator(); ++match) {
    names.insert((*match)[1]);
  }
  return names;
}

TEST(SharedLibraryTest, ExportsTheFunctionsOfItsHeaderAlone) {
  const testing::ProcessResult run =
      testing::RunProcess({"/usr/bin/nm", "-D", "--defined-only", "--format=posix", LibraryPath()});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  std::set<std::string> exported;
  for (absl::string_view line : absl::StrSplit(run.out, '\n', absl::SkipEmpty())) {
    const std::string symbol(line.substr(0, line.find(' ')));
    if (symbol == "LATHE_1") continue;  // the version itself
    EXPECT_NE(symbol.find("@@LATHE_1"), std::string::npos) << symbol;
    exported.insert(symbol.substr(0, symbol.find('@')));
  }
  EXPECT_GT(exported.size(), 20u);
  EXPECT_EQ(exported, DeclaredFunctions());
}

TEST(SharedLibraryTest, NeedsNoCompiler) {
  const testing::ProcessResult run = testing::RunProcess({"/usr/bin/readelf", "-d", LibraryPath()});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, ::testing::HasSubstr(
                           absl::StrCat("Library soname: [liblathe.so.", LATHE_ABI_VERSION, "]")));
  for (const char* name : {"LLVM", "MLIR", "python", "RUNPATH", "TEXTREL"})
    EXPECT_THAT(run.out, ::testing::Not(::testing::HasSubstr(name)));
}

}  // namespace
}  // namespace lathe
