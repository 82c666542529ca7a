// The table names its two results; a scaling of 1 is not printed.
// RUN: lathe-opt %s | lathe-opt | FileCheck %s

// CHECK-LABEL: func.func @rotate
func.func @rotate(%x: tensor<4x2x8xf32>, %p: tensor<4xi32>, %f: tensor<2xf32>) {
  // CHECK: %cos, %sin = lathe.rope_table %arg1, %arg2 {scaling = 1.250000e+00 : f64} : tensor<4xi32>, tensor<2xf32>
  %0, %1 = lathe.rope_table %p, %f {scaling = 1.25 : f64} : tensor<4xi32>, tensor<2xf32>
  // CHECK: %{{.*}}, %{{.*}} = lathe.rope_table %arg1, %arg2 : tensor<4xi32>, tensor<2xf32>
  %2, %3 = lathe.rope_table %p, %f {scaling = 1.0 : f64} : tensor<4xi32>, tensor<2xf32>
  // CHECK: %rotated = lathe.rope %arg0, %cos, %sin : tensor<4x2x8xf32>, tensor<4x2xf32>
  %4 = lathe.rope %x, %0, %1 : tensor<4x2x8xf32>, tensor<4x2xf32>
  return
}
