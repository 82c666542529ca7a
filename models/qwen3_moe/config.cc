#include "models/qwen3_moe/config.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "runtime/base/status_macros.h"

namespace lathe::qwen3_moe {
namespace {

// A layer has experts unless it is listed as dense, every decoder_sparse_step-th of the others.
std::vector<bool> ReadLayers(ConfigReader& reader, int64_t num_layers, int64_t num_experts) {
  const int64_t step = reader.IntOr("decoder_sparse_step", 1, kCount);
  const std::vector<int64_t> dense = reader.OptionalIntList("mlp_only_layers", IntRange{0, 100000})
                                         .value_or(std::vector<int64_t>());
  std::vector<bool> is_moe;
  for (int64_t i = 0; i < num_layers; ++i) {
    const bool is_listed = std::find(dense.begin(), dense.end(), i) != dense.end();
    is_moe.push_back(!is_listed && num_experts > 0 && step > 0 && (i + 1) % step == 0);
  }
  for (int64_t layer : dense) {
    if (layer < num_layers) continue;
    reader.Fail("mlp_only_layers",
                absl::StrCat("lists layer ", layer, ", expected 0 to ", num_layers - 1));
  }
  return is_moe;
}

// Keys of Qwen3-Coder's files: with other values they would be other models.
void RefuseVariants(ConfigReader& reader) {
  if (reader.BoolOr("qkv_bias", false))
    reader.FailUnsupported("qkv_bias", "true; biases are attention_bias, of all four projections");
  if (!reader.BoolOr("use_qk_norm", true))
    reader.FailUnsupported("use_qk_norm", "false; queries and keys are always normalised");
  if (reader.IntOr("shared_expert_intermediate_size", 0, IntRange{0, 1 << 30}) != 0)
    reader.FailUnsupported("shared_expert_intermediate_size", "not 0; there are no shared experts");
}

}  // namespace

absl::StatusOr<Config> Config::Read(ConfigReader& reader) {
  Config config;
  config.decoder = ReadDecoderConfig(reader);
  config.intermediate_size = reader.IntOr("intermediate_size", 6144, kExtent);
  // Older files say num_local_experts.
  const bool has_alias = !reader.Has("num_experts") && reader.Has("num_local_experts");
  config.num_experts =
      reader.IntOr(has_alias ? "num_local_experts" : "num_experts", 128, IntRange{0, 1 << 20});
  config.top_k = reader.IntOr("num_experts_per_tok", 8, kExtent);
  config.moe_intermediate_size = reader.IntOr("moe_intermediate_size", 768, kExtent);
  config.norm_topk_prob = reader.BoolOr("norm_topk_prob", false);
  config.is_moe = ReadLayers(reader, config.decoder.num_layers, config.num_experts);
  if (config.num_experts > 0 && config.top_k > config.num_experts) {
    reader.Fail("num_experts_per_tok",
                absl::StrCat(config.top_k, ", expected at most num_experts, which is ",
                             config.num_experts));
  }
  RefuseVariants(reader);
  reader.Ignore({"router_aux_loss_coef", "output_router_logits"});
  LATHE_RETURN_IF_ERROR(reader.Finish());
  return config;
}

}  // namespace lathe::qwen3_moe
