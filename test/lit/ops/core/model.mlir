// A small model with one layer, as models build it: it parses, verifies, prints, and prints the same a second time.
// RUN: lathe-opt %s | FileCheck %s
// RUN: lathe-opt %s | lathe-opt | FileCheck %s
// RUN: lathe-opt %s --mlir-print-op-generic | lathe-opt | FileCheck %s

// CHECK-DAG: #tokens = #lathe.sym<tokens>
// CHECK-DAG: !kv_cache = !lathe.kv_cache<name = "kv", layers = 1, kv_heads = 1, head_dim = 4, dtype = bf16, page = 64, window = 0>
// CHECK-DAG: !kv_layer = !lathe.kv_layer<kv_heads = 1, head_dim = 4, dtype = bf16, page = 64, window = 0>
#t = #lathe.sym<tokens>
#r = #lathe.sym<logit_rows>
!cache = !lathe.kv_cache<name = "kv", layers = 1, kv_heads = 1, head_dim = 4, dtype = bf16, page = 64, window = 0>
!layer = !lathe.kv_layer<kv_heads = 1, head_dim = 4, dtype = bf16, page = 64, window = 0>

module attributes {lathe.family = "test", lathe.max_context = 128 : i64} {
  // CHECK: lathe.param @model.embed_tokens.weight : tensor<16x8xbf16>
  lathe.param @"model.embed_tokens.weight" : tensor<16x8xbf16>
  lathe.param @"model.layers.0.q_proj.weight" : tensor<8x8xbf16>
  lathe.param @"model.layers.0.q_proj.bias" : tensor<8xf32>
  lathe.param @"model.layers.0.norm.weight" : tensor<8xbf16>

  func.func private @layer(%x: tensor<?x8xf32, #t>, %kv: !layer, %cos: tensor<?x1xf32, #t>, %sin: tensor<?x1xf32, #t>,
                           %positions: tensor<?xi32, #t>, %row_sequence: tensor<?xi32, #t>, %w: tensor<8xbf16>,
                           %q: tensor<8x8xbf16>, %b: tensor<8xf32>) -> tensor<?x8xf32, #t> {
    // CHECK: %[[NORM:norm.*]] = lathe.rms_norm %{{.*}}, %{{.*}} {eps = {{.*}} : f64} : tensor<?x8xf32, #tokens>, tensor<8xbf16>
    %h = lathe.rms_norm %x, %w {eps = 1.0e-6 : f64} : tensor<?x8xf32, #t>, tensor<8xbf16>
    // CHECK: %[[MM:mm.*]] = lathe.matmul %[[NORM]], %{{.*}} bias %{{.*}} : tensor<?x8xf32, #tokens>, tensor<8x8xbf16>, tensor<8xf32>
    %y = lathe.matmul %h, %q bias %b : tensor<?x8xf32, #t>, tensor<8x8xbf16>, tensor<8xf32>
    // CHECK: lathe.reshape %[[MM]] : tensor<?x8xf32, #tokens> -> tensor<?x2x4xf32, #tokens>
    %heads = lathe.reshape %y : tensor<?x8xf32, #t> -> tensor<?x2x4xf32, #t>
    // CHECK: %[[ROTATED:rotated.*]] = lathe.rope %{{.*}}, %{{.*}}, %{{.*}} : tensor<?x2x4xf32, #tokens>, tensor<?x1xf32, #tokens>
    %rotated = lathe.rope %heads, %cos, %sin : tensor<?x2x4xf32, #t>, tensor<?x1xf32, #t>
    // CHECK: lathe.slice %{{.*}}[0, 4] : tensor<?x8xf32, #tokens>
    %k = lathe.slice %y[0, 4] : tensor<?x8xf32, #t>
    %key = lathe.reshape %k : tensor<?x4xf32, #t> -> tensor<?x1x4xf32, #t>
    // CHECK: lathe.kv_write
    lathe.kv_write %kv, %key, %key, %positions, %row_sequence : !layer, tensor<?x1x4xf32, #t>, tensor<?x1x4xf32, #t>, tensor<?xi32, #t>, tensor<?xi32, #t>
    // CHECK: %[[ATTN:attn.*]] = lathe.attention %[[ROTATED]], %{{.*}} {scale = 5.000000e-01 : f64} : tensor<?x2x4xf32, #tokens>, !kv_layer
    %o = lathe.attention %rotated, %kv, %positions, %row_sequence {scale = 0.5 : f64} : tensor<?x2x4xf32, #t>, !layer, tensor<?xi32, #t>, tensor<?xi32, #t>
    %merged = lathe.reshape %o : tensor<?x2x4xf32, #t> -> tensor<?x8xf32, #t>
    // CHECK: %[[SUM:sum.*]] = lathe.add
    %sum = lathe.add %x, %merged : tensor<?x8xf32, #t>
    // CHECK: lathe.swiglu %[[SUM]], %{{.*}} : tensor<?x8xf32, #tokens>
    %act = lathe.swiglu %sum, %y : tensor<?x8xf32, #t>
    // CHECK: lathe.dispatch "tail" (%[[A:.*]] = %{{.*}} : tensor<?x8xf32, #tokens>) -> tensor<?x8xf32, #tokens> attributes {kernel = "x"} {
    // CHECK-NEXT: %[[N:.*]] = lathe.neg %[[A]]
    // CHECK-NEXT: lathe.yield %[[N]] : tensor<?x8xf32, #tokens>
    %r = lathe.dispatch "tail" (%a = %act : tensor<?x8xf32, #t>) -> tensor<?x8xf32, #t> attributes {kernel = "x"} {
      %n = lathe.neg %a : tensor<?x8xf32, #t>
      lathe.yield %n : tensor<?x8xf32, #t>
    }
    return %r : tensor<?x8xf32, #t>
  }

  // CHECK: func.func @step
  func.func @step(%tokens: tensor<?xi32, #t> {lathe.name = "tokens"}, %positions: tensor<?xi32, #t> {lathe.name = "positions"},
                  %row_sequence: tensor<?xi32, #t> {lathe.name = "row_sequence"},
                  %logit_rows: tensor<?xi32, #r> {lathe.name = "logit_rows"}, %kv: !cache {lathe.name = "kv"})
      -> (tensor<?x16xf32, #r> {lathe.name = "logits"}) {
    // CHECK: %[[EMBED:embed_tokens.*]] = lathe.weight @model.embed_tokens.weight : tensor<16x8xbf16>
    %embed = lathe.weight @"model.embed_tokens.weight" : tensor<16x8xbf16>
    // CHECK: lathe.embed %[[EMBED]], %{{.*}} : tensor<16x8xbf16>, tensor<?xi32, #tokens>
    %x = lathe.embed %embed, %tokens : tensor<16x8xbf16>, tensor<?xi32, #t>
    // CHECK: %[[INV:inv_freq.*]] = lathe.constant "rope.inv_freq" dense<1.000000e+00> : tensor<1xf32>
    %inv = lathe.constant "rope.inv_freq" dense<1.0> : tensor<1xf32>
    // CHECK: %[[COS:cos.*]], %[[SIN:sin.*]] = lathe.rope_table %{{.*}}, %[[INV]] : tensor<?xi32, #tokens>, tensor<1xf32>
    %cos, %sin = lathe.rope_table %positions, %inv : tensor<?xi32, #t>, tensor<1xf32>
    // CHECK: lathe.cache_layer %{{.*}}[0] : !kv_cache
    %l0 = lathe.cache_layer %kv[0] : !cache
    %w = lathe.weight @"model.layers.0.norm.weight" : tensor<8xbf16>
    %q = lathe.weight @"model.layers.0.q_proj.weight" : tensor<8x8xbf16>
    %b = lathe.weight @"model.layers.0.q_proj.bias" : tensor<8xf32>
    %y = call @layer(%x, %l0, %cos, %sin, %positions, %row_sequence, %w, %q, %b)
        : (tensor<?x8xf32, #t>, !layer, tensor<?x1xf32, #t>, tensor<?x1xf32, #t>, tensor<?xi32, #t>, tensor<?xi32, #t>,
           tensor<8xbf16>, tensor<8x8xbf16>, tensor<8xf32>) -> tensor<?x8xf32, #t>
    // CHECK: lathe.gather_rows %{{.*}}, %{{.*}} : tensor<?x8xf32, #tokens>, tensor<?xi32, #logit_rows>
    %last = lathe.gather_rows %y, %logit_rows : tensor<?x8xf32, #t>, tensor<?xi32, #r>
    // CHECK: lathe.matmul %{{.*}}, %[[EMBED]] : tensor<?x8xf32, #logit_rows>, tensor<16x8xbf16>
    %logits = lathe.matmul %last, %embed : tensor<?x8xf32, #r>, tensor<16x8xbf16>
    return %logits : tensor<?x16xf32, #r>
  }
}
