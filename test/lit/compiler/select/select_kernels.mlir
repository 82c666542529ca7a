// Each dispatch gets the first candidate that can run it, and every candidate's answer as a note.
// RUN: lathe-opt %s --split-input-file --lathe-select-kernels=targets=cpu --verify-diagnostics | FileCheck %s
// RUN: not lathe-opt %s --split-input-file --lathe-select-kernels=targets=cuda:sm_90a 2>&1 | FileCheck %s --check-prefix=CUDA
// RUN: not lathe-opt %s --split-input-file --lathe-select-kernels=targets=z80 2>&1 | FileCheck %s --check-prefix=UNKNOWN

// CUDA: error: phase select: target cuda:sm_90a has no kernel for dispatch 'proj': no candidates are listed for this kind of target
// UNKNOWN: error: {{.*}}z80

#t = #lathe.sym<tokens>

lathe.param @w : tensor<48x32xbf16>

// CHECK-LABEL: func.func @step
func.func @step(%x: tensor<?x32xf32, #t>, %tokens: tensor<?xi32, #t>, %positions: tensor<?xi32, #t>)
    -> (tensor<?x48xf32, #t>, tensor<?x32xf32, #t>, tensor<?x8xf32, #t>) {
  %w = lathe.weight @w : tensor<48x32xbf16>
  // CHECK: lathe.dispatch "proj"
  // CHECK-SAME: kernels = {cpu = "matmul"}
  // CHECK-SAME: "cpu: matmul: taken, matmul k=32 n=48 weights=bf16"
  // CHECK-SAME: "cpu: attention: not asked, matmul comes first"
  // CHECK-SAME: "cpu: rope_table: not asked, matmul comes first"
  // CHECK-SAME: "cpu: rowwise: not asked, matmul comes first"
  %y = lathe.dispatch "proj" (%a = %x : tensor<?x32xf32, #t>, %b = %w : tensor<48x32xbf16>) -> tensor<?x48xf32, #t> {
    %m = lathe.matmul %a, %b : tensor<?x32xf32, #t>, tensor<48x32xbf16>
    lathe.yield %m : tensor<?x48xf32, #t>
  }
  // The table is stored as the matmul above wants it, and the gather reads it so.
  // CHECK: lathe.dispatch "embed"
  // CHECK-SAME: kernels = {cpu = "rowwise"}
  // CHECK-SAME: "cpu: matmul: no, has no epilogue for lathe.embed"
  // CHECK-SAME: "cpu: attention: no, there is no single attention"
  // CHECK-SAME: "cpu: rope_table: no, the dispatch is not a single rope_table"
  // CHECK-SAME: "cpu: rowwise: taken, rowwise {{.*}}k2n16
  %e = lathe.dispatch "embed" (%a = %w : tensor<48x32xbf16>, %b = %tokens : tensor<?xi32, #t>) -> tensor<?x32xf32, #t> {
    %r = lathe.embed %a, %b : tensor<48x32xbf16>, tensor<?xi32, #t>
    lathe.yield %r : tensor<?x32xf32, #t>
  }
  // CHECK: lathe.dispatch "angles"
  // CHECK-SAME: kernels = {cpu = "rope_table"}
  // CHECK-SAME: "cpu: rope_table: taken, rope_table n=8 scaling=3f800000"
  %inv = lathe.constant "inv_freq" dense<0.5> : tensor<8xf32>
  %cs:2 = lathe.dispatch "angles" (%a = %positions : tensor<?xi32, #t>, %b = %inv : tensor<8xf32>) -> (tensor<?x8xf32, #t>, tensor<?x8xf32, #t>) {
    %cos, %sin = lathe.rope_table %a, %b : tensor<?xi32, #t>, tensor<8xf32>
    lathe.yield %cos, %sin : tensor<?x8xf32, #t>, tensor<?x8xf32, #t>
  }
  return %y, %e, %cs#1 : tensor<?x48xf32, #t>, tensor<?x32xf32, #t>, tensor<?x8xf32, #t>
}

// -----

#t = #lathe.sym<tokens>
!cache = !lathe.kv_cache<name = "kv", layers = 3, kv_heads = 2, head_dim = 16, dtype = f32, page = 64, window = 128>
!layer = !lathe.kv_layer<kv_heads = 2, head_dim = 16, dtype = f32, page = 64, window = 128>

// A layer function sees a cache layer; how far its pages stand apart is known where it is called: 3 layers x 2 x 64 x 32 x 4 bytes.
// CHECK-LABEL: func.func private @layer
func.func private @layer(%q: tensor<?x4x16xf32, #t>, %kv: !layer, %p: tensor<?xi32, #t>, %s: tensor<?xi32, #t>) -> tensor<?x64xf32, #t> {
  // CHECK: lathe.dispatch "attention"
  // CHECK-SAME: kernels = {cpu = "attention"}
  // CHECK-SAME: "cpu: attention: taken, attention q_heads=4 f32 heads=2x16 page_bytes=49152 window=128 scale=3e800000"
  %a = lathe.dispatch "attention" (%i = %q : tensor<?x4x16xf32, #t>, %k = %kv : !layer, %pp = %p : tensor<?xi32, #t>, %ss = %s : tensor<?xi32, #t>) -> tensor<?x64xf32, #t> {
    %o = lathe.attention %i, %k, %pp, %ss {scale = 0.25 : f64} : tensor<?x4x16xf32, #t>, !layer, tensor<?xi32, #t>, tensor<?xi32, #t>
    %m = lathe.reshape %o : tensor<?x4x16xf32, #t> -> tensor<?x64xf32, #t>
    lathe.yield %m : tensor<?x64xf32, #t>
  }
  return %a : tensor<?x64xf32, #t>
}

func.func @step(%q: tensor<?x4x16xf32, #t>, %p: tensor<?xi32, #t>, %s: tensor<?xi32, #t>, %kv: !cache) -> tensor<?x64xf32, #t> {
  %l = lathe.cache_layer %kv[1] : !cache
  %y = call @layer(%q, %l, %p, %s) : (tensor<?x4x16xf32, #t>, !layer, tensor<?xi32, #t>, tensor<?xi32, #t>) -> tensor<?x64xf32, #t>
  return %y : tensor<?x64xf32, #t>
}

// -----

#t = #lathe.sym<tokens>

// What no candidate can run is an error that says why, one note for each.
func.func @step(%x: tensor<?x32xf32, #t>) -> tensor<?x32xf32, #t> {
  // expected-error @+11 {{phase select: target cpu has no kernel for dispatch 'odd'}}
  // expected-note @+10 {{grouped_matmul: no}}
  // expected-note @+9 {{matmul: no, has no epilogue for lathe.softplus}}
  // expected-note @+8 {{attention: no, there is no single attention}}
  // expected-note @+7 {{rope_table: no, the dispatch is not a single rope_table}}
  // expected-note @+6 {{argmax: no}}
  // expected-note @+5 {{sample: no}}
  // expected-note @+4 {{moe_route: no}}
  // expected-note @+3 {{moe_dispatch: no}}
  // expected-note @+2 {{moe_combine: no}}
  // expected-note @+1 {{rowwise: no, has no way to run lathe.softplus}}
  %y = lathe.dispatch "odd" (%a = %x : tensor<?x32xf32, #t>) -> tensor<?x32xf32, #t> {
    %n = lathe.softplus %a : tensor<?x32xf32, #t>
    lathe.yield %n : tensor<?x32xf32, #t>
  }
  return %y : tensor<?x32xf32, #t>
}
