#include "tools/lathe_run/tensor_dump.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "frontend/checkpoint/safetensors_writer.h"
#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"

namespace lathe {

absl::Status WriteTensors(absl::Span<const NamedTensor> tensors, const std::string& path) {
  SafetensorsWriter writer;
  for (const NamedTensor& tensor : tensors) {
    if (tensor.values.empty()) continue;
    absl::string_view bytes(reinterpret_cast<const char*>(tensor.values.data()),
                            tensor.values.size() * sizeof(float));
    writer.Add(tensor.name, {DType::kF32, tensor.shape, bytes});
  }
  return writer.Write(path);
}

void PromptProbe::OnStep(const StepView& view) {
  if (view.first_position >= num_prompt_) return;
  KeepRows(view);
  bool is_prompt_done = view.first_position + view.num_rows >= num_prompt_;
  if (is_prompt_done && !layers_.empty()) status_ = KeepStates(view);
}

void PromptProbe::KeepRows(const StepView& view) {
  for (size_t layer = 0;; ++layer) {
    absl::Span<const float> output =
        view.runner.Output(absl::StrCat("layer_inputs.", layer));  // [rows of the step, H]
    if (output.empty()) return;
    if (layer == layers_.size()) layers_.emplace_back();
    size_t width = output.size() / static_cast<size_t>(view.step_rows);
    absl::Span<const float> rows = output.subspan(static_cast<size_t>(view.first_row) * width,
                                                  static_cast<size_t>(view.num_rows) * width);
    layers_[layer].insert(layers_[layer].end(), rows.begin(), rows.end());
  }
}

absl::Status PromptProbe::KeepStates(const StepView& view) {
  for (size_t group = 0; group < view.caches.size(); ++group) {
    const KvCache& cache = view.caches[group];
    const KvGroupLayout& layout = cache.layout();
    for (int64_t layer = 0; layer < layout.num_layers; ++layer) {
      for (KvPart part : {KvPart::kKey, KvPart::kValue}) {
        std::string name =
            absl::StrCat("state.layer", layout.model_layers[static_cast<size_t>(layer)],
                         part == KvPart::kKey ? ".key" : ".value");
        LATHE_ASSIGN_OR_RETURN(std::vector<float> values,
                               cache.Read(view.pages[group], layer, part), name);
        states_.push_back({std::move(name),
                           {layout.kv_heads, view.pages[group].length, layout.head_dim},
                           std::move(values)});
      }
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<NamedTensor>> PromptProbe::Take() && {
  LATHE_RETURN_IF_ERROR(status_);
  std::vector<NamedTensor> tensors = std::move(states_);
  if (layers_.empty()) return tensors;
  NamedTensor inputs;
  inputs.name = "layer_inputs";
  int64_t width = static_cast<int64_t>(layers_[0].size()) / num_prompt_;
  inputs.shape = {static_cast<int64_t>(layers_.size()), num_prompt_, width};
  for (const std::vector<float>& layer : layers_) {
    LATHE_CHECK(layer.size() == layers_[0].size()) << "layers differ in width";
    inputs.values.insert(inputs.values.end(), layer.begin(), layer.end());
  }
  tensors.push_back(std::move(inputs));
  return tensors;
}

}  // namespace lathe
