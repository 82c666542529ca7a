// Writes the section "weights": takes each tensor from the checkpoint, packs it, and appends it.
#pragma once

#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "compiler/emit/weight_table.h"
#include "runtime/artifact/artifact_writer.h"
#include "runtime/base/tensor_source.h"

namespace lathe {

// Called as bytes are written: done of total.
using Progress = std::function<void(uint64_t done, uint64_t total)>;

// The bytes of all entries as stored.
uint64_t StoredBytes(const WeightTable& table);

// Returns what was written, with the error of each quantised weight. One tensor is in memory at a
// time. NotFound names a weight that the checkpoint lacks.
absl::StatusOr<std::vector<artifact::Weight>> WriteWeights(const WeightTable& table,
                                                           const TensorSource& source, int threads,
                                                           const Progress& progress,
                                                           ArtifactWriter& writer);

}  // namespace lathe
