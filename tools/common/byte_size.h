// Sizes of memory as people write them.
//   LATHE_ASSIGN_OR_RETURN(int64_t bytes, ParseByteSize("1.5G"));
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace lathe {

// "8G", "8GiB" (2^30 bytes each), "8GB" (10^9), "1.5M", "4096": letters K, M, G, T, large or small.
// InvalidArgument for anything else and for sizes from 2^62 on.
absl::StatusOr<int64_t> ParseByteSize(absl::string_view text);

}  // namespace lathe
