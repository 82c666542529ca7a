// Keeps the rows of one output of the steps of one request: hidden states of its prompt.
//   RowKeeper keeper(absl::StrCat(kLayerInputs, 3), num_prompt);
//   request.computes_prompt = true;
//   request.on_step = [&](const StepView& view) { keeper.OnStep(view); };
//   absl::Span<const float> rows = keeper.rows();   // [num_prompt, H]
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "runtime/generate/request.h"

namespace lathe {

// Outputs of a step that are the inputs of the layers, by the layer's number; one more than there
// are layers is what the last one gives.
inline constexpr char kLayerInputs[] = "layer_inputs.";

class RowKeeper {
 public:
  // Of the positions [0, most_rows).
  RowKeeper(std::string output, int64_t most_rows)
      : output_(std::move(output)), most_rows_(most_rows) {}

  // Takes what the step computed of them; rows that come again replace themselves. False when the
  // model has no such output.
  bool OnStep(const StepView& view);

  int64_t width() const { return width_; }
  // [rows so far, width]
  absl::Span<const float> rows() const { return rows_; }

 private:
  std::string output_;
  int64_t most_rows_;
  int64_t width_ = 0;  // known with the first row
  std::vector<float> rows_;
};

}  // namespace lathe
