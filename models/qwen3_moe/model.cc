#include "models/qwen3_moe/model.h"

#include "absl/strings/str_cat.h"
#include "models/common/decoder.h"
#include "ops/linear/linear_build.h"
#include "ops/moe/moe_build.h"
#include "runtime/base/status_macros.h"

namespace lathe::qwen3_moe {
namespace {

using mlir::Value;

ExpertWeights Experts(const Config& c, const WeightScope& w, bool is_fused) {
  const int64_t hidden = c.decoder.hidden_size;
  const int64_t inner = c.moe_intermediate_size;
  const std::vector<int64_t> wide = {c.num_experts, inner, hidden};
  const std::vector<int64_t> narrow = {c.num_experts, hidden, inner};
  if (is_fused) {  // the gate's rows come first
    return {w.Param(absl::StrCat("gate_up_proj[0:", inner, "]"), wide),
            w.Param(absl::StrCat("gate_up_proj[", inner, ":", 2 * inner, "]"), wide),
            w.Param(absl::StrCat("down_proj[0:", hidden, "]"), narrow)};
  }
  return {w.In("*").In("gate_proj").Param("weight", wide),
          w.In("*").In("up_proj").Param("weight", wide),
          w.In("*").In("down_proj").Param("weight", narrow)};
}

// Formulas after transformers 5.23 models/qwen3_moe/modeling_qwen3_moe.py.
Value Mixture(GraphBuilder& b, const Config& c, const WeightScope& w, Value x, bool is_fused) {
  Value scores = Linear(b, w.In("gate"), x, {.out = c.num_experts});  // [T, E]
  LocationScope here(b, w.In("experts"));
  return MixtureOfExperts(b, x, scores, /*bias=*/{},
                          {.top_k = c.top_k, .normalize = c.norm_topk_prob},
                          Experts(c, w.In("experts"), is_fused));
}

}  // namespace

absl::StatusOr<BuiltModel> Build(mlir::MLIRContext* context, ConfigReader& reader,
                                 const ModelOptions& options,
                                 const GraphBuilder::DTypeLookup& dtype_of) {
  LATHE_ASSIGN_OR_RETURN(const Config config, Config::Read(reader));
  GraphBuilder b(context,
                 {.family = "qwen3_moe", .max_context = config.decoder.max_position_embeddings},
                 dtype_of);
  EmitDecoder(b, config.decoder, options, [&](int64_t layer) -> LayerKind {
    if (!config.is_moe[static_cast<size_t>(layer)]) {
      return {"dense_layer", [&](const WeightScope& w, Value x) {
                return SwigluMlp(b, w, x, config.intermediate_size);
              }};
    }
    const bool is_fused =
        dtype_of(absl::StrCat("model.layers.", layer, ".mlp.experts.gate_up_proj")).has_value();
    return {is_fused ? "moe_layer_fused" : "moe_layer",
            [&, is_fused](const WeightScope& w, Value x) {
              return Mixture(b, config, w, x, is_fused);
            }};
  });
  return FinishDecoder(b, config.decoder, "qwen3_moe", std::string(reader.origin()));
}

}  // namespace lathe::qwen3_moe
