// What --dump-tensors writes: results of requests under the names that the golden files use.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "runtime/generate/request.h"
#include "runtime/generate/row_keeper.h"

namespace lathe {

struct NamedTensor {
  std::string name;
  std::vector<int64_t> shape;
  std::vector<float> values;  // row major
};

// A safetensors file, whole or not at all. Tensors without values are left out: the format has a
// place for them, readers often not.
absl::Status WriteTensors(absl::Span<const NamedTensor> tensors, const std::string& path);

// Watches the steps of one request (Request.on_step) and keeps, for the rows of its prompt, the
// input of every layer and what each cache layer holds, when the model has outputs layer_inputs.0,
// layer_inputs.1, ... Step by step, because a window lets old rows go.
class PromptProbe {
 public:
  explicit PromptProbe(int64_t num_prompt) : num_prompt_(num_prompt) {}

  void OnStep(const StepView& view);

  // "state.layer{i}.key", ".value" [kv_heads, T, D] and "layer_inputs" [L + 1, T, H]; none when the
  // model has no such outputs. Errors: those of KvCache::Read.
  absl::StatusOr<std::vector<NamedTensor>> Take() &&;

 private:
  struct State {
    std::string name;
    int64_t head_dim;
    std::vector<std::vector<float>> heads;  // [rows so far, D] of each
  };

  void KeepInputs(const StepView& view);
  absl::Status KeepStates(const StepView& view);
  State& FindState(size_t index, const KvGroupLayout& layout, int64_t layer, KvPart part);

  int64_t num_prompt_;
  std::vector<RowKeeper> layers_;
  std::vector<State> states_;
  absl::Status status_;
};

}  // namespace lathe
