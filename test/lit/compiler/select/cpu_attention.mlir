// What the CPU's attention kernel declines; what it takes is in select_kernels.mlir.
// RUN: lathe-opt %s --split-input-file --lathe-select-kernels=targets=cpu --verify-diagnostics

#t = #lathe.sym<tokens>
!cache = !lathe.kv_cache<name = "kv", layers = 1, kv_heads = 2, head_dim = 16, dtype = f32, page = 64, window = 0>
!layer = !lathe.kv_layer<kv_heads = 2, head_dim = 16, dtype = f32, page = 64, window = 0>

func.func @epilogue(%q: tensor<?x4x16xf32, #t>, %kv: !cache, %p: tensor<?xi32, #t>, %s: tensor<?xi32, #t>) {
  %l = lathe.cache_layer %kv[0] : !cache
  // expected-error @+11 {{has no kernel for dispatch 'attention'}}
  // expected-note @+10 {{grouped_matmul: no}}
  // expected-note @+9 {{matmul: no}}
  // expected-note @+8 {{attention: no, has no epilogue for lathe.neg}}
  // expected-note @+7 {{rope_table: no}}
  // expected-note @+6 {{argmax: no}}
  // expected-note @+5 {{sample: no}}
  // expected-note @+4 {{moe_route: no}}
  // expected-note @+3 {{moe_dispatch: no}}
  // expected-note @+2 {{moe_combine: no}}
  // expected-note @+1 {{rowwise: no}}
  %a = lathe.dispatch "attention" (%i = %q : tensor<?x4x16xf32, #t>, %k = %l : !layer, %pp = %p : tensor<?xi32, #t>, %ss = %s : tensor<?xi32, #t>) -> tensor<?x4x16xf32, #t> {
    %o = lathe.attention %i, %k, %pp, %ss {scale = 0.25 : f64} : tensor<?x4x16xf32, #t>, !layer, tensor<?xi32, #t>, tensor<?xi32, #t>
    %m = lathe.neg %o : tensor<?x4x16xf32, #t>
    lathe.yield %m : tensor<?x4x16xf32, #t>
  }
  return
}

// -----

#t = #lathe.sym<tokens>
!layer = !lathe.kv_layer<kv_heads = 2, head_dim = 16, dtype = f32, page = 64, window = 0>

// Nobody calls this function, so nobody says how far the pages stand apart. A call of itself changes nothing.
func.func private @layer(%q: tensor<?x4x16xf32, #t>, %kv: !layer, %p: tensor<?xi32, #t>, %s: tensor<?xi32, #t>) -> tensor<?x4x16xf32, #t> {
  // expected-error @+11 {{has no kernel for dispatch 'attention'}}
  // expected-note @+10 {{grouped_matmul: no}}
  // expected-note @+9 {{matmul: no}}
  // expected-note @+8 {{attention: no, the cache is not a layer of a cache group}}
  // expected-note @+7 {{rope_table: no}}
  // expected-note @+6 {{argmax: no}}
  // expected-note @+5 {{sample: no}}
  // expected-note @+4 {{moe_route: no}}
  // expected-note @+3 {{moe_dispatch: no}}
  // expected-note @+2 {{moe_combine: no}}
  // expected-note @+1 {{rowwise: no}}
  %a = lathe.dispatch "attention" (%i = %q : tensor<?x4x16xf32, #t>, %k = %kv : !layer, %pp = %p : tensor<?xi32, #t>, %ss = %s : tensor<?xi32, #t>) -> tensor<?x4x16xf32, #t> {
    %o = lathe.attention %i, %k, %pp, %ss {scale = 0.25 : f64} : tensor<?x4x16xf32, #t>, !layer, tensor<?xi32, #t>, tensor<?xi32, #t>
    lathe.yield %o : tensor<?x4x16xf32, #t>
  }
  %b = call @layer(%a, %kv, %p, %s) : (tensor<?x4x16xf32, #t>, !layer, tensor<?xi32, #t>, tensor<?xi32, #t>) -> tensor<?x4x16xf32, #t>
  return %b : tensor<?x4x16xf32, #t>
}
