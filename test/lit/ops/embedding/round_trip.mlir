// Row lookups; a multiplier of 1 is not printed.
// RUN: lathe-opt %s | lathe-opt | FileCheck %s

// CHECK-LABEL: func.func @lookups
func.func @lookups(%t: tensor<16x8xbf16>, %i: tensor<?xi32, #lathe.sym<tokens>>) {
  // CHECK: %embedded = lathe.embed %arg0, %arg1 : tensor<16x8xbf16>, tensor<?xi32, #tokens>
  %0 = lathe.embed %t, %i {multiplier = 1.0 : f64} : tensor<16x8xbf16>, tensor<?xi32, #lathe.sym<tokens>>
  // CHECK: lathe.embed %arg0, %arg1 {multiplier = 2.000000e+00 : f64}
  %1 = lathe.embed %t, %i {multiplier = 2.0 : f64} : tensor<16x8xbf16>, tensor<?xi32, #lathe.sym<tokens>>
  // CHECK: %rows = lathe.gather_rows %embedded, %arg1 : tensor<?x8xf32, #tokens>, tensor<?xi32, #tokens>
  %2 = lathe.gather_rows %0, %i : tensor<?x8xf32, #lathe.sym<tokens>>, tensor<?xi32, #lathe.sym<tokens>>
  return
}

// CHECK-LABEL: func.func @quantized
func.func @quantized(%t: tensor<16x8xf32, #lathe.group_quant<int8, group = 128>>, %i: tensor<?xi32, #lathe.sym<tokens>>) {
  // CHECK: lathe.embed %arg0, %arg1 : tensor<16x8xf32, #int8_g128>, tensor<?xi32, #tokens>
  %0 = lathe.embed %t, %i : tensor<16x8xf32, #lathe.group_quant<int8, group = 128>>, tensor<?xi32, #lathe.sym<tokens>>
  // CHECK: lathe.gather_rows %arg0, %arg1 : tensor<16x8xf32, #int8_g128>, tensor<?xi32, #tokens>
  %1 = lathe.gather_rows %t, %i : tensor<16x8xf32, #lathe.group_quant<int8, group = 128>>, tensor<?xi32, #lathe.sym<tokens>>
  // CHECK: lathe.add %embedded, %rows : tensor<?x8xf32, #tokens>
  %2 = lathe.add %0, %1 : tensor<?x8xf32, #lathe.sym<tokens>>
  return
}
