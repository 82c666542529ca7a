// What all fuzz targets share.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"

// A target: runs the code under test on `data` and LATHE_CHECKs what must be true of the outcome.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace lathe::fuzz {

inline absl::string_view Text(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace lathe::fuzz
