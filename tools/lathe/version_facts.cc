#include "tools/lathe/version_facts.h"

#include "absl/strings/str_cat.h"
#include "llvm-c/Core.h"
#include "runtime/artifact/format_version.h"

namespace lathe {

std::vector<VersionFact> CompilerVersionFacts() {
  std::vector<VersionFact> facts = RunnerVersionFacts();
  facts.push_back({"writes format", absl::StrCat(kFormatVersion)});
  // Of the shared library, which may be newer than the headers that the compiler was built with.
  unsigned major = 0, minor = 0, patch = 0;
  LLVMGetVersion(&major, &minor, &patch);
  facts.push_back({"LLVM", absl::StrCat(major, ".", minor, ".", patch)});
  return facts;
}

}  // namespace lathe
