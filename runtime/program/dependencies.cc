#include "runtime/program/dependencies.h"

#include <algorithm>

namespace lathe {
namespace {

bool Conflict(const Access& a, const Access& b) {
  return a.space == b.space && (a.is_written || b.is_written) &&
         std::max(a.begin, b.begin) < std::min(a.end, b.end);
}

}  // namespace

bool AccessSet::AddMustWait(absl::Span<const Access> accesses) {
  // Backwards: in a chain of commands the conflict is with the latest one.
  const bool must_wait = std::any_of(pending_.rbegin(), pending_.rend(), [&](const Access& old) {
    return std::any_of(accesses.begin(), accesses.end(),
                       [&](const Access& access) { return Conflict(old, access); });
  });
  if (must_wait) pending_.clear();
  pending_.insert(pending_.end(), accesses.begin(), accesses.end());
  return must_wait;
}

}  // namespace lathe
