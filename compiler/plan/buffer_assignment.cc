#include "compiler/plan/buffer_assignment.h"

#include <algorithm>
#include <map>
#include <numeric>

namespace lathe {
namespace {

struct Placed {
  int64_t offset;
  int64_t size;
  const BufferRequest* request;
};

SymExpr UnitExpr(const std::string& unit) {
  return unit.empty() ? SymExpr(1) : SymExpr::Symbol(unit);
}

bool LivesTogether(const BufferRequest& a, const BufferRequest& b) {
  return a.first_use <= b.last_use && b.first_use <= a.last_use;
}

// The lowest offset at which `size` bytes are free while `request` lives. `placed` is sorted by
// offset.
int64_t LowestFreeOffset(const std::vector<Placed>& placed, const BufferRequest& request,
                         int64_t size) {
  int64_t offset = 0;
  for (const Placed& other : placed) {
    if (!LivesTogether(*other.request, request)) continue;
    if (offset + size <= other.offset) break;
    offset = std::max(offset, other.offset + other.size);
  }
  return offset;
}

}  // namespace

BufferAssignment AssignBuffers(absl::Span<const BufferRequest> requests, int64_t alignment) {
  BufferAssignment result;
  result.offsets.resize(requests.size());
  for (const BufferRequest& request : requests) {
    result.strides.push_back((request.bytes_per_unit + alignment - 1) / alignment * alignment);
  }

  std::vector<size_t> order(requests.size());
  std::iota(order.begin(), order.end(), size_t{0});
  // Largest first, equal ones in the order given. Not std::stable_sort: libstdc++ 12 implements it with a function that it marks as
  // deprecated, and under a precompiled header that warning is no longer silenced as a system header's.
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    if (result.strides[a] != result.strides[b]) return result.strides[a] > result.strides[b];
    return a < b;
  });

  std::map<std::string, std::vector<Placed>> placed_by_unit;
  std::map<std::string, int64_t> peak_by_unit;
  std::vector<int64_t> local(requests.size());
  for (size_t i : order) {
    std::vector<Placed>& placed = placed_by_unit[requests[i].unit];
    local[i] = LowestFreeOffset(placed, requests[i], result.strides[i]);
    Placed entry{local[i], result.strides[i], &requests[i]};
    auto position =
        std::upper_bound(placed.begin(), placed.end(), entry,
                         [](const Placed& a, const Placed& b) { return a.offset < b.offset; });
    placed.insert(position, entry);
    int64_t& peak = peak_by_unit[requests[i].unit];
    peak = std::max(peak, local[i] + result.strides[i]);
  }

  // Regions one after the other, in the order of the units' names.
  std::map<std::string, SymExpr> region_start;
  for (const auto& [unit, peak] : peak_by_unit) {
    region_start[unit] = result.workspace;
    result.workspace += UnitExpr(unit) * peak;
  }
  for (size_t i = 0; i < requests.size(); ++i) {
    result.offsets[i] = region_start[requests[i].unit] + UnitExpr(requests[i].unit) * local[i];
  }
  return result;
}

}  // namespace lathe
