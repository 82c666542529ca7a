// Caches that no CPU kernel reads, by what is wrong with them; and layer functions that serve several groups.
// RUN: lathe-opt %s --split-input-file --lathe-select-kernels=targets=cpu --verify-diagnostics | FileCheck %s

#t = #lathe.sym<tokens>
!cache = !lathe.kv_cache<name = "kv", layers = 1, kv_heads = 2, head_dim = 16, dtype = bf16, page = 32, window = 0>
!layer = !lathe.kv_layer<kv_heads = 2, head_dim = 16, dtype = bf16, page = 32, window = 0>

func.func @page(%kv: !cache, %k: tensor<?x2x16xf32, #t>, %p: tensor<?xi32, #t>, %s: tensor<?xi32, #t>) {
  %l = lathe.cache_layer %kv[0] : !cache
  // expected-error @+11 {{has no kernel for dispatch 'write'}}
  // expected-note @+10 {{grouped_matmul: no}}
  // expected-note @+9 {{matmul: no}}
  // expected-note @+8 {{attention: no}}
  // expected-note @+7 {{rope_table: no}}
  // expected-note @+6 {{argmax: no}}
  // expected-note @+5 {{sample: no}}
  // expected-note @+4 {{moe_route: no}}
  // expected-note @+3 {{moe_dispatch: no}}
  // expected-note @+2 {{moe_combine: no}}
  // expected-note @+1 {{rowwise: no, pages of 32 tokens; kernels read 64}}
  lathe.dispatch "write" (%c = %l : !layer, %kk = %k : tensor<?x2x16xf32, #t>, %pp = %p : tensor<?xi32, #t>, %ss = %s : tensor<?xi32, #t>) -> () {
    lathe.kv_write %c, %kk, %kk, %pp, %ss : !layer, tensor<?x2x16xf32, #t>, tensor<?x2x16xf32, #t>, tensor<?xi32, #t>, tensor<?xi32, #t>
    lathe.yield
  }
  return
}

// -----

#t = #lathe.sym<tokens>
!cache = !lathe.kv_cache<name = "kv", layers = 1, kv_heads = 2, head_dim = 512, dtype = bf16, page = 64, window = 0>
!layer = !lathe.kv_layer<kv_heads = 2, head_dim = 512, dtype = bf16, page = 64, window = 0>

func.func @head(%kv: !cache, %k: tensor<?x2x512xf32, #t>, %p: tensor<?xi32, #t>, %s: tensor<?xi32, #t>) {
  %l = lathe.cache_layer %kv[0] : !cache
  // expected-error @+11 {{has no kernel for dispatch 'write'}}
  // expected-note @+10 {{grouped_matmul: no}}
  // expected-note @+9 {{matmul: no}}
  // expected-note @+8 {{attention: no}}
  // expected-note @+7 {{rope_table: no}}
  // expected-note @+6 {{argmax: no}}
  // expected-note @+5 {{sample: no}}
  // expected-note @+4 {{moe_route: no}}
  // expected-note @+3 {{moe_dispatch: no}}
  // expected-note @+2 {{moe_combine: no}}
  // expected-note @+1 {{rowwise: no, heads of 512 elements; kernels read at most 256}}
  lathe.dispatch "write" (%c = %l : !layer, %kk = %k : tensor<?x2x512xf32, #t>, %pp = %p : tensor<?xi32, #t>, %ss = %s : tensor<?xi32, #t>) -> () {
    lathe.kv_write %c, %kk, %kk, %pp, %ss : !layer, tensor<?x2x512xf32, #t>, tensor<?x2x512xf32, #t>, tensor<?xi32, #t>, tensor<?xi32, #t>
    lathe.yield
  }
  return
}

// -----

#t = #lathe.sym<tokens>
!cache = !lathe.kv_cache<name = "kv", layers = 1, kv_heads = 2, head_dim = 16, dtype = f16, page = 64, window = 0>
!layer = !lathe.kv_layer<kv_heads = 2, head_dim = 16, dtype = f16, page = 64, window = 0>

func.func @dtype(%kv: !cache, %k: tensor<?x2x16xf32, #t>, %p: tensor<?xi32, #t>, %s: tensor<?xi32, #t>) {
  %l = lathe.cache_layer %kv[0] : !cache
  // expected-error @+11 {{has no kernel for dispatch 'write'}}
  // expected-note @+10 {{grouped_matmul: no}}
  // expected-note @+9 {{matmul: no}}
  // expected-note @+8 {{attention: no}}
  // expected-note @+7 {{rope_table: no}}
  // expected-note @+6 {{argmax: no}}
  // expected-note @+5 {{sample: no}}
  // expected-note @+4 {{moe_route: no}}
  // expected-note @+3 {{moe_dispatch: no}}
  // expected-note @+2 {{moe_combine: no}}
  // expected-note @+1 {{rowwise: no, the cache is neither f32 nor bf16}}
  lathe.dispatch "write" (%c = %l : !layer, %kk = %k : tensor<?x2x16xf32, #t>, %pp = %p : tensor<?xi32, #t>, %ss = %s : tensor<?xi32, #t>) -> () {
    lathe.kv_write %c, %kk, %kk, %pp, %ss : !layer, tensor<?x2x16xf32, #t>, tensor<?x2x16xf32, #t>, tensor<?xi32, #t>, tensor<?xi32, #t>
    lathe.yield
  }
  return
}

// -----

#t = #lathe.sym<tokens>
!two = !lathe.kv_cache<name = "kv", layers = 2, kv_heads = 2, head_dim = 16, dtype = bf16, page = 64, window = 0>
!one = !lathe.kv_cache<name = "kv.other", layers = 1, kv_heads = 2, head_dim = 16, dtype = bf16, page = 64, window = 0>
!layer = !lathe.kv_layer<kv_heads = 2, head_dim = 16, dtype = bf16, page = 64, window = 0>

func.func private @layer(%l: !layer, %k: tensor<?x2x16xf32, #t>, %p: tensor<?xi32, #t>, %s: tensor<?xi32, #t>) {
  // expected-error @+11 {{has no kernel for dispatch 'write'}}
  // expected-note @+10 {{grouped_matmul: no}}
  // expected-note @+9 {{matmul: no}}
  // expected-note @+8 {{attention: no}}
  // expected-note @+7 {{rope_table: no}}
  // expected-note @+6 {{argmax: no}}
  // expected-note @+5 {{sample: no}}
  // expected-note @+4 {{moe_route: no}}
  // expected-note @+3 {{moe_dispatch: no}}
  // expected-note @+2 {{moe_combine: no}}
  // expected-note @+1 {{rowwise: no, one layer function serves cache groups of different page sizes}}
  lathe.dispatch "write" (%c = %l : !layer, %kk = %k : tensor<?x2x16xf32, #t>, %pp = %p : tensor<?xi32, #t>, %ss = %s : tensor<?xi32, #t>) -> () {
    lathe.kv_write %c, %kk, %kk, %pp, %ss : !layer, tensor<?x2x16xf32, #t>, tensor<?x2x16xf32, #t>, tensor<?xi32, #t>, tensor<?xi32, #t>
    lathe.yield
  }
  return
}

func.func @step(%a: !two, %b: !one, %k: tensor<?x2x16xf32, #t>, %p: tensor<?xi32, #t>, %s: tensor<?xi32, #t>) {
  %l = lathe.cache_layer %a[0] : !two
  %m = lathe.cache_layer %b[0] : !one
  call @layer(%l, %k, %p, %s) : (!layer, tensor<?x2x16xf32, #t>, tensor<?xi32, #t>, tensor<?xi32, #t>) -> ()
  call @layer(%m, %k, %p, %s) : (!layer, tensor<?x2x16xf32, #t>, tensor<?xi32, #t>, tensor<?xi32, #t>) -> ()
  return
}

// -----

#t = #lathe.sym<tokens>
!cache = !lathe.kv_cache<name = "kv", layers = 5, kv_heads = 2, head_dim = 32, dtype = f32, page = 64, window = 0>
!layer = !lathe.kv_layer<kv_heads = 2, head_dim = 32, dtype = f32, page = 64, window = 0>

// 5 layers of keys and values, 2 heads of 32 f32, 64 tokens: 5 x 2 x 2 x 32 x 4 x 64 bytes.
// CHECK-LABEL: func.func @taken
func.func @taken(%kv: !cache, %k: tensor<?x2x32xf32, #t>, %p: tensor<?xi32, #t>, %s: tensor<?xi32, #t>) {
  %l = lathe.cache_layer %kv[0] : !cache
  // CHECK: lathe.dispatch "write"
  // CHECK-SAME: "cpu: rowwise: taken, rowwise {{.*}}page_bytes=163840
  lathe.dispatch "write" (%c = %l : !layer, %kk = %k : tensor<?x2x32xf32, #t>, %pp = %p : tensor<?xi32, #t>, %ss = %s : tensor<?xi32, #t>) -> () {
    lathe.kv_write %c, %kk, %kk, %pp, %ss : !layer, tensor<?x2x32xf32, #t>, tensor<?x2x32xf32, #t>, tensor<?xi32, #t>, tensor<?xi32, #t>
    lathe.yield
  }
  return
}
