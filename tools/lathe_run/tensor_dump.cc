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
  if (view.first_position >= num_prompt_ || !status_.ok()) return;
  KeepInputs(view);
  if (!layers_.empty()) status_ = KeepStates(view);
}

void PromptProbe::KeepInputs(const StepView& view) {
  for (size_t layer = 0;; ++layer) {
    if (layer == layers_.size())
      layers_.emplace_back(absl::StrCat(kLayerInputs, layer), num_prompt_);
    if (layers_[layer].OnStep(view)) continue;
    layers_.pop_back();
    return;
  }
}

PromptProbe::State& PromptProbe::FindState(size_t index, const KvGroupLayout& layout, int64_t layer,
                                           KvPart part) {
  if (index == states_.size()) {
    State state;
    state.name = absl::StrCat("state.layer", layout.model_layers[static_cast<size_t>(layer)],
                              part == KvPart::kKey ? ".key" : ".value");
    state.head_dim = layout.head_dim;
    state.heads.resize(static_cast<size_t>(layout.kv_heads));
    states_.push_back(std::move(state));
  }
  return states_[index];
}

absl::Status PromptProbe::KeepStates(const StepView& view) {
  size_t index = 0;
  for (size_t group = 0; group < view.caches.size(); ++group) {
    const KvCache& cache = view.caches[group];
    for (int64_t layer = 0; layer < cache.layout().num_layers; ++layer) {
      for (KvPart part : {KvPart::kKey, KvPart::kValue}) {
        State& state = FindState(index++, cache.layout(), layer, part);
        LATHE_ASSIGN_OR_RETURN(
            std::vector<float> rows,
            cache.Read(view.pages[group], layer, part, view.first_position, view.num_rows),
            state.name);
        ptrdiff_t head_size = static_cast<ptrdiff_t>(view.num_rows * state.head_dim);
        auto head_rows = rows.begin();
        for (std::vector<float>& head : state.heads) {
          head.insert(head.end(), head_rows, head_rows + head_size);
          head_rows += head_size;
        }
      }
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<NamedTensor>> PromptProbe::Take() && {
  LATHE_RETURN_IF_ERROR(status_);
  std::vector<NamedTensor> tensors;
  for (State& state : states_) {
    NamedTensor tensor{std::move(state.name),
                       {static_cast<int64_t>(state.heads.size()), num_prompt_, state.head_dim},
                       {}};
    for (const std::vector<float>& head : state.heads)
      tensor.values.insert(tensor.values.end(), head.begin(), head.end());
    tensors.push_back(std::move(tensor));
  }
  if (layers_.empty()) return tensors;
  const int64_t width = layers_[0].width();
  NamedTensor inputs{
      "layer_inputs", {static_cast<int64_t>(layers_.size()), num_prompt_, width}, {}};
  for (const RowKeeper& layer : layers_) {
    LATHE_CHECK(layer.width() == width) << "layers differ in width";
    inputs.values.insert(inputs.values.end(), layer.rows().begin(), layer.rows().end());
  }
  tensors.push_back(std::move(inputs));
  return tensors;
}

}  // namespace lathe
