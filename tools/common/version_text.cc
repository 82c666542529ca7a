#include "tools/common/version_text.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "runtime/artifact/format_version.h"
#include "runtime/artifact/kernel_abi.h"
#include "runtime/base/version.h"
#include "runtime/device/cpu/cpu_features.h"

namespace lathe {

std::string VersionText(absl::string_view tool, absl::Span<const VersionFact> facts) {
  size_t width = 0;
  for (const VersionFact& fact : facts) width = std::max(width, fact.name.size());
  std::string text = absl::StrCat(tool, " ", LatheVersion(), "\n");
  for (const VersionFact& fact : facts) {
    absl::StrAppendFormat(&text, "%-*s  %s\n", static_cast<int>(width), fact.name, fact.text);
  }
  return text;
}

std::vector<VersionFact> RunnerVersionFacts() {
  const std::string levels = absl::StrJoin(
      kCpuLevels, ", ",
      [](std::string* out, FeatureLevel level) { absl::StrAppend(out, CpuLevelName(level)); });
  return {{"built by", BuiltBy()},
          {"reads format", RangeText(FormatsOfThisBuild())},
          {"kernel ABI", absl::StrCat(kKernelAbi)},
          {"CPU levels",
           absl::StrCat(levels, "; this machine is ", CpuLevelName(LevelOf(ReadCpuid())))}};
}

}  // namespace lathe
