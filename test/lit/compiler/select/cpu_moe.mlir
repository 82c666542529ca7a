// Mixtures of experts: routing, dispatch and sum alone, products with their swiglu.
// RUN: lathe-opt %s --lathe-select-kernels=targets=cpu | FileCheck %s

#t = #lathe.sym<tokens>

lathe.param @up : tensor<6x48x32xbf16>
lathe.param @gate : tensor<6x48x32xbf16>
lathe.param @down : tensor<6x32x48xbf16>

// CHECK-LABEL: func.func @mixture
func.func @mixture(%x: tensor<?x32xf32, #t>, %s: tensor<?x6xf32, #t>, %b: tensor<6xf32>) -> tensor<?x32xf32, #t> {
  %up = lathe.weight @up : tensor<6x48x32xbf16>
  %gate = lathe.weight @gate : tensor<6x48x32xbf16>
  %down = lathe.weight @down : tensor<6x32x48xbf16>
  // CHECK: lathe.dispatch "route"
  // CHECK-SAME: kernels = {cpu = "moe_route"}
  // CHECK-SAME: "cpu: moe_route: taken, moe_route 2 of 6 by sigmoid normalized bias scale=3"
  %e, %w = lathe.dispatch "route" (%i = %s : tensor<?x6xf32, #t>, %j = %b : tensor<6xf32>) -> (tensor<?x2xi32, #t>, tensor<?x2xf32, #t>) {
    %p, %q = lathe.moe_route 2 of %i bias %j by "sigmoid" {normalize, scale = 3.0} : tensor<?x6xf32, #t>, tensor<6xf32>
    lathe.yield %p, %q : tensor<?x2xi32, #t>, tensor<?x2xf32, #t>
  }
  // CHECK: lathe.dispatch "order"
  // CHECK-SAME: "cpu: moe_dispatch: taken, moe_dispatch 2 among 6"
  %r, %l, %n = lathe.dispatch "order" (%i = %e : tensor<?x2xi32, #t>) -> (tensor<?x2xi32, #t>, tensor<?x2xi32, #t>, tensor<6xi32>) {
    %p, %q, %o = lathe.moe_dispatch %i among 6 : tensor<?x2xi32, #t>
    lathe.yield %p, %q, %o : tensor<?x2xi32, #t>, tensor<?x2xi32, #t>, tensor<6xi32>
  }
  // CHECK: lathe.dispatch "gate_up"
  // CHECK-SAME: kernels = {cpu = "grouped_matmul"}
  // CHECK-SAME: "cpu: grouped_matmul: taken, matmul k=32 n=48+48 weights=bf16 experts=6 gathered epilogue=swiglu limit=7"
  %h = lathe.dispatch "gate_up" (%i = %x : tensor<?x32xf32, #t>, %j = %r : tensor<?x2xi32, #t>, %k = %n : tensor<6xi32>,
                                 %a = %up : tensor<6x48x32xbf16>, %g = %gate : tensor<6x48x32xbf16>) -> tensor<?x2x48xf32, #t> {
    %p = lathe.grouped_matmul %i at %j, %k, %a : tensor<?x32xf32, #t>, tensor<6xi32>, tensor<6x48x32xbf16>, tensor<?x2xi32, #t>
    %q = lathe.grouped_matmul %i at %j, %k, %g : tensor<?x32xf32, #t>, tensor<6xi32>, tensor<6x48x32xbf16>, tensor<?x2xi32, #t>
    %o = lathe.swiglu %q, %p {limit = 7.0} : tensor<?x2x48xf32, #t>
    lathe.yield %o : tensor<?x2x48xf32, #t>
  }
  // CHECK: lathe.dispatch "down"
  // CHECK-SAME: "cpu: grouped_matmul: taken, matmul k=48 n=32 weights=bf16 experts=6"
  %y = lathe.dispatch "down" (%i = %h : tensor<?x2x48xf32, #t>, %k = %n : tensor<6xi32>, %d = %down : tensor<6x32x48xbf16>) -> tensor<?x2x32xf32, #t> {
    %p = lathe.grouped_matmul %i, %k, %d : tensor<?x2x48xf32, #t>, tensor<6xi32>, tensor<6x32x48xbf16>
    lathe.yield %p : tensor<?x2x32xf32, #t>
  }
  // CHECK: lathe.dispatch "sum"
  // CHECK-SAME: "cpu: moe_combine: taken, moe_combine 2 n=32"
  %z = lathe.dispatch "sum" (%i = %y : tensor<?x2x32xf32, #t>, %j = %l : tensor<?x2xi32, #t>, %k = %w : tensor<?x2xf32, #t>) -> tensor<?x32xf32, #t> {
    %p = lathe.moe_combine %i at %j, %k : tensor<?x2x32xf32, #t>, tensor<?x2xi32, #t>, tensor<?x2xf32, #t>
    lathe.yield %p : tensor<?x32xf32, #t>
  }
  return %z : tensor<?x32xf32, #t>
}
