// The memory of one cache group: a fixed number of pages, mapped once, handed out to one holder or
// several and taken back from the last, in constant time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"

namespace lathe {

class PagePool {
 public:
  // Address space only: the system gives memory to a page when it is first written. Errors:
  // InvalidArgument for sizes that are not positive, do not fit a page table entry (int32) or
  // overflow; ResourceExhausted when the system refuses.
  static absl::StatusOr<PagePool> Create(int64_t num_pages, int64_t page_bytes);

  PagePool(PagePool&& other) noexcept;
  PagePool& operator=(PagePool&& other) noexcept;
  ~PagePool();

  // A page that nobody holds, now with one holder; none when all are held. The page given back last
  // comes first: its memory is warm.
  std::optional<int32_t> Take();
  // One holder more for a page that is held.
  void Share(int32_t page);
  // One holder gives a page back. To give back a page that nobody holds is a bug.
  void Give(int32_t page);

  int64_t num_pages() const { return num_pages_; }
  int64_t page_bytes() const { return page_bytes_; }
  int64_t num_free() const { return static_cast<int64_t>(free_.size()); }
  int32_t num_holders(int32_t page) const { return num_holders_[static_cast<size_t>(page)]; }
  std::byte* base() const { return base_; }
  std::byte* page(int32_t index) const { return base_ + int64_t{index} * page_bytes_; }

 private:
  PagePool() = default;
  void Unmap();
  int32_t& HoldersOf(int32_t page);

  std::byte* base_ = nullptr;
  int64_t num_pages_ = 0;
  int64_t page_bytes_ = 0;
  std::vector<int32_t> free_;         // a stack
  std::vector<int32_t> num_holders_;  // [num_pages]
};

}  // namespace lathe
