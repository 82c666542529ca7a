// Which commands of a step may run side by side: those whose reads and writes do not meet since the
// last barrier.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace lathe {

// A range of memory that a command touches. Ranges of different spaces never overlap.
struct Access {
  uint32_t space = 0;  // 0: the workspace; 1 + g: the pool of cache group g
  int64_t begin = 0;
  int64_t end = 0;
  bool is_written = false;
};

// The accesses of the commands since the last barrier.
class AccessSet {
 public:
  // Adds the accesses of one command. True when one of them meets an earlier one and either is a
  // write: then the command must wait, and the set holds its accesses alone.
  bool AddMustWait(absl::Span<const Access> accesses);
  void Clear() { pending_.clear(); }

 private:
  std::vector<Access> pending_;
};

}  // namespace lathe
