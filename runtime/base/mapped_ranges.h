// Which addresses belong to which mapped file, readable by a signal handler: a file that is cut
// short while it is mapped ends the process with SIGBUS at whatever code touches it, and the
// handler (tools/common/fault_report.h) must then name the file.
#pragma once

#include <cstddef>
#include <string>

namespace lathe {

// More mappings than this at a time are not remembered, which costs a message its file name.
inline constexpr size_t kMaxMappedRanges = 1024;

void RememberMapping(const void* data, size_t size, const std::string& path);
void ForgetMapping(const void* data);

struct MappedPlace {
  const char* path = nullptr;  // null: no mapping that is remembered
  size_t offset = 0;           // in the file
};
// Async-signal-safe.
MappedPlace FindMapping(const void* address);

}  // namespace lathe
