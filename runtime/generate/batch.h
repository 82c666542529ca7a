// The inputs of one step, built from the pieces that the scheduler chose. Storage is kept from step
// to step.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "runtime/generate/sampling_rows.h"
#include "runtime/generate/scheduler.h"
#include "runtime/generate/step_runner.h"
#include "runtime/state/page_table.h"

namespace lathe {

class Batch {
 public:
  explicit Batch(size_t num_groups) : page_tables_(num_groups) {}

  // The sequences must have grown to the ends of their pieces.
  void Build(absl::Span<const Piece> pieces);

  // Valid until the next Build.
  StepInput input() const;
  // First row of piece `i`; for the number of pieces, the number of rows.
  int64_t first_row(size_t i) const { return row_offsets_[i]; }
  // Piece `i` owns the rows [first_logit_row(i), first_logit_row(i + 1)) of the logits.
  int64_t first_logit_row(size_t i) const { return logit_offsets_[i]; }

 private:
  std::vector<int32_t> tokens_;
  std::vector<int32_t> positions_;
  std::vector<int32_t> row_sequence_;
  std::vector<int32_t> row_offsets_;
  std::vector<int32_t> logit_rows_;
  std::vector<int32_t> id_limits_;
  SamplingRows sampling_;
  std::vector<int64_t> logit_offsets_;
  std::vector<PageTable> page_tables_;
};

}  // namespace lathe
