#include "tools/common/version_text.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "runtime/artifact/format_version.h"
#include "runtime/artifact/kernel_abi.h"
#include "runtime/base/version.h"

namespace lathe {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(VersionTextTest, FactsStandInTwoColumns) {
  EXPECT_EQ(VersionText("tool", {{"a", "one"}, {"longer", "two words"}}),
            absl::StrCat("tool ", LatheVersion(), "\na       one\nlonger  two words\n"));
  EXPECT_EQ(VersionText("tool", {}), absl::StrCat("tool ", LatheVersion(), "\n"));
}

TEST(VersionTextTest, TheRunnerTellsWhatItReadsAndCalls) {
  EXPECT_THAT(VersionText("lathe-run", RunnerVersionFacts()),
              AllOf(HasSubstr(absl::StrCat("\nbuilt by      ", BuiltBy(), "\n")),
                    HasSubstr(absl::StrCat("\nreads format  ", kFormatVersion - 1, " to ",
                                           kFormatVersion, "\n")),
                    HasSubstr(absl::StrCat("\nkernel ABI    ", kKernelAbi, "\n")),
                    HasSubstr("\nCPU levels    x86-64-v3, x86-64-v4, x86-64-v4-bf16; this machine "
                              "is ")));
}

}  // namespace
}  // namespace lathe
