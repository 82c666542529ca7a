// Safetensors files made by hand, byte by byte, for tests of the readers.
#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "test/support/data.h"

namespace lathe::testing {

// The length in front, the header as it is, then the data.
inline std::string SafetensorsBytes(absl::string_view header, absl::string_view data) {
  std::string bytes;
  for (uint64_t length = header.size(), i = 0; i < 8; ++i, length >>= 8) {
    bytes.push_back(static_cast<char>(length & 0xff));
  }
  bytes.append(header.data(), header.size());
  bytes.append(data.data(), data.size());
  return bytes;
}

inline std::string WriteSafetensors(const std::string& path, absl::string_view header,
                                    absl::string_view data) {
  WriteFileOrDie(path, SafetensorsBytes(header, data));
  return path;
}

}  // namespace lathe::testing
