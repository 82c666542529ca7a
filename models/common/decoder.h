// Builds decoders of the Qwen3 kind: pre-norm layers with grouped-query attention, norms on queries
// and keys, and a feed-forward part that the family chooses.
//   EmitDecoder(b, config, options, [&](int64_t layer) -> LayerKind {
//     return {"decoder_layer", [&](const WeightScope& w, Value x) { return SwigluMlp(b, ...); }};
//   });
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "models/common/decoder_config.h"
#include "models/core/model.h"
#include "ops/core/graph_builder.h"

namespace lathe {

// What is added to the rows x [T, H] behind the attention, from the norm of x; `w`: the layer's
// weights under "mlp".
using FeedForward = std::function<mlir::Value(const WeightScope& w, mlir::Value x)>;

// Layers of one name share a function (GraphBuilder::Layer).
struct LayerKind {
  std::string name;
  FeedForward feed_forward;
};

// down(silu(gate(x)) * up(x)) with `intermediate` rows between; `w` holds gate_proj, up_proj and
// down_proj.
mlir::Value SwigluMlp(GraphBuilder& b, const WeightScope& w, mlir::Value x, int64_t intermediate);

// Emits entry @step into `b`. Inputs: tokens [T], positions [T], row_sequence [T], logit_rows [R],
// those of ChooseTokens (ops/sampling), a cache group for each width of window; outputs: logits [R,
// V] and next_ids [R]. Formulas after transformers 5.23 models/qwen3/modeling_qwen3.py.
void EmitDecoder(GraphBuilder& b, const DecoderConfig& config, const ModelOptions& options,
                 const std::function<LayerKind(int64_t layer)>& kind_of);

// The parts of a BuiltModel that follow from the configuration; the module and its weights are
// taken from `b`. `origin`: of the configuration, for messages.
absl::StatusOr<BuiltModel> FinishDecoder(GraphBuilder& b, const DecoderConfig& config,
                                         const std::string& family, const std::string& origin);

}  // namespace lathe
