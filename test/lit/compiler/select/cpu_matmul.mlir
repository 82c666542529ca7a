// Which groups of matmuls the CPU's kernel runs, by its key, and why it declines others.
// RUN: lathe-opt %s --split-input-file --lathe-select-kernels=targets=cpu --verify-diagnostics | FileCheck %s

#t = #lathe.sym<tokens>

// CHECK-LABEL: func.func @taken
func.func @taken(%x: tensor<?x32xf32, #t>, %a: tensor<48x32xbf16>, %b: tensor<16x32xbf16>, %f: tensor<32x32xf32>, %bias: tensor<32xbf16>)
    -> (tensor<?x48xf32, #t>, tensor<?x2x8xf32, #t>, tensor<?x32xf32, #t>, tensor<?x32xf32, #t>, tensor<?x16xf32, #t>) {
  // CHECK: lathe.dispatch "two"
  // CHECK-SAME: "cpu: matmul: taken, matmul k=32 n=48+16 weights=bf16"
  %r:2 = lathe.dispatch "two" (%i = %x : tensor<?x32xf32, #t>, %p = %a : tensor<48x32xbf16>, %q = %b : tensor<16x32xbf16>) -> (tensor<?x48xf32, #t>, tensor<?x2x8xf32, #t>) {
    %m = lathe.matmul %i, %p : tensor<?x32xf32, #t>, tensor<48x32xbf16>
    %n = lathe.matmul %i, %q : tensor<?x32xf32, #t>, tensor<16x32xbf16>
    %h = lathe.reshape %n : tensor<?x16xf32, #t> -> tensor<?x2x8xf32, #t>
    lathe.yield %m, %h : tensor<?x48xf32, #t>, tensor<?x2x8xf32, #t>
  }
  // CHECK: lathe.dispatch "bias"
  // CHECK-SAME: "cpu: matmul: taken, matmul k=32 n=32 weights=f32 bias=bf16"
  %s = lathe.dispatch "bias" (%i = %x : tensor<?x32xf32, #t>, %p = %f : tensor<32x32xf32>, %q = %bias : tensor<32xbf16>) -> tensor<?x32xf32, #t> {
    %m = lathe.matmul %i, %p bias %q : tensor<?x32xf32, #t>, tensor<32x32xf32>, tensor<32xbf16>
    lathe.yield %m : tensor<?x32xf32, #t>
  }
  // The residual may stand on either side.
  // CHECK: lathe.dispatch "residual"
  // CHECK-SAME: "cpu: matmul: taken, matmul k=32 n=32 weights=f32 epilogue=residual"
  %t = lathe.dispatch "residual" (%i = %s : tensor<?x32xf32, #t>, %p = %f : tensor<32x32xf32>, %q = %x : tensor<?x32xf32, #t>) -> tensor<?x32xf32, #t> {
    %m = lathe.matmul %i, %p : tensor<?x32xf32, #t>, tensor<32x32xf32>
    %n = lathe.add %q, %m : tensor<?x32xf32, #t>
    lathe.yield %n : tensor<?x32xf32, #t>
  }
  // CHECK: lathe.dispatch "swiglu"
  // CHECK-SAME: "cpu: matmul: taken, matmul k=32 n=16+16 weights=bf16 epilogue=swiglu limit=7"
  %u = lathe.dispatch "swiglu" (%i = %x : tensor<?x32xf32, #t>, %p = %b : tensor<16x32xbf16>) -> tensor<?x16xf32, #t> {
    %m = lathe.matmul %i, %p : tensor<?x32xf32, #t>, tensor<16x32xbf16>
    %n = lathe.matmul %i, %p : tensor<?x32xf32, #t>, tensor<16x32xbf16>
    %o = lathe.swiglu %m, %n {limit = 7.0 : f64} : tensor<?x16xf32, #t>
    lathe.yield %o : tensor<?x16xf32, #t>
  }
  return %r#0, %r#1, %s, %t, %u : tensor<?x48xf32, #t>, tensor<?x2x8xf32, #t>, tensor<?x32xf32, #t>, tensor<?x32xf32, #t>, tensor<?x16xf32, #t>
}

// -----

#t = #lathe.sym<tokens>

// CHECK-LABEL: func.func @maxima
func.func @maxima(%x: tensor<?x32xf32, #t>, %f: tensor<40x32xf32>) -> (tensor<?x40xf32, #t>, tensor<?x3xf32, #t>) {
  // CHECK: lathe.dispatch "head"
  // CHECK-SAME: "cpu: matmul: taken, matmul k=32 n=40 weights=f32 and maxima of blocks"
  %r:2 = lathe.dispatch "head" (%i = %x : tensor<?x32xf32, #t>, %p = %f : tensor<40x32xf32>) -> (tensor<?x40xf32, #t>, tensor<?x3xf32, #t>) {
    %m = lathe.matmul %i, %p : tensor<?x32xf32, #t>, tensor<40x32xf32>
    %b = lathe.block_max %m by 16 : tensor<?x40xf32, #t>
    lathe.yield %m, %b : tensor<?x40xf32, #t>, tensor<?x3xf32, #t>
  }
  return %r#0, %r#1 : tensor<?x40xf32, #t>, tensor<?x3xf32, #t>
}

// -----

#t = #lathe.sym<tokens>

func.func @maxima_of_other_blocks(%x: tensor<?x32xf32, #t>, %f: tensor<40x32xf32>) {
  // expected-error @+11 {{has no kernel for dispatch 'head'}}
  // expected-note @+10 {{grouped_matmul: no}}
  // expected-note @+9 {{matmul: no, leaves maxima of 16 columns, not of 8}}
  // expected-note @+8 {{attention: no}}
  // expected-note @+7 {{rope_table: no}}
  // expected-note @+6 {{argmax: no}}
  // expected-note @+5 {{sample: no}}
  // expected-note @+4 {{moe_route: no}}
  // expected-note @+3 {{moe_dispatch: no}}
  // expected-note @+2 {{moe_combine: no}}
  // expected-note @+1 {{rowwise: no}}
  %r:2 = lathe.dispatch "head" (%i = %x : tensor<?x32xf32, #t>, %p = %f : tensor<40x32xf32>) -> (tensor<?x40xf32, #t>, tensor<?x5xf32, #t>) {
    %m = lathe.matmul %i, %p : tensor<?x32xf32, #t>, tensor<40x32xf32>
    %b = lathe.block_max %m by 8 : tensor<?x40xf32, #t>
    lathe.yield %m, %b : tensor<?x40xf32, #t>, tensor<?x5xf32, #t>
  }
  return
}

// -----

#t = #lathe.sym<tokens>

func.func @maxima_of_one_of_two(%x: tensor<?x32xf32, #t>, %f: tensor<40x32xf32>) {
  // expected-error @+11 {{has no kernel for dispatch 'head'}}
  // expected-note @+10 {{grouped_matmul: no}}
  // expected-note @+9 {{matmul: no, the maxima of blocks belong to no single matmul}}
  // expected-note @+8 {{attention: no}}
  // expected-note @+7 {{rope_table: no}}
  // expected-note @+6 {{argmax: no}}
  // expected-note @+5 {{sample: no}}
  // expected-note @+4 {{moe_route: no}}
  // expected-note @+3 {{moe_dispatch: no}}
  // expected-note @+2 {{moe_combine: no}}
  // expected-note @+1 {{rowwise: no}}
  %r = lathe.dispatch "head" (%i = %x : tensor<?x32xf32, #t>, %p = %f : tensor<40x32xf32>) -> tensor<?x3xf32, #t> {
    %m = lathe.matmul %i, %p : tensor<?x32xf32, #t>, tensor<40x32xf32>
    %n = lathe.matmul %i, %p : tensor<?x32xf32, #t>, tensor<40x32xf32>
    %b = lathe.block_max %m by 16 : tensor<?x40xf32, #t>
    lathe.yield %b : tensor<?x3xf32, #t>
  }
  return
}

// -----

#t = #lathe.sym<tokens>

#int8 = #lathe.group_quant<int8, group = 128>
#int4 = #lathe.group_quant<int4, group = 32>

// CHECK-LABEL: func.func @small_integers
func.func @small_integers(%x: tensor<?x40xf32, #t>, %a: tensor<16x40xf32, #int8>, %b: tensor<16x40xf32, #int4>)
    -> (tensor<?x16xf32, #t>, tensor<?x16xf32, #t>) {
  // CHECK: lathe.dispatch "int8"
  // CHECK-SAME: "cpu: matmul: taken, matmul k=40 n=16 weights=int8g128"
  %r = lathe.dispatch "int8" (%i = %x : tensor<?x40xf32, #t>, %p = %a : tensor<16x40xf32, #int8>) -> tensor<?x16xf32, #t> {
    %m = lathe.matmul %i, %p : tensor<?x40xf32, #t>, tensor<16x40xf32, #int8>
    lathe.yield %m : tensor<?x16xf32, #t>
  }
  // CHECK: lathe.dispatch "int4"
  // CHECK-SAME: "cpu: matmul: taken, matmul k=40 n=16 weights=int4g32"
  %s = lathe.dispatch "int4" (%i = %x : tensor<?x40xf32, #t>, %p = %b : tensor<16x40xf32, #int4>) -> tensor<?x16xf32, #t> {
    %m = lathe.matmul %i, %p : tensor<?x40xf32, #t>, tensor<16x40xf32, #int4>
    lathe.yield %m : tensor<?x16xf32, #t>
  }
  return %r, %s : tensor<?x16xf32, #t>, tensor<?x16xf32, #t>
}

// -----

#t = #lathe.sym<tokens>

// CHECK-LABEL: func.func @norm
func.func @norm(%x: tensor<?x32xf32, #t>, %g: tensor<32xbf16>, %h: tensor<32xf32>, %w: tensor<32x32xf32>)
    -> (tensor<?x32xf32, #t>, tensor<?x32xf32, #t>) {
  // CHECK: lathe.dispatch "residual"
  // CHECK-SAME: "cpu: matmul: taken, matmul k=32 n=32 weights=f32 norm=bf16 eps=9.99999997e-07 epilogue=residual"
  %r = lathe.dispatch "residual" (%i = %x : tensor<?x32xf32, #t>, %p = %g : tensor<32xbf16>, %q = %w : tensor<32x32xf32>) -> tensor<?x32xf32, #t> {
    %n = lathe.rms_norm %i, %p {eps = 1.0e-6 : f64} : tensor<?x32xf32, #t>, tensor<32xbf16>
    %m = lathe.matmul %n, %q : tensor<?x32xf32, #t>, tensor<32x32xf32>
    %s = lathe.add %i, %m : tensor<?x32xf32, #t>
    lathe.yield %s : tensor<?x32xf32, #t>
  }
  // CHECK: lathe.dispatch "offset"
  // CHECK-SAME: "cpu: matmul: taken, matmul k=32 n=32 weights=f32 norm=f32 eps=0.5 offset=1"
  %t = lathe.dispatch "offset" (%i = %x : tensor<?x32xf32, #t>, %p = %h : tensor<32xf32>, %q = %w : tensor<32x32xf32>) -> tensor<?x32xf32, #t> {
    %n = lathe.rms_norm %i, %p {eps = 0.5 : f64, offset = 1.0 : f64} : tensor<?x32xf32, #t>, tensor<32xf32>
    %m = lathe.matmul %n, %q : tensor<?x32xf32, #t>, tensor<32x32xf32>
    lathe.yield %m : tensor<?x32xf32, #t>
  }
  return %r, %t : tensor<?x32xf32, #t>, tensor<?x32xf32, #t>
}

// -----

#t = #lathe.sym<tokens>

func.func @norm_of_the_product(%x: tensor<?x32xf32, #t>, %g: tensor<32xf32>, %w: tensor<32x32xf32>) {
  // expected-error @+11 {{has no kernel for dispatch 'behind'}}
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
  %r = lathe.dispatch "behind" (%i = %x : tensor<?x32xf32, #t>, %p = %g : tensor<32xf32>, %q = %w : tensor<32x32xf32>) -> tensor<?x32xf32, #t> {
    %m = lathe.matmul %i, %q : tensor<?x32xf32, #t>, tensor<32x32xf32>
    %n = lathe.rms_norm %m, %p {eps = 1.0e-6 : f64} : tensor<?x32xf32, #t>, tensor<32xf32>
    lathe.yield %n : tensor<?x32xf32, #t>
  }
  return
}

// -----

#t = #lathe.sym<tokens>

// The normalised rows go to no memory that others read.
func.func @norm_is_read(%x: tensor<?x32xf32, #t>, %g: tensor<32xf32>, %w: tensor<32x32xf32>) {
  // expected-error @+11 {{has no kernel for dispatch 'both'}}
  // expected-note @+10 {{grouped_matmul: no}}
  // expected-note @+9 {{matmul: no, does not write result 1 of the dispatch}}
  // expected-note @+8 {{attention: no}}
  // expected-note @+7 {{rope_table: no}}
  // expected-note @+6 {{argmax: no}}
  // expected-note @+5 {{sample: no}}
  // expected-note @+4 {{moe_route: no}}
  // expected-note @+3 {{moe_dispatch: no}}
  // expected-note @+2 {{moe_combine: no}}
  // expected-note @+1 {{rowwise: no}}
  %r:2 = lathe.dispatch "both" (%i = %x : tensor<?x32xf32, #t>, %p = %g : tensor<32xf32>, %q = %w : tensor<32x32xf32>) -> (tensor<?x32xf32, #t>, tensor<?x32xf32, #t>) {
    %n = lathe.rms_norm %i, %p {eps = 1.0e-6 : f64} : tensor<?x32xf32, #t>, tensor<32xf32>
    %m = lathe.matmul %n, %q : tensor<?x32xf32, #t>, tensor<32x32xf32>
    lathe.yield %m, %n : tensor<?x32xf32, #t>, tensor<?x32xf32, #t>
  }
  return
}

// -----

#t = #lathe.sym<tokens>

func.func @half_norm(%x: tensor<?x32xf32, #t>, %g: tensor<32xf16>, %w: tensor<32x32xf32>) {
  // expected-error @+11 {{has no kernel for dispatch 'half_norm'}}
  // expected-note @+10 {{grouped_matmul: no}}
  // expected-note @+9 {{matmul: no, an operand is neither f32 nor bf16}}
  // expected-note @+8 {{attention: no}}
  // expected-note @+7 {{rope_table: no}}
  // expected-note @+6 {{argmax: no}}
  // expected-note @+5 {{sample: no}}
  // expected-note @+4 {{moe_route: no}}
  // expected-note @+3 {{moe_dispatch: no}}
  // expected-note @+2 {{moe_combine: no}}
  // expected-note @+1 {{rowwise: no}}
  %r = lathe.dispatch "half_norm" (%i = %x : tensor<?x32xf32, #t>, %p = %g : tensor<32xf16>, %q = %w : tensor<32x32xf32>) -> tensor<?x32xf32, #t> {
    %n = lathe.rms_norm %i, %p {eps = 1.0e-6 : f64} : tensor<?x32xf32, #t>, tensor<32xf16>
    %m = lathe.matmul %n, %q : tensor<?x32xf32, #t>, tensor<32x32xf32>
    lathe.yield %m : tensor<?x32xf32, #t>
  }
  return
}

// -----

#t = #lathe.sym<tokens>

func.func @other_inputs(%x: tensor<?x32xf32, #t>, %z: tensor<?x32xf32, #t>, %w: tensor<16x32xf32>) {
  // expected-error @+11 {{has no kernel for dispatch 'two'}}
  // expected-note @+10 {{grouped_matmul: no}}
  // expected-note @+9 {{matmul: no, the matmuls have different inputs}}
  // expected-note @+8 {{attention: no}}
  // expected-note @+7 {{rope_table: no}}
  // expected-note @+6 {{argmax: no}}
  // expected-note @+5 {{sample: no}}
  // expected-note @+4 {{moe_route: no}}
  // expected-note @+3 {{moe_dispatch: no}}
  // expected-note @+2 {{moe_combine: no}}
  // expected-note @+1 {{rowwise: no, has no way to run lathe.matmul}}
  %r:2 = lathe.dispatch "two" (%i = %x : tensor<?x32xf32, #t>, %j = %z : tensor<?x32xf32, #t>, %p = %w : tensor<16x32xf32>) -> (tensor<?x16xf32, #t>, tensor<?x16xf32, #t>) {
    %m = lathe.matmul %i, %p : tensor<?x32xf32, #t>, tensor<16x32xf32>
    %n = lathe.matmul %j, %p : tensor<?x32xf32, #t>, tensor<16x32xf32>
    lathe.yield %m, %n : tensor<?x16xf32, #t>, tensor<?x16xf32, #t>
  }
  return
}

// -----

#t = #lathe.sym<tokens>

func.func @half(%x: tensor<?x32xf32, #t>, %w: tensor<16x32xf16>) {
  // expected-error @+11 {{has no kernel for dispatch 'half'}}
  // expected-note @+10 {{grouped_matmul: no}}
  // expected-note @+9 {{matmul: no, no packed layout for weights of type f16}}
  // expected-note @+8 {{attention: no}}
  // expected-note @+7 {{rope_table: no}}
  // expected-note @+6 {{argmax: no}}
  // expected-note @+5 {{sample: no}}
  // expected-note @+4 {{moe_route: no}}
  // expected-note @+3 {{moe_dispatch: no}}
  // expected-note @+2 {{moe_combine: no}}
  // expected-note @+1 {{rowwise: no}}
  %r = lathe.dispatch "half" (%i = %x : tensor<?x32xf32, #t>, %p = %w : tensor<16x32xf16>) -> tensor<?x16xf32, #t> {
    %m = lathe.matmul %i, %p : tensor<?x32xf32, #t>, tensor<16x32xf16>
    lathe.yield %m : tensor<?x16xf32, #t>
  }
  return
}

// -----

#t = #lathe.sym<tokens>

// The product goes to memory nowhere but through the epilogue.
func.func @product_is_read(%x: tensor<?x32xf32, #t>, %w: tensor<32x32xf32>) {
  // expected-error @+11 {{has no kernel for dispatch 'twice'}}
  // expected-note @+10 {{grouped_matmul: no}}
  // expected-note @+9 {{matmul: no, does not write result 0 of the dispatch}}
  // expected-note @+8 {{attention: no}}
  // expected-note @+7 {{rope_table: no}}
  // expected-note @+6 {{argmax: no}}
  // expected-note @+5 {{sample: no}}
  // expected-note @+4 {{moe_route: no}}
  // expected-note @+3 {{moe_dispatch: no}}
  // expected-note @+2 {{moe_combine: no}}
  // expected-note @+1 {{rowwise: no}}
  %r:2 = lathe.dispatch "twice" (%i = %x : tensor<?x32xf32, #t>, %p = %w : tensor<32x32xf32>) -> (tensor<?x32xf32, #t>, tensor<?x32xf32, #t>) {
    %m = lathe.matmul %i, %p : tensor<?x32xf32, #t>, tensor<32x32xf32>
    %n = lathe.add %m, %i : tensor<?x32xf32, #t>
    lathe.yield %m, %n : tensor<?x32xf32, #t>, tensor<?x32xf32, #t>
  }
  return
}
