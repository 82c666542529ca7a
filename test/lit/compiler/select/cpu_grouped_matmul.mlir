// Products whose rows are grouped by expert: what one kernel takes, and why not. cpu_moe.mlir has a whole mixture.
// RUN: lathe-opt %s --split-input-file --lathe-select-kernels=targets=cpu --verify-diagnostics | FileCheck %s

#t = #lathe.sym<tokens>

// CHECK-LABEL: func.func @sorted_rows
func.func @sorted_rows(%x: tensor<?x2x32xf32, #t>, %n: tensor<6xi32>, %w: tensor<6x48x32xf32>) -> tensor<?x2x48xf32, #t> {
  // CHECK: "cpu: grouped_matmul: taken, matmul k=32 n=48 weights=f32 experts=6"
  %y = lathe.dispatch "one" (%i = %x : tensor<?x2x32xf32, #t>, %k = %n : tensor<6xi32>, %a = %w : tensor<6x48x32xf32>) -> tensor<?x2x48xf32, #t> {
    %b = lathe.grouped_matmul %i, %k, %a : tensor<?x2x32xf32, #t>, tensor<6xi32>, tensor<6x48x32xf32>
    lathe.yield %b : tensor<?x2x48xf32, #t>
  }
  return %y : tensor<?x2x48xf32, #t>
}

// -----

#t = #lathe.sym<tokens>

lathe.param @w : tensor<6x48x32xbf16>

func.func @two_that_do_not_meet(%x: tensor<?x2x32xf32, #t>, %n: tensor<6xi32>) {
  %w = lathe.weight @w : tensor<6x48x32xbf16>
  // expected-error @+11 {{has no kernel for dispatch 'two'}}
  // expected-note @+10 {{grouped_matmul: no, takes one product, or two that meet in a swiglu}}
  // expected-note @+9 {{matmul: no}}
  // expected-note @+8 {{attention: no}}
  // expected-note @+7 {{rope_table: no}}
  // expected-note @+6 {{argmax: no}}
  // expected-note @+5 {{sample: no}}
  // expected-note @+4 {{moe_route: no, the dispatch is not a single moe_route}}
  // expected-note @+3 {{moe_dispatch: no, the dispatch is not a single moe_dispatch}}
  // expected-note @+2 {{moe_combine: no, the dispatch is not a single moe_combine}}
  // expected-note @+1 {{rowwise: no}}
  %p, %q = lathe.dispatch "two" (%i = %x : tensor<?x2x32xf32, #t>, %k = %n : tensor<6xi32>, %a = %w : tensor<6x48x32xbf16>)
      -> (tensor<?x2x48xf32, #t>, tensor<?x2x48xf32, #t>) {
    %b = lathe.grouped_matmul %i, %k, %a : tensor<?x2x32xf32, #t>, tensor<6xi32>, tensor<6x48x32xbf16>
    %c = lathe.grouped_matmul %i, %k, %a : tensor<?x2x32xf32, #t>, tensor<6xi32>, tensor<6x48x32xbf16>
    lathe.yield %b, %c : tensor<?x2x48xf32, #t>, tensor<?x2x48xf32, #t>
  }
  return
}
