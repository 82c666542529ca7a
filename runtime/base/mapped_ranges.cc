#include "runtime/base/mapped_ranges.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace lathe {
namespace {

// A slot is free while `begin` is 0. Whoever takes it sets `begin` to 1 first, an address of no
// mapping, and to the real one last.
struct Slot {
  std::atomic<uintptr_t> begin{0};
  std::atomic<uintptr_t> end{0};
  std::atomic<char*> path{nullptr};
};

// A signal handler reaches nothing but what has a fixed place.
std::array<Slot, kMaxMappedRanges> slots;

constexpr uintptr_t kTaken = 1;

}  // namespace

void RememberMapping(const void* data, size_t size, const std::string& path) {
  for (Slot& slot : slots) {
    uintptr_t free = 0;
    if (!slot.begin.compare_exchange_strong(free, kTaken)) continue;
    const auto begin = reinterpret_cast<uintptr_t>(data);
    slot.end = begin + size;
    slot.path = ::strdup(path.c_str());
    slot.begin = begin;
    return;
  }
}

void ForgetMapping(const void* data) {
  const auto begin = reinterpret_cast<uintptr_t>(data);
  for (Slot& slot : slots) {
    uintptr_t mine = begin;
    if (!slot.begin.compare_exchange_strong(mine, kTaken)) continue;
    std::free(slot.path.exchange(nullptr));
    slot.end = 0;
    slot.begin = 0;
    return;
  }
}

MappedPlace FindMapping(const void* address) {
  const auto wanted = reinterpret_cast<uintptr_t>(address);
  for (const Slot& slot : slots) {
    const uintptr_t begin = slot.begin;
    if (begin <= kTaken || wanted < begin || wanted >= slot.end) continue;
    return {slot.path, wanted - begin};
  }
  return {};
}

}  // namespace lathe
