// Checks that every index, range and size in a manifest is one that the runtime may rely on: after
// it, nothing that a manifest says can lead outside the file or outside another list. Sizes that
// depend on symbols are checked when the symbols are known (runtime/program).
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "runtime/artifact/artifact.pb.h"

namespace lathe {

// `sections_end`: where the manifest begins, and so where the last section must have ended. The
// message says which entry of which list is wrong; InvalidArgument, because the bytes themselves
// are as they were written.
absl::Status CheckManifest(const artifact::Manifest& manifest, uint64_t sections_end);

}  // namespace lathe
