#include "models/common/decoder.h"

#include <cmath>
#include <map>

#include "absl/strings/str_cat.h"
#include "ops/attention/attention_build.h"
#include "ops/core/verify.h"
#include "ops/elementwise/elementwise_build.h"
#include "ops/embedding/embedding_build.h"
#include "ops/linear/linear_build.h"
#include "ops/norm/norm_build.h"
#include "ops/rotary/rotary_build.h"
#include "ops/sampling/sampling_build.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

using mlir::Value;

// What every layer of a step shares.
struct StepContext {
  RowPlacement rows;
  RopeAngles angles;
};

Value SelfAttention(GraphBuilder& b, const DecoderConfig& c, const WeightScope& w, Value x,
                    Value kv, const StepContext& step) {
  LocationScope here(b, w);
  const int64_t query_size = c.num_heads * c.head_dim;
  const int64_t kv_size = c.num_kv_heads * c.head_dim;
  Value q =
      Linear(b, w.In("q_proj"), x, {.out = query_size, .bias = c.attention_bias});     // [S, NQ*D]
  Value k = Linear(b, w.In("k_proj"), x, {.out = kv_size, .bias = c.attention_bias});  // [S, NK*D]
  Value v = Linear(b, w.In("v_proj"), x, {.out = kv_size, .bias = c.attention_bias});  // [S, NK*D]
  q = Rope(b, RmsNorm(b, w.In("q_norm"), SplitHeads(b, q, c.num_heads), c.rms_norm_eps),
           step.angles);  // [S, NQ, D]
  k = Rope(b, RmsNorm(b, w.In("k_norm"), SplitHeads(b, k, c.num_kv_heads), c.rms_norm_eps),
           step.angles);  // [S, NK, D]
  KvWrite(b, kv, k, SplitHeads(b, v, c.num_kv_heads), step.rows);
  const double scale = 1.0 / std::sqrt(static_cast<double>(c.head_dim));
  Value out = MergeHeads(b, Attention(b, q, kv, step.rows, scale));  // [S, NQ*D]
  return Linear(b, w.In("o_proj"), out, {.out = c.hidden_size, .bias = c.attention_bias});
}

Value DecoderLayer(GraphBuilder& b, const DecoderConfig& c, const FeedForward& feed_forward,
                   const WeightScope& w, Value x, Value kv, const StepContext& step) {
  Value h = RmsNorm(b, w.In("input_layernorm"), x, c.rms_norm_eps);
  x = Add(b, x, SelfAttention(b, c, w.In("self_attn"), h, kv, step));
  h = RmsNorm(b, w.In("post_attention_layernorm"), x, c.rms_norm_eps);
  return Add(b, x, feed_forward(w.In("mlp"), h));
}

// A cache group for all layers that see everything, one for each width of window: the pages of a
// window are recycled on their own.
class Caches {
 public:
  Caches(GraphBuilder& b, const DecoderConfig& c) : b_(b), windows_(c.window) {
    std::map<int64_t, int64_t> layers;
    for (int64_t window : windows_) ++layers[window];
    for (auto [window, count] : layers) {
      std::string name = window == 0 ? "kv" : absl::StrCat("kv.window", window);
      CacheSpec spec{.name = name,
                     .layers = count,
                     .kv_heads = c.num_kv_heads,
                     .head_dim = c.head_dim,
                     .window = window};
      groups_[window] = {b.Input(name, b.Cache(spec)), 0};
    }
  }

  // Of decoder layer `layer`; to be called once for each, in order.
  Value Next(size_t layer) {
    Group& group = groups_[windows_[layer]];
    return CacheLayer(b_, group.cache, group.used++, static_cast<int64_t>(layer));
  }

 private:
  struct Group {
    Value cache;
    int64_t used = 0;
  };
  GraphBuilder& b_;
  std::vector<int64_t> windows_;
  std::map<int64_t, Group> groups_;
};

RopeAngles Angles(GraphBuilder& b, const DecoderConfig& c, Value positions) {
  std::vector<float> inv_freq = InverseFrequencies(c.rope, c.head_dim, c.max_position_embeddings);
  Value table = b.Constant("rope.inv_freq", {static_cast<int64_t>(inv_freq.size())}, inv_freq);
  return RopeTable(b, positions, table, AttentionScaling(c.rope));
}

}  // namespace

Value SwigluMlp(GraphBuilder& b, const WeightScope& w, Value x, int64_t intermediate) {
  const int64_t hidden = TensorTypeOf(x).getShape().back();
  Value gate = Linear(b, w.In("gate_proj"), x, {.out = intermediate});  // [T, I]
  Value up = Linear(b, w.In("up_proj"), x, {.out = intermediate});      // [T, I]
  return Linear(b, w.In("down_proj"), Swiglu(b, gate, up), {.out = hidden});
}

void EmitDecoder(GraphBuilder& b, const DecoderConfig& c, const ModelOptions& options,
                 const std::function<LayerKind(int64_t layer)>& kind_of) {
  b.BeginEntry("step");
  Value tokens = b.Input("tokens", b.Tensor(DType::kI32, {"tokens"}));
  RowPlacement rows;
  rows.positions = b.Input("positions", b.Tensor(DType::kI32, {"tokens"}));
  rows.row_sequence = b.Input("row_sequence", b.Tensor(DType::kI32, {"tokens"}));
  Value logit_rows = b.Input("logit_rows", b.Tensor(DType::kI32, {"logit_rows"}));
  Caches caches(b, c);

  WeightScope model = b.Weights("model");
  Value embedding = model.In("embed_tokens").Param("weight", {c.vocab_size, c.hidden_size});
  Value x = Embed(b, embedding, tokens);  // [S, H] f32
  StepContext step{rows, Angles(b, c, rows.positions)};
  for (int64_t i = 0; i < c.num_layers; ++i) {
    if (options.probes) b.Output(absl::StrCat("layer_inputs.", i), x);
    Value kv = caches.Next(static_cast<size_t>(i));
    const LayerKind kind = kind_of(i);
    x = b.Layer(kind.name,
                {{"x", x},
                 {"kv", kv},
                 {"positions", rows.positions},
                 {"row_sequence", rows.row_sequence},
                 {"cos", step.angles.cos},
                 {"sin", step.angles.sin}},
                model.In("layers").In(i), [&](mlir::ValueRange in, const WeightScope& w) {
                  return DecoderLayer(b, c, kind.feed_forward, w, in[0], in[1],
                                      {{in[2], in[3]}, {in[4], in[5]}});
                });
  }
  if (options.probes) b.Output(absl::StrCat("layer_inputs.", c.num_layers), x);

  // Only the rows whose logits are wanted go through the norm and the head.
  Value last =
      RmsNorm(b, model.In("norm"), GatherRows(b, x, logit_rows), c.rms_norm_eps);  // [R, H]
  Value head = c.common.tie_word_embeddings
                   ? embedding
                   : b.Weights("").In("lm_head").Param("weight", {c.vocab_size, c.hidden_size});
  LocationScope here(b, b.Weights("").In("lm_head"));
  Value logits = Matmul(b, last, head);  // [R, V]
  b.Output("logits", logits);
  b.Output("next_ids", ChooseTokens(b, logits));  // [R]
  b.EndEntry();
}

absl::StatusOr<BuiltModel> FinishDecoder(GraphBuilder& b, const DecoderConfig& config,
                                         const std::string& family, const std::string& origin) {
  BuiltModel model;
  model.family = family;
  model.common = config.common;
  model.vocab_size = config.vocab_size;
  model.max_context = config.max_position_embeddings;
  LATHE_ASSIGN_OR_RETURN(model.module, b.Finish(), origin);
  model.params = b.params();
  model.unused.push_back({"*.rotary_emb.inv_freq", "computed from the configuration"});
  if (config.common.tie_word_embeddings) {
    model.unused.push_back({"lm_head.weight", "tied to the embedding (tie_word_embeddings)"});
  }
  return model;
}

}  // namespace lathe
