#include "runtime/base/version.h"

#include "absl/strings/str_cat.h"

namespace lathe {

const char* LatheVersion() { return LATHE_VERSION; }

std::string BuiltBy() {
#if defined(__clang__)
  return absl::StrCat("clang ", __clang_major__, ".", __clang_minor__, ".", __clang_patchlevel__);
#else
  return absl::StrCat("gcc ", __GNUC__, ".", __GNUC_MINOR__, ".", __GNUC_PATCHLEVEL__);
#endif
}

}  // namespace lathe
