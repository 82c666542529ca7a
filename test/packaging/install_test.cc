// An installed prefix, moved, serves programs that look for it by find_package and by pkg-config.
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

// Runs a line of shell in `folder`, with $PREFIX and $SOURCE (the program's sources).
ProcessResult RunShell(const std::string& folder, const std::string& prefix,
                       const std::string& line) {
  return testing::RunProcess(
      {"/bin/sh", "-c",
       absl::StrCat("set -e; cd '", folder, "'; PREFIX='", prefix, "' SOURCE='",
                    testing::SourcePath("test/packaging/consumer"), "'; ", line)});
}

class InstallTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir();
    const std::string first = folder_ + "/installed here";
    for (const char* component : {"library", "runner", "compiler"}) {
      const ProcessResult run =
          testing::RunProcess({"cmake", "--install", testing::BinaryPath(".."), "--prefix", first,
                               "--component", component});
      ASSERT_EQ(run.exit_code, 0) << run.err;
    }
    prefix_ = folder_ + "/moved there";
    std::filesystem::rename(first, prefix_);
  }

  std::string folder_;
  std::string prefix_;
};

TEST_F(InstallTest, FindPackageFindsAMovedPrefix) {
  ProcessResult run = RunShell(folder_, prefix_,
                               "cmake -S \"$SOURCE\" -B build -DCMAKE_PREFIX_PATH=\"$PREFIX\" && "
                               "cmake --build build");
  ASSERT_EQ(run.exit_code, 0) << run.out << run.err;
  run = testing::RunProcess({folder_ + "/build/consumer", testing::DemoArtifact()});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, absl::StrCat("opened by lathe ", LatheVersion(), "\n"));
}

TEST_F(InstallTest, FindPackageRefusesAnotherVersion) {
  testing::WriteFileOrDie(folder_ + "/CMakeLists.txt",
                          "cmake_minimum_required(VERSION 3.25)\nproject(other LANGUAGES NONE)\n"
                          "find_package(Lathe 99.0 REQUIRED)\n");
  const ProcessResult run =
      RunShell(folder_, prefix_, "cmake -S . -B other -DCMAKE_PREFIX_PATH=\"$PREFIX\"");
  EXPECT_NE(run.exit_code, 0);
  EXPECT_THAT(run.err, ::testing::HasSubstr(absl::StrCat("version: ", LatheVersion())));
}

TEST_F(InstallTest, PkgConfigFindsAMovedPrefix) {
  ProcessResult run = RunShell(
      folder_, prefix_,
      "export PKG_CONFIG_PATH=\"$PREFIX/lib/pkgconfig\"; pkg-config --modversion lathe; "
      "eval cc \"\\\"$SOURCE/main.c\\\"\" -o consumer $(pkg-config --cflags --libs lathe)");
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, absl::StrCat(LatheVersion(), "\n"));
  run = RunShell(
      folder_, prefix_,
      absl::StrCat("LD_LIBRARY_PATH=\"$PREFIX/lib\" ./consumer '", testing::DemoArtifact(), "'"));
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, absl::StrCat("opened by lathe ", LatheVersion(), "\n"));
}

TEST_F(InstallTest, AMovedRunnerAndCompilerWork) {
  const std::string artifact = folder_ + "/demo.lathe";
  ProcessResult run = testing::RunProcess(
      {prefix_ + "/bin/lathe", "compile", testing::SourcePath("test/data/demo"), "-o", artifact});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_TRUE(testing::ReadFileOrDie(artifact) == testing::ReadFileOrDie(testing::DemoArtifact()))
      << "the artifact differs from that of the build tree";
  // `lathe run` finds lathe-run beside itself.
  run = testing::RunProcess({prefix_ + "/bin/lathe", "run", artifact, testing::DemoQuestion()});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.out, testing::DemoAnswer());
}

}  // namespace
}  // namespace lathe
