// Which versions of the .lathe format a reader accepts, and how the manifest of an older one
// becomes one of the current version: the policy is in README.md.
//   const ReadableFormats formats = FormatsOfThisBuild();
//   LATHE_RETURN_IF_ERROR(CheckFormatVersion(header.format_version, formats));
//   LATHE_RETURN_IF_ERROR(UpgradeManifest(header.format_version, formats, manifest));
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "runtime/artifact/artifact.pb.h"

namespace lathe {

// What this build writes. Version 2 says which kernel ABI the code was compiled for.
inline constexpr uint32_t kFormatVersion = 2;

// Turns a manifest of one version into one of the next. Nothing in it has been checked yet.
using ManifestUpgrader = absl::Status (*)(artifact::Manifest&);

struct ReadableFormats {
  uint32_t current = 0;
  // A step for each older version that is accepted; the last one leads to `current`.
  std::vector<ManifestUpgrader> upgraders;

  uint32_t oldest() const { return current - static_cast<uint32_t>(upgraders.size()); }
};

// The current version and the one before.
ReadableFormats FormatsOfThisBuild();

// "1 to 2", or "2" where only one version is accepted.
std::string RangeText(const ReadableFormats& formats);

// InvalidArgument outside the range: the message says what to do, and leaves the file's name to the
// caller.
absl::Status CheckFormatVersion(uint32_t version, const ReadableFormats& formats);

// Brings `manifest`, of an accepted `version`, to formats.current.
absl::Status UpgradeManifest(uint32_t version, const ReadableFormats& formats,
                             artifact::Manifest& manifest);

}  // namespace lathe
