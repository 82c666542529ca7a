// The table kernel runs a single rope_table and nothing with it; keys tell scalings apart.
// RUN: lathe-opt %s --split-input-file --lathe-select-kernels=targets=cpu --verify-diagnostics | FileCheck %s

#t = #lathe.sym<tokens>

// CHECK-LABEL: func.func @taken
func.func @taken(%p: tensor<?xi32, #t>, %inv: tensor<8xf32>) -> (tensor<?x8xf32, #t>, tensor<?x8xf32, #t>) {
  // CHECK: lathe.dispatch "angles"
  // CHECK-SAME: "cpu: rope_table: taken, rope_table n=8 scaling=40000000"
  %r:2 = lathe.dispatch "angles" (%a = %p : tensor<?xi32, #t>, %b = %inv : tensor<8xf32>) -> (tensor<?x8xf32, #t>, tensor<?x8xf32, #t>) {
    %cos, %sin = lathe.rope_table %a, %b {scaling = 2.0 : f64} : tensor<?xi32, #t>, tensor<8xf32>
    lathe.yield %cos, %sin : tensor<?x8xf32, #t>, tensor<?x8xf32, #t>
  }
  return %r#0, %r#1 : tensor<?x8xf32, #t>, tensor<?x8xf32, #t>
}

// -----

#t = #lathe.sym<tokens>

func.func @half_is_dropped(%p: tensor<?xi32, #t>, %inv: tensor<8xf32>) {
  // expected-error @+11 {{has no kernel for dispatch 'angles'}}
  // expected-note @+10 {{grouped_matmul: no}}
  // expected-note @+9 {{matmul: no}}
  // expected-note @+8 {{attention: no}}
  // expected-note @+7 {{rope_table: no, what the anchor computes is not a result of the dispatch}}
  // expected-note @+6 {{argmax: no}}
  // expected-note @+5 {{sample: no}}
  // expected-note @+4 {{moe_route: no}}
  // expected-note @+3 {{moe_dispatch: no}}
  // expected-note @+2 {{moe_combine: no}}
  // expected-note @+1 {{rowwise: no}}
  %r = lathe.dispatch "angles" (%a = %p : tensor<?xi32, #t>, %b = %inv : tensor<8xf32>) -> tensor<?x8xf32, #t> {
    %cos, %sin = lathe.rope_table %a, %b : tensor<?xi32, #t>, tensor<8xf32>
    lathe.yield %cos : tensor<?x8xf32, #t>
  }
  return
}
