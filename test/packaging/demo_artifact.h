// The demo checkpoint, compiled by the program of the build.
#pragma once

#include <string>

namespace lathe::testing {

// The path of the artifact, compiled when first asked for.
const std::string& DemoArtifact();

// What lathe-run of the build answers to DemoQuestion().
const std::string& DemoAnswer();

std::string DemoQuestion();

}  // namespace lathe::testing
