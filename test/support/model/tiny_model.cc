#include "test/support/model/tiny_model.h"

#include "compiler/pipeline/pipeline.h"
#include "runtime/base/status_macros.h"

namespace lathe::testing {
namespace {

constexpr char kText[] = R"(
#rows = #lathe.sym<logit_rows>
!cache = !lathe.kv_cache<name = "kv", layers = 2, kv_heads = 1, head_dim = 16, dtype = bf16,
                         page = 64, window = 0>
!layer = !lathe.kv_layer<kv_heads = 1, head_dim = 16, dtype = bf16, page = 64, window = 0>

module attributes {lathe.family = "tiny", lathe.max_context = 128 : i64} {
  lathe.param @embed : tensor<32x16xf32>
  lathe.param @layers.1.norm : tensor<16xf32>
  lathe.param @layers.3.norm : tensor<16xf32>

  func.func private @layer(%x: tensor<?x16xf32, #tokens>, %kv: !layer, %p: tensor<?xi32, #tokens>,
      %s: tensor<?xi32, #tokens>, %cos: tensor<?x8xf32, #tokens>, %sin: tensor<?x8xf32, #tokens>,
      %g: tensor<16xf32>) -> tensor<?x16xf32, #tokens> {
    %n = lathe.rms_norm %x, %g {eps = 1.0e-6 : f64} : tensor<?x16xf32, #tokens>, tensor<16xf32>
    %h = lathe.reshape %n : tensor<?x16xf32, #tokens> -> tensor<?x1x16xf32, #tokens>
    %r = lathe.rope %h, %cos, %sin : tensor<?x1x16xf32, #tokens>, tensor<?x8xf32, #tokens>
    lathe.kv_write %kv, %r, %h, %p, %s : !layer, tensor<?x1x16xf32, #tokens>,
        tensor<?x1x16xf32, #tokens>, tensor<?xi32, #tokens>, tensor<?xi32, #tokens>
    %a = lathe.attention %r, %kv, %p, %s {scale = 0.25 : f64} : tensor<?x1x16xf32, #tokens>,
        !layer, tensor<?xi32, #tokens>, tensor<?xi32, #tokens> loc("attn")
    %m = lathe.reshape %a : tensor<?x1x16xf32, #tokens> -> tensor<?x16xf32, #tokens>
    %y = lathe.add %x, %m : tensor<?x16xf32, #tokens>
    return %y : tensor<?x16xf32, #tokens>
  }

  func.func @step(%tokens: tensor<?xi32, #tokens> {lathe.name = "tokens"},
      %p: tensor<?xi32, #tokens> {lathe.name = "positions"},
      %s: tensor<?xi32, #tokens> {lathe.name = "row_sequence"},
      %rows: tensor<?xi32, #rows> {lathe.name = "logit_rows"}, %kv: !cache {lathe.name = "kv"})
      -> (tensor<?x32xf32, #rows> {lathe.name = "logits"}) {
    %e = lathe.weight @embed : tensor<32x16xf32>
    %x = lathe.embed %e, %tokens : tensor<32x16xf32>, tensor<?xi32, #tokens>
    %inv = lathe.constant "inv_freq" dense<[1.0, 0.5, 0.25, 0.125, 0.0625, 0.03125, 0.015625, 0.0]>
        : tensor<8xf32>
    %cos, %sin = lathe.rope_table %p, %inv : tensor<?xi32, #tokens>, tensor<8xf32>
    %l0 = lathe.cache_layer %kv[0] {model_layer = 1 : i64} : !cache
    %g0 = lathe.weight @layers.1.norm : tensor<16xf32>
    %y0 = call @layer(%x, %l0, %p, %s, %cos, %sin, %g0) : (tensor<?x16xf32, #tokens>, !layer,
        tensor<?xi32, #tokens>, tensor<?xi32, #tokens>, tensor<?x8xf32, #tokens>,
        tensor<?x8xf32, #tokens>, tensor<16xf32>) -> tensor<?x16xf32, #tokens> loc("layers.1")
    %l1 = lathe.cache_layer %kv[1] {model_layer = 3 : i64} : !cache
    %g1 = lathe.weight @layers.3.norm : tensor<16xf32>
    %y1 = call @layer(%y0, %l1, %p, %s, %cos, %sin, %g1) : (tensor<?x16xf32, #tokens>, !layer,
        tensor<?xi32, #tokens>, tensor<?xi32, #tokens>, tensor<?x8xf32, #tokens>,
        tensor<?x8xf32, #tokens>, tensor<16xf32>) -> tensor<?x16xf32, #tokens> loc("layers.3")
    %last = lathe.gather_rows %y1, %rows : tensor<?x16xf32, #tokens>, tensor<?xi32, #rows>
    %logits = lathe.matmul %last, %e : tensor<?x16xf32, #rows>, tensor<32x16xf32> loc("head")
    return %logits : tensor<?x32xf32, #rows>
  }
})";

}  // namespace

std::unique_ptr<Graph> TinyModel() {
  auto model = std::make_unique<Graph>(kText);
  mlir::DialectRegistry registry;
  RegisterCompilerDialects(registry);
  model->module()->getContext()->appendDialectRegistry(registry);
  model->weights().Add("embed", RandomFloats({32, 16}, 1));
  model->weights().Add("layers.1.norm", RandomFloats({16}, 2));
  model->weights().Add("layers.3.norm", RandomFloats({16}, 3));
  return model;
}

absl::Status RunPhases(Graph& model, Phase last, const std::string& precision) {
  CompileOptions options;
  options.storage.precision = precision;
  for (const PhaseInfo& info : AllPhases()) {
    if (info.phase > last) break;
    LATHE_RETURN_IF_ERROR(RunPhase(info.phase, model.module(), options), "phase ", info.name);
  }
  return absl::OkStatus();
}

}  // namespace lathe::testing
