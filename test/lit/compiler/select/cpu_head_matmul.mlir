// Matmuls with steps on the heads of their products: the key spells the steps of each, and why others are declined.
// RUN: lathe-opt %s --split-input-file --lathe-select-kernels=targets=cpu --verify-diagnostics | FileCheck %s

#t = #lathe.sym<tokens>
!cache = !lathe.kv_cache<name = "kv", layers = 1, kv_heads = 2, head_dim = 16, dtype = bf16, page = 64, window = 0>
!layer = !lathe.kv_layer<kv_heads = 2, head_dim = 16, dtype = bf16, page = 64, window = 0>

// CHECK-LABEL: func.func @taken
func.func @taken(%x: tensor<?x32xf32, #t>, %w: tensor<64x32xbf16>, %v: tensor<32x32xbf16>, %g: tensor<16xf32>, %cos: tensor<?x4xf32, #t>,
                 %sin: tensor<?x4xf32, #t>, %kv: !cache, %positions: tensor<?xi32, #t>, %sequence: tensor<?xi32, #t>) -> tensor<?x4x16xf32, #t> {
  %l = lathe.cache_layer %kv[0] : !cache
  // Operands: x, the weights, then norm, cos, sin; pool, page table, positions and sequences; the result.
  // CHECK: lathe.dispatch "qkv"
  // CHECK-SAME: kernels = {cpu = "matmul"}
  // CHECK-SAME: "cpu: matmul: taken, matmul k=32 n=64+32+32 weights=bf16 heads: 0=input(;)x16 1=rms_norm(0;4)x16 group=16 constant={{[0-9a-f]+}} 2=rope(1;5,6)x16 group=16 rotary=8 3=store(2;11)x16 heads: 0=input(;)x16 1=rope(0;5,6)x16 group=16 rotary=8 2=key_write(1;7,8,9,10)x16 cache=2x16 bf16 page_bytes=8192 value_offset=4096 heads: 0=input(;)x16 1=value_write(0;7,8,9,10)x16 cache=2x16 bf16 page_bytes=8192 value_offset=4096"
  %r = lathe.dispatch "qkv" (%i = %x : tensor<?x32xf32, #t>, %a = %w : tensor<64x32xbf16>, %b = %v : tensor<32x32xbf16>, %n = %g : tensor<16xf32>,
      %c = %cos : tensor<?x4xf32, #t>, %s = %sin : tensor<?x4xf32, #t>, %k = %l : !layer, %p = %positions : tensor<?xi32, #t>,
      %q = %sequence : tensor<?xi32, #t>) -> tensor<?x4x16xf32, #t> {
    %m0 = lathe.matmul %i, %a : tensor<?x32xf32, #t>, tensor<64x32xbf16>
    %m1 = lathe.matmul %i, %b : tensor<?x32xf32, #t>, tensor<32x32xbf16>
    %m2 = lathe.matmul %i, %b : tensor<?x32xf32, #t>, tensor<32x32xbf16>
    %h0 = lathe.reshape %m0 : tensor<?x64xf32, #t> -> tensor<?x4x16xf32, #t>
    %n0 = lathe.rms_norm %h0, %n {eps = 1.0e-6 : f64} : tensor<?x4x16xf32, #t>, tensor<16xf32>
    %r0 = lathe.rope %n0, %c, %s : tensor<?x4x16xf32, #t>, tensor<?x4xf32, #t>
    %h1 = lathe.reshape %m1 : tensor<?x32xf32, #t> -> tensor<?x2x16xf32, #t>
    %r1 = lathe.rope %h1, %c, %s : tensor<?x2x16xf32, #t>, tensor<?x4xf32, #t>
    %h2 = lathe.reshape %m2 : tensor<?x32xf32, #t> -> tensor<?x2x16xf32, #t>
    lathe.kv_write %k, %r1, %h2, %p, %q : !layer, tensor<?x2x16xf32, #t>, tensor<?x2x16xf32, #t>, tensor<?xi32, #t>, tensor<?xi32, #t>
    lathe.yield %r0 : tensor<?x4x16xf32, #t>
  }
  return %r : tensor<?x4x16xf32, #t>
}

// -----

#t = #lathe.sym<tokens>

func.func @no_heads(%x: tensor<?x32xf32, #t>, %w: tensor<64x32xf32>, %g: tensor<64xf32>) {
  // expected-error @+11 {{has no kernel for dispatch 'all'}}
  // expected-note @+10 {{grouped_matmul: no}}
  // expected-note @+9 {{matmul: no, a product is not split into heads}}
  // expected-note @+8 {{attention: no}}
  // expected-note @+7 {{rope_table: no}}
  // expected-note @+6 {{argmax: no}}
  // expected-note @+5 {{sample: no}}
  // expected-note @+4 {{moe_route: no}}
  // expected-note @+3 {{moe_dispatch: no}}
  // expected-note @+2 {{moe_combine: no}}
  // expected-note @+1 {{rowwise: no}}
  %r = lathe.dispatch "all" (%i = %x : tensor<?x32xf32, #t>, %a = %w : tensor<64x32xf32>, %n = %g : tensor<64xf32>) -> tensor<?x64xf32, #t> {
    %m = lathe.matmul %i, %a : tensor<?x32xf32, #t>, tensor<64x32xf32>
    %y = lathe.rms_norm %m, %n {eps = 1.0e-6 : f64} : tensor<?x64xf32, #t>, tensor<64xf32>
    lathe.yield %y : tensor<?x64xf32, #t>
  }
  return
}
