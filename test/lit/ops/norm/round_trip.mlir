// The norms as they are written; an offset of 0 is not printed.
// RUN: lathe-opt %s | lathe-opt | FileCheck %s

// CHECK-LABEL: func.func @norms
func.func @norms(%x: tensor<4x8xf32>, %w: tensor<8xbf16>, %b: tensor<8xf32>) {
  // CHECK: %norm = lathe.rms_norm %arg0, %arg1 {eps = 1.000000e-01 : f64} : tensor<4x8xf32>, tensor<8xbf16>
  %0 = lathe.rms_norm %x, %w {eps = 0.1 : f64, offset = 0.0 : f64} : tensor<4x8xf32>, tensor<8xbf16>
  // CHECK: lathe.rms_norm %arg0, %arg1 {eps = 1.000000e-01 : f64, offset = 1.000000e+00 : f64}
  %1 = lathe.rms_norm %x, %w {eps = 0.1 : f64, offset = 1.0 : f64} : tensor<4x8xf32>, tensor<8xbf16>
  // CHECK: lathe.layer_norm %arg0, %arg1 bias %arg2 {eps = 1.000000e-01 : f64} : tensor<4x8xf32>, tensor<8xbf16>, tensor<8xf32>
  %2 = lathe.layer_norm %x, %w bias %b {eps = 0.1 : f64} : tensor<4x8xf32>, tensor<8xbf16>, tensor<8xf32>
  // CHECK: lathe.layer_norm %arg0, %arg1 {eps = 1.000000e-01 : f64} : tensor<4x8xf32>, tensor<8xbf16>
  %3 = lathe.layer_norm %x, %w {eps = 0.1 : f64} : tensor<4x8xf32>, tensor<8xbf16>
  return
}
