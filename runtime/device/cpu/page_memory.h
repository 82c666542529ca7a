// Whole pages from the system: the workspace and the cache pools live there, on huge pages where
// the system gives them.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace lathe {

class PageMemory {
 public:
  // At least `bytes` zeroed bytes, a multiple of 2 MiB from 2 MiB on, so that huge pages fit; pages
  // are taken as they are touched. ResourceExhausted names `purpose` and the size.
  static absl::StatusOr<PageMemory> Allocate(uint64_t bytes, absl::string_view purpose);

  PageMemory() = default;
  PageMemory(PageMemory&& other) noexcept;
  PageMemory& operator=(PageMemory&& other) noexcept;
  ~PageMemory();

  char* data() const { return data_; }
  uint64_t size() const { return size_; }

 private:
  void Free();

  char* mapping_ = nullptr;
  uint64_t mapping_size_ = 0;
  char* data_ = nullptr;  // inside the mapping, aligned
  uint64_t size_ = 0;
};

}  // namespace lathe
