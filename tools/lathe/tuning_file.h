// Tuning files: tiles for the kernels of some dispatches, as `lathe compile --tuning=FILE` reads
// them and `lathe inspect ARTIFACT --tuning` prints them.
//   [
//     {"dispatch": "model.layers.*.mlp.down_proj", "level": "x86-64-v4", "rows": 8, "blocks": 2},
//     {"kernel": "matmul k=1024 *", "level": "x86-64-v3", "few_blocks": 3}
//   ]
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "compiler/select/tuning.h"

namespace lathe {

// InvalidArgument with `origin`, the rule and the key for what is no such text: a rule names
// dispatches or kernels or both, one level, and at least one number of its tile.
absl::StatusOr<std::vector<TuningRule>> ParseTuning(absl::string_view json,
                                                    absl::string_view origin);
absl::StatusOr<std::vector<TuningRule>> ReadTuning(const std::string& path);

// The file of `rules`: a line each, keys in one order.
std::string TuningText(const std::vector<TuningRule>& rules);

// "--tuning=7f3a...": what the rules say, whatever file they were in; "" without rules.
std::string CanonicalTuning(const std::vector<TuningRule>& rules);

}  // namespace lathe
