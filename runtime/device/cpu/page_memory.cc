#include "runtime/device/cpu/page_memory.h"

#include <sys/mman.h>

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/base/strings.h"

namespace lathe {
namespace {

constexpr uint64_t kPage = 4096;
constexpr uint64_t kHugePage = uint64_t{2} << 20;
constexpr uint64_t kMost = uint64_t{1} << 46;  // the user half of the address space is 2^47

uint64_t RoundUp(uint64_t value, uint64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

}  // namespace

absl::StatusOr<PageMemory> PageMemory::Allocate(uint64_t bytes, absl::string_view purpose) {
  const uint64_t alignment = bytes >= kHugePage ? kHugePage : kPage;
  PageMemory memory;
  if (bytes <= kMost) {
    memory.size_ = RoundUp(bytes == 0 ? 1 : bytes, alignment);
    memory.mapping_size_ = memory.size_ + alignment - kPage;
    void* mapping = ::mmap(nullptr, memory.mapping_size_, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping != MAP_FAILED) memory.mapping_ = static_cast<char*>(mapping);
  }
  if (memory.mapping_ == nullptr) {
    return absl::ResourceExhaustedError(
        absl::StrCat("no memory for ", purpose, ": the system refused ", HumanBytes(bytes)));
  }
  const auto address = reinterpret_cast<uintptr_t>(memory.mapping_);
  memory.data_ = memory.mapping_ + (RoundUp(address, alignment) - address);
  // Advice only: a refusal changes nothing but speed.
  if (alignment == kHugePage) ::madvise(memory.data_, memory.size_, MADV_HUGEPAGE);
  return memory;
}

PageMemory::PageMemory(PageMemory&& other) noexcept { *this = std::move(other); }

PageMemory& PageMemory::operator=(PageMemory&& other) noexcept {
  if (this != &other) {
    Free();
    mapping_ = std::exchange(other.mapping_, nullptr);
    mapping_size_ = std::exchange(other.mapping_size_, 0);
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

PageMemory::~PageMemory() { Free(); }

void PageMemory::Free() {
  if (mapping_ != nullptr) ::munmap(mapping_, mapping_size_);
  mapping_ = nullptr;
}

}  // namespace lathe
