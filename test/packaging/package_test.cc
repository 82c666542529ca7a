// The packages that tools/package makes of this build, unpacked and used with an empty environment.
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "runtime/base/version.h"
#include "test/packaging/demo_artifact.h"
#include "test/support/data.h"
#include "test/support/process.h"

namespace lathe {
namespace {

using ::lathe::testing::ProcessResult;
using ::lathe::testing::RunProcess;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

ProcessResult RunPackage(const std::vector<std::string>& words) {
  std::vector<std::string> all = {testing::SourcePath("tools/package"), "--no-build",
                                  "--build-dir=" + testing::BinaryPath("..")};
  all.insert(all.end(), words.begin(), words.end());
  return RunProcess(all);
}

// The packages of all components, made once.
const std::string& Packages() {
  static const auto* folder = [] {
    auto* output = new std::string(testing::TempDir());
    const ProcessResult run = RunPackage({"--output=" + *output});
    EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
    return output;
  }();
  return *folder;
}

std::string TarPath(const std::string& name) {
  return absl::StrCat(Packages(), "/", name, "-", LatheVersion(), "-linux-x86_64.tar.gz");
}

std::string DebPath(const std::string& name) {
  return absl::StrCat(Packages(), "/", name, "_", LatheVersion(), "_amd64.deb");
}

// A fresh folder with what the tar.gz holds; returns the one folder inside.
std::string UnpackTar(const std::string& name) {
  const std::string folder = testing::TempDir();
  const ProcessResult run = RunProcess({"tar", "-xzf", TarPath(name), "-C", folder});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  return absl::StrCat(folder, "/", name, "-", LatheVersion(), "-linux-x86_64");
}

std::string UnpackDeb(const std::string& name) {
  const std::string folder = testing::TempDir();
  const ProcessResult run = RunProcess({"dpkg-deb", "-x", DebPath(name), folder});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  return folder + "/usr";
}

std::string FieldOfDeb(const std::string& name, const std::string& field) {
  return RunProcess({"dpkg-deb", "-f", DebPath(name), field}).out;
}

ProcessResult RunBare(std::vector<std::string> words) {
  words.insert(words.begin(), {"/usr/bin/env", "-i"});
  return RunProcess(words);
}

void ExpectRunnerWorks(const std::string& prefix) {
  const std::string runner = prefix + "/bin/lathe-run";
  EXPECT_EQ(RunBare({runner, "--version"}).out,
            RunProcess({testing::BinaryPath("lathe-run"), "--version"}).out);
  const ProcessResult run =
      RunBare({runner, "run", testing::DemoArtifact(), testing::DemoQuestion()});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, testing::DemoAnswer());
}

TEST(PackageTest, TheRunnerRunsFromItsTar) { ExpectRunnerWorks(UnpackTar("lathe-run")); }

TEST(PackageTest, TheRunnerRunsFromItsDebAndNeedsLibcAlone) {
  const std::string prefix = UnpackDeb("lathe-run");
  ExpectRunnerWorks(prefix);
  EXPECT_THAT(FieldOfDeb("lathe-run", "Depends"), MatchesRegex("libc6 \\(>= [0-9.]+\\)\n"));
  EXPECT_EQ(FieldOfDeb("lathe-run", "Version"), absl::StrCat(LatheVersion(), "\n"));
  EXPECT_THAT(testing::ReadFileOrDie(prefix + "/share/doc/lathe-run/copyright"),
              AllOf(HasSubstr("== libabsl-dev"), HasSubstr("== libxxhash-dev")))
      << "the licences of what is inside";
}

TEST(PackageTest, TheCompilerCompilesFromItsTarAndItsDeb) {
  for (const std::string& prefix : {UnpackTar("lathe"), UnpackDeb("lathe")}) {
    const std::string artifact = testing::TempDir() + "/demo.lathe";
    const ProcessResult run = RunBare(
        {prefix + "/bin/lathe", "compile", testing::SourcePath("test/data/demo"), "-o", artifact});
    EXPECT_EQ(run.exit_code, 0) << run.err;
    EXPECT_TRUE(testing::ReadFileOrDie(artifact) == testing::ReadFileOrDie(testing::DemoArtifact()))
        << "the artifact differs from that of the build tree";
  }
  EXPECT_THAT(FieldOfDeb("lathe", "Depends"),
              AllOf(HasSubstr("libmlir-22"), HasSubstr("libstdc++6"),
                    HasSubstr(absl::StrCat("lathe-run (= ", LatheVersion(), ")"))));
}

TEST(PackageTest, TheLibraryHoldsWhatAProgramIsBuiltWith) {
  const std::string prefix = UnpackDeb("liblathe-dev");
  for (const char* file : {"include/lathe.h", "lib/liblathe.so", "lib/pkgconfig/lathe.pc",
                           "lib/cmake/Lathe/LatheConfig.cmake"}) {
    EXPECT_TRUE(std::filesystem::exists(prefix + "/" + file)) << file;
  }
  EXPECT_THAT(FieldOfDeb("liblathe-dev", "Depends"), HasSubstr("libabsl20220623"));
}

TEST(PackageTest, TheSameBuildGivesTheSameBytes) {
  const std::string again = testing::TempDir();
  ASSERT_EQ(RunPackage({"--output=" + again, "runner"}).exit_code, 0);
  int files = 0;
  for (const auto& file : std::filesystem::directory_iterator(again)) {
    ++files;
    EXPECT_TRUE(testing::ReadFileOrDie(file.path().string()) ==
                testing::ReadFileOrDie(Packages() + "/" + file.path().filename().string()))
        << file.path();
  }
  EXPECT_EQ(files, 2);
}

TEST(PackageTest, ARunnerThatIsTooLargeIsRefused) {
  const ProcessResult run =
      RunPackage({"--output=" + testing::TempDir(), "--max-runner-bytes=1000", "runner"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, AllOf(StartsWith("package: "), HasSubstr("lathe-run has "),
                             HasSubstr("expected at most 1000")));
}

TEST(PackageTest, WrongUseIsExitCodeTwo) {
  const ProcessResult run = RunPackage({"everything"});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err, HasSubstr("usage: tools/package"));
  EXPECT_THAT(RunPackage({"--help"}).out, HasSubstr("usage: tools/package"));
}

}  // namespace
}  // namespace lathe
