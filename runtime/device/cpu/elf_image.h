// The headers of a linked ELF shared object, checked: where its segments go and where its dynamic
// tables are. The bytes are foreign: every number is checked against its limits before it is used.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace lathe {

inline constexpr uint64_t kElfPage = 4096;

struct ElfSegment {
  uint64_t file_offset = 0;
  uint64_t file_size = 0;
  uint64_t address = 0;  // from the image's start
  uint64_t memory_size = 0;
  bool is_writable = false;
  bool is_executable = false;
};

// Addresses count from the image's start; sizes in bytes. A table that is absent has address 0.
struct ElfLayout {
  uint64_t image_size = 0;           // a multiple of kElfPage
  std::vector<ElfSegment> segments;  // ascending, no two on the same page
  uint64_t dynamic_address = 0;
  uint64_t dynamic_size = 0;
  uint64_t relro_address = 0;
  uint64_t relro_size = 0;
};

// InvalidArgument for anything but an x86-64 shared object of the shape that the compiler links: no
// interpreter, no thread-local storage, no segment that is writable and executable, all segments on
// pages of their own.
absl::StatusOr<ElfLayout> ReadElfLayout(absl::string_view elf);

}  // namespace lathe
