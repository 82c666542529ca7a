#include "tools/lathe/version_facts.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "test/unit/tools/lathe/model_folder.h"

namespace lathe {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;

TEST(VersionFactsTest, TheCompilerAddsWhatItWritesAndItsLlvm) {
  EXPECT_EQ(CompilerVersionFacts().size(), RunnerVersionFacts().size() + 2);
  EXPECT_THAT(
      testing::RunTool({"--version"}).out,
      AllOf(HasSubstr(VersionText("lathe", CompilerVersionFacts())),
            HasSubstr("\nwrites format  2\n"), ContainsRegex("\nLLVM           22\\.1\\.")));
}

}  // namespace
}  // namespace lathe
