// The version of this build of Lathe: the one of project() in the top CMakeLists.txt, and the
// compiler that built it.
//   provenance.set_compiler_version(LatheVersion());
#pragma once

#include <string>

namespace lathe {

// "0.5.0".
const char* LatheVersion();

// "clang 22.1.0".
std::string BuiltBy();

}  // namespace lathe
