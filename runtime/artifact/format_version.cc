#include "runtime/artifact/format_version.h"

#include "absl/strings/str_cat.h"
#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/version.h"

namespace lathe {
namespace {

// Version 1 did not name the kernel ABI, of which there was but one. Its programs chose the
// likeliest token and called it greedy_ids.
absl::Status FromVersion1(artifact::Manifest& manifest) {
  manifest.set_kernel_abi(1);
  for (artifact::Program& program : *manifest.mutable_programs()) {
    for (artifact::Output& output : *program.mutable_outputs()) {
      if (output.name() == "greedy_ids") output.set_name("next_ids");
    }
  }
  return absl::OkStatus();
}

}  // namespace

ReadableFormats FormatsOfThisBuild() {
  return {.current = kFormatVersion, .upgraders = {FromVersion1}};
}

std::string RangeText(const ReadableFormats& formats) {
  if (formats.upgraders.empty()) return absl::StrCat(formats.current);
  return absl::StrCat(formats.oldest(), " to ", formats.current);
}

absl::Status CheckFormatVersion(uint32_t version, const ReadableFormats& formats) {
  if (version >= formats.oldest() && version <= formats.current) return absl::OkStatus();
  const std::string this_build = absl::StrCat("Lathe ", LatheVersion());
  const std::string what = absl::StrCat("format version ", version, ", ", this_build, " reads ",
                                        RangeText(formats), "; the file was made by ");
  if (version > formats.current) {
    return absl::InvalidArgumentError(
        absl::StrCat(what,
                     "a newer compiler: run it with a newer lathe-run, or compile the model "
                     "again with ",
                     this_build));
  }
  return absl::InvalidArgumentError(
      absl::StrCat(what, "an older compiler: compile the model again with ", this_build));
}

absl::Status UpgradeManifest(uint32_t version, const ReadableFormats& formats,
                             artifact::Manifest& manifest) {
  LATHE_CHECK(version >= formats.oldest() && version <= formats.current) << "version " << version;
  for (uint32_t from = version; from < formats.current; ++from) {
    LATHE_RETURN_IF_ERROR(formats.upgraders[from - formats.oldest()](manifest), "format version ",
                          from, " to ", from + 1);
  }
  return absl::OkStatus();
}

}  // namespace lathe
