// One step through the model as the generator sees it: ragged rows in, named rows out.
// ProgramRunner runs a compiled program; tests put models of their own behind it.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "runtime/state/kv_cache.h"
#include "runtime/state/page_table.h"

namespace lathe {

// The rows of all sequences of the step, one sequence after the other.
struct StepInput {
  absl::Span<const int32_t> tokens;        // [T]
  absl::Span<const int32_t> positions;     // [T] of each row in its sequence
  absl::Span<const int32_t> row_sequence;  // [T] row of the page tables
  absl::Span<const int32_t> row_offsets;   // [B + 1] first row of each sequence, then T
  absl::Span<const int32_t> logit_rows;    // [R] rows that want logits, ascending
  absl::Span<const int32_t> id_limits;     // [R] ids from there on may not be chosen
  // How each of these rows chooses (sampling_rows.h): [R, 6], [R, 9], [E], [E].
  absl::Span<const float> sample_settings;
  absl::Span<const int32_t> sample_numbers;
  absl::Span<const int32_t> sample_ids;
  absl::Span<const float> sample_values;
  absl::Span<const PageTable> page_tables;  // one for each cache group
};

class StepRunner {
 public:
  virtual ~StepRunner() = default;

  // Writes the keys and values of all rows to the pages, then computes the outputs.
  virtual absl::Status Run(const StepInput& input, absl::Span<const KvCache> caches) = 0;

  // An output of the last step as f32, row major: "logits" [R, V], "layer_inputs.3" [T, H]. Empty
  // when the model has none of that name; valid until the next Run.
  virtual absl::Span<const float> Output(absl::string_view name) const = 0;

  // Whether rows choose by the settings of StepInput; else it is always the largest logit.
  virtual bool HeedsSettings() const { return true; }

  // [R] what each row chose: an id, or below 0 what stands for none
  // (ops/sampling/source/choose_row.h). Valid as long.
  virtual absl::Span<const int32_t> NextIds() const = 0;
};

}  // namespace lathe
