// The index of a sharded checkpoint (model.safetensors.index.json): which tensor lies in which
// file.
//   LATHE_ASSIGN_OR_RETURN(ShardIndex index, ParseShardIndex(text, path));
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace lathe {

struct ShardIndex {
  // Tensor name and file name, sorted by tensor name.
  std::vector<std::pair<std::string, std::string>> weight_map;
  // Distinct file names, sorted.
  std::vector<std::string> files;
};

// Errors: InvalidArgument with `origin` for wrong JSON (with its position), a missing weight_map,
// duplicate tensors, and for file names that could lead out of the folder.
absl::StatusOr<ShardIndex> ParseShardIndex(absl::string_view json, absl::string_view origin);

}  // namespace lathe
