// Row-by-row ops as steps on the heads of products: each step belongs to one product, and sees one head.
// RUN: lathe-opt %s --split-input-file --lathe-select-kernels=targets=cpu --verify-diagnostics | FileCheck %s

#t = #lathe.sym<tokens>

// What another dispatch computed is read head by head too, and a result may be stored in any shape.
// CHECK-LABEL: func.func @elementwise
func.func @elementwise(%x: tensor<?x32xf32, #t>, %w: tensor<32x32xf32>, %o: tensor<?x2x16xf32, #t>) -> tensor<?x32xf32, #t> {
  // CHECK: lathe.dispatch "gated"
  // CHECK-SAME: "cpu: matmul: taken, matmul k=32 n=32 weights=f32 heads: 0=input(;)x16 1=silu(0;)x16 2=load(;2)x16 3=mul(1,2;)x16 4=scale(3;)x16 constant=3f000000 5=store(4;3)x16"
  %r = lathe.dispatch "gated" (%i = %x : tensor<?x32xf32, #t>, %a = %w : tensor<32x32xf32>, %b = %o : tensor<?x2x16xf32, #t>) -> tensor<?x32xf32, #t> {
    %m = lathe.matmul %i, %a : tensor<?x32xf32, #t>, tensor<32x32xf32>
    %h = lathe.reshape %m : tensor<?x32xf32, #t> -> tensor<?x2x16xf32, #t>
    %s = lathe.silu %h : tensor<?x2x16xf32, #t>
    %g = lathe.mul %s, %b : tensor<?x2x16xf32, #t>
    %c = lathe.scale %g {factor = 0.5 : f64} : tensor<?x2x16xf32, #t>
    %y = lathe.reshape %c : tensor<?x2x16xf32, #t> -> tensor<?x32xf32, #t>
    lathe.yield %y : tensor<?x32xf32, #t>
  }
  return %r : tensor<?x32xf32, #t>
}

// -----

#t = #lathe.sym<tokens>

func.func @two_products(%x: tensor<?x32xf32, #t>, %w: tensor<32x32xf32>) {
  // expected-error @+11 {{has no kernel for dispatch 'mixed'}}
  // expected-note @+10 {{grouped_matmul: no}}
  // expected-note @+9 {{matmul: no, an op reads two products}}
  // expected-note @+8 {{attention: no}}
  // expected-note @+7 {{rope_table: no}}
  // expected-note @+6 {{argmax: no}}
  // expected-note @+5 {{sample: no}}
  // expected-note @+4 {{moe_route: no}}
  // expected-note @+3 {{moe_dispatch: no}}
  // expected-note @+2 {{moe_combine: no}}
  // expected-note @+1 {{rowwise: no}}
  %r = lathe.dispatch "mixed" (%i = %x : tensor<?x32xf32, #t>, %a = %w : tensor<32x32xf32>) -> tensor<?x2x16xf32, #t> {
    %m = lathe.matmul %i, %a : tensor<?x32xf32, #t>, tensor<32x32xf32>
    %n = lathe.matmul %i, %a : tensor<?x32xf32, #t>, tensor<32x32xf32>
    %h = lathe.reshape %m : tensor<?x32xf32, #t> -> tensor<?x2x16xf32, #t>
    %g = lathe.reshape %n : tensor<?x32xf32, #t> -> tensor<?x2x16xf32, #t>
    %y = lathe.mul %h, %g : tensor<?x2x16xf32, #t>
    lathe.yield %y : tensor<?x2x16xf32, #t>
  }
  return
}

// -----

#t = #lathe.sym<tokens>

func.func @more_than_a_head(%x: tensor<?x32xf32, #t>, %w: tensor<32x32xf32>, %g: tensor<32xf32>) {
  // expected-error @+11 {{has no kernel for dispatch 'wide'}}
  // expected-note @+10 {{grouped_matmul: no}}
  // expected-note @+9 {{matmul: no, an op works on more than a head}}
  // expected-note @+8 {{attention: no}}
  // expected-note @+7 {{rope_table: no}}
  // expected-note @+6 {{argmax: no}}
  // expected-note @+5 {{sample: no}}
  // expected-note @+4 {{moe_route: no}}
  // expected-note @+3 {{moe_dispatch: no}}
  // expected-note @+2 {{moe_combine: no}}
  // expected-note @+1 {{rowwise: no}}
  %r = lathe.dispatch "wide" (%i = %x : tensor<?x32xf32, #t>, %a = %w : tensor<32x32xf32>, %n = %g : tensor<32xf32>) -> tensor<?x32xf32, #t> {
    %m = lathe.matmul %i, %a : tensor<?x32xf32, #t>, tensor<32x32xf32>
    %h = lathe.reshape %m : tensor<?x32xf32, #t> -> tensor<?x2x16xf32, #t>
    %f = lathe.reshape %h : tensor<?x2x16xf32, #t> -> tensor<?x32xf32, #t>
    %y = lathe.rms_norm %f, %n {eps = 1.0e-6 : f64} : tensor<?x32xf32, #t>, tensor<32xf32>
    lathe.yield %y : tensor<?x32xf32, #t>
  }
  return
}

// -----

#t = #lathe.sym<tokens>

func.func @unrelated(%x: tensor<?x32xf32, #t>, %w: tensor<32x32xf32>, %o: tensor<?x2x16xf32, #t>) {
  // expected-error @+11 {{has no kernel for dispatch 'beside'}}
  // expected-note @+10 {{grouped_matmul: no}}
  // expected-note @+9 {{matmul: no, an op reads none of the products}}
  // expected-note @+8 {{attention: no}}
  // expected-note @+7 {{rope_table: no}}
  // expected-note @+6 {{argmax: no}}
  // expected-note @+5 {{sample: no}}
  // expected-note @+4 {{moe_route: no}}
  // expected-note @+3 {{moe_dispatch: no}}
  // expected-note @+2 {{moe_combine: no}}
  // expected-note @+1 {{rowwise: no}}
  %r:2 = lathe.dispatch "beside" (%i = %x : tensor<?x32xf32, #t>, %a = %w : tensor<32x32xf32>, %b = %o : tensor<?x2x16xf32, #t>)
      -> (tensor<?x2x16xf32, #t>, tensor<?x2x16xf32, #t>) {
    %m = lathe.matmul %i, %a : tensor<?x32xf32, #t>, tensor<32x32xf32>
    %h = lathe.reshape %m : tensor<?x32xf32, #t> -> tensor<?x2x16xf32, #t>
    %y = lathe.silu %h : tensor<?x2x16xf32, #t>
    %z = lathe.silu %b : tensor<?x2x16xf32, #t>
    lathe.yield %y, %z : tensor<?x2x16xf32, #t>, tensor<?x2x16xf32, #t>
  }
  return
}
