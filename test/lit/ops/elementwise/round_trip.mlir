// Every elementwise op as it is written; attributes with their default values are not printed.
// RUN: lathe-opt %s | lathe-opt | FileCheck %s

// CHECK-LABEL: func.func @arithmetic
func.func @arithmetic(%a: tensor<2x4xf32>, %b: tensor<2x4xf32>) {
  // CHECK: %sum = lathe.add %arg0, %arg1 : tensor<2x4xf32>
  %0 = lathe.add %a, %b : tensor<2x4xf32>
  // CHECK: %difference = lathe.sub %arg0, %arg1 : tensor<2x4xf32>
  %1 = lathe.sub %a, %b : tensor<2x4xf32>
  // CHECK: %product = lathe.mul %arg0, %arg1 : tensor<2x4xf32>
  %2 = lathe.mul %a, %b : tensor<2x4xf32>
  // CHECK: %quotient = lathe.div %arg0, %arg1 : tensor<2x4xf32>
  %3 = lathe.div %a, %b : tensor<2x4xf32>
  // CHECK: %neg = lathe.neg %arg0 : tensor<2x4xf32>
  %4 = lathe.neg %a : tensor<2x4xf32>
  // CHECK: %exp = lathe.exp %arg0 : tensor<2x4xf32>
  %5 = lathe.exp %a : tensor<2x4xf32>
  // CHECK: %rsqrt = lathe.rsqrt %arg0 : tensor<2x4xf32>
  %6 = lathe.rsqrt %a : tensor<2x4xf32>
  // CHECK: %cos = lathe.cos %arg0 : tensor<2x4xf32>
  %7 = lathe.cos %a : tensor<2x4xf32>
  // CHECK: %sin = lathe.sin %arg0 : tensor<2x4xf32>
  %8 = lathe.sin %a : tensor<2x4xf32>
  // CHECK: %sigmoid = lathe.sigmoid %arg0 : tensor<2x4xf32>
  %9 = lathe.sigmoid %a : tensor<2x4xf32>
  // CHECK: %silu = lathe.silu %arg0 : tensor<2x4xf32>
  %10 = lathe.silu %a : tensor<2x4xf32>
  // CHECK: %softplus = lathe.softplus %arg0 : tensor<2x4xf32>
  %11 = lathe.softplus %a : tensor<2x4xf32>
  // CHECK: %clamp = lathe.clamp %arg0 {high = 2.000000e+00 : f64, low = -1.000000e+00 : f64} : tensor<2x4xf32>
  %12 = lathe.clamp %a {low = -1.0 : f64, high = 2.0 : f64} : tensor<2x4xf32>
  // CHECK: %scale = lathe.scale %arg0 {factor = 2.000000e+00 : f64} : tensor<2x4xf32>
  %13 = lathe.scale %a {factor = 2.0 : f64, offset = 0.0 : f64} : tensor<2x4xf32>
  // CHECK: lathe.scale %arg0 {factor = 2.000000e+00 : f64, offset = 1.000000e+00 : f64} : tensor<2x4xf32>
  %14 = lathe.scale %a {factor = 2.0 : f64, offset = 1.0 : f64} : tensor<2x4xf32>
  // CHECK: %act = lathe.swiglu %arg0, %arg1 {limit = 7.000000e+00 : f64} : tensor<2x4xf32>
  %15 = lathe.swiglu %a, %b {limit = 7.0 : f64} : tensor<2x4xf32>
  return
}

// CHECK-LABEL: func.func @extents
func.func @extents(%a: tensor<2x4xf32>, %i: tensor<2xi32>) {
  // CHECK: %cast = lathe.cast %arg1 : tensor<2xi32> -> tensor<2xf32>
  %0 = lathe.cast %i : tensor<2xi32> -> tensor<2xf32>
  // CHECK: %reshape = lathe.reshape %arg0 : tensor<2x4xf32> -> tensor<2x2x2xf32>
  %1 = lathe.reshape %a : tensor<2x4xf32> -> tensor<2x2x2xf32>
  // CHECK: %reduced = lathe.reduce "mean" %arg0 : tensor<2x4xf32>
  %2 = lathe.reduce "mean" %a : tensor<2x4xf32>
  // CHECK: %wide = lathe.broadcast %reduced : tensor<2x1xf32> -> tensor<2x3xf32>
  %3 = lathe.broadcast %2 : tensor<2x1xf32> -> tensor<2x3xf32>
  // CHECK: %slice = lathe.slice %arg0[1, 3] : tensor<2x4xf32>
  %4 = lathe.slice %a[1, 3] : tensor<2x4xf32>
  // CHECK: %joined = lathe.concat %arg0, %slice : tensor<2x4xf32>, tensor<2x2xf32>
  %5 = lathe.concat %a, %4 : tensor<2x4xf32>, tensor<2x2xf32>
  return
}
