#include "runtime/state/page_pool.h"

#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/base/check.h"
#include "runtime/base/strings.h"

namespace lathe {
namespace {

// The largest mapping that we ask for: half of the address space that x86-64 Linux gives to a
// process.
constexpr int64_t kMaxPoolBytes = int64_t{1} << 46;

}  // namespace

absl::StatusOr<PagePool> PagePool::Create(int64_t num_pages, int64_t page_bytes) {
  if (num_pages <= 0 || page_bytes <= 0) {
    return absl::InvalidArgumentError(absl::StrCat("a page pool of ", num_pages, " pages of ",
                                                   page_bytes, " bytes: both must be positive"));
  }
  if (num_pages > std::numeric_limits<int32_t>::max() || num_pages > kMaxPoolBytes / page_bytes) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a page pool of ", num_pages, " pages of ", page_bytes, " bytes is too large: at most ",
        HumanBytes(kMaxPoolBytes), " and 2147483647 pages; choose a smaller --context"));
  }
  size_t bytes = static_cast<size_t>(num_pages * page_bytes);
  void* base = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (base == MAP_FAILED) {
    return absl::ResourceExhaustedError(
        absl::StrCat("no memory for a page pool of ", HumanBytes(bytes), " (", num_pages,
                     " pages of ", HumanBytes(static_cast<uint64_t>(page_bytes)),
                     "): ", std::strerror(errno), "; choose a smaller --context"));
  }
  PagePool pool;
  pool.base_ = static_cast<std::byte*>(base);
  pool.num_pages_ = num_pages;
  pool.page_bytes_ = page_bytes;
  pool.num_holders_.assign(static_cast<size_t>(num_pages), 0);
  pool.free_.reserve(static_cast<size_t>(num_pages));
  // The stack's top is page 0, so that a short run touches the first pages only.
  for (int64_t page = num_pages - 1; page >= 0; --page)
    pool.free_.push_back(static_cast<int32_t>(page));
  return pool;
}

PagePool::PagePool(PagePool&& other) noexcept { *this = std::move(other); }

PagePool& PagePool::operator=(PagePool&& other) noexcept {
  if (this == &other) return *this;
  Unmap();
  base_ = std::exchange(other.base_, nullptr);
  num_pages_ = std::exchange(other.num_pages_, 0);
  page_bytes_ = std::exchange(other.page_bytes_, 0);
  free_ = std::move(other.free_);
  num_holders_ = std::move(other.num_holders_);
  return *this;
}

PagePool::~PagePool() { Unmap(); }

void PagePool::Unmap() {
  if (base_ != nullptr) ::munmap(base_, static_cast<size_t>(num_pages_ * page_bytes_));
  base_ = nullptr;
}

std::optional<int32_t> PagePool::Take() {
  if (free_.empty()) return std::nullopt;
  int32_t page = free_.back();
  free_.pop_back();
  num_holders_[static_cast<size_t>(page)] = 1;
  return page;
}

int32_t& PagePool::HoldersOf(int32_t page) {
  LATHE_CHECK(page >= 0 && page < num_pages_) << "page " << page << " of " << num_pages_;
  int32_t& num_holders = num_holders_[static_cast<size_t>(page)];
  LATHE_CHECK(num_holders > 0) << "page " << page
                               << " is shared or given back, but nobody holds it";
  return num_holders;
}

void PagePool::Share(int32_t page) { ++HoldersOf(page); }

void PagePool::Give(int32_t page) {
  if (--HoldersOf(page) == 0) free_.push_back(page);
}

}  // namespace lathe
