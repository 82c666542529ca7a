#include "test/packaging/demo_artifact.h"

#include "runtime/base/check.h"
#include "test/support/data.h"
#include "test/support/process.h"

namespace lathe::testing {

const std::string& DemoArtifact() {
  static const auto* path = [] {
    auto* artifact = new std::string(TempDir() + "/demo.lathe");
    const ProcessResult run =
        RunProcess({BinaryPath("lathe"), "compile", SourcePath("test/data/demo"), "-o", *artifact});
    LATHE_CHECK(run.exit_code == 0) << run.err;
    return artifact;
  }();
  return *path;
}

std::string DemoQuestion() { return "--prompt=What is 393 + 835?"; }

const std::string& DemoAnswer() {
  static const auto* answer = [] {
    const ProcessResult run =
        RunProcess({BinaryPath("lathe-run"), "run", DemoArtifact(), DemoQuestion()});
    LATHE_CHECK(run.exit_code == 0) << run.err;
    return new std::string(run.out);
  }();
  return *answer;
}

}  // namespace lathe::testing
