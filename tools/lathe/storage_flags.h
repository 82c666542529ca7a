// The flags that say how weights and caches are stored: the same for compile and check.
//   StorageFlags storage;
//   DeclareStorageFlags(storage, flags);
//   LATHE_ASSIGN_OR_RETURN(StoragePolicy policy, ToStoragePolicy(storage));
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "compiler/passes/storage_policy.h"
#include "frontend/checkpoint/checkpoint.h"
#include "tools/common/flags.h"

namespace lathe {

struct StorageFlags {
  std::string precision = "checkpoint";
  std::string weights;
  std::optional<int64_t> group;
  std::string embedding;
  std::string head;
};

void DeclareStorageFlags(StorageFlags& storage, FlagTable& flags);

// What the command line alone decides; errors are wrong use. The precision "checkpoint" stands for
// bf16 until ResolvePrecision.
absl::StatusOr<StoragePolicy> ToStoragePolicy(const StorageFlags& storage);

// The policy with the precision that the checkpoint has, where the user left it at that.
StoragePolicy ResolvePrecision(const StorageFlags& storage, StoragePolicy policy,
                               const Checkpoint& checkpoint);

}  // namespace lathe
