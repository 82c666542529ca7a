// Products with and without bias, over activations of any rank.
// RUN: lathe-opt %s | lathe-opt | FileCheck %s

// CHECK: #int4_g32 = #lathe.group_quant<int4, group = 32>
// CHECK-LABEL: func.func @products
func.func @products(%x: tensor<?x2x8xf32, #lathe.sym<tokens>>, %w: tensor<3x8xf16>, %b: tensor<3xbf16>) -> tensor<?x2x3xf32, #lathe.sym<tokens>> {
  // CHECK: %mm = lathe.matmul %arg0, %arg1 bias %arg2 : tensor<?x2x8xf32, #tokens>, tensor<3x8xf16>, tensor<3xbf16>
  %0 = lathe.matmul %x, %w bias %b : tensor<?x2x8xf32, #lathe.sym<tokens>>, tensor<3x8xf16>, tensor<3xbf16>
  // CHECK: %mm_0 = lathe.matmul %arg0, %arg1 : tensor<?x2x8xf32, #tokens>, tensor<3x8xf16>
  %1 = lathe.matmul %x, %w : tensor<?x2x8xf32, #lathe.sym<tokens>>, tensor<3x8xf16>
  // CHECK: lathe.add %mm, %mm_0 : tensor<?x2x3xf32, #tokens>
  %2 = lathe.add %0, %1 : tensor<?x2x3xf32, #lathe.sym<tokens>>
  return %2 : tensor<?x2x3xf32, #lathe.sym<tokens>>
}

// CHECK-LABEL: func.func @quantized
func.func @quantized(%x: tensor<?x40xf32, #lathe.sym<tokens>>, %w: tensor<3x40xf32, #lathe.group_quant<int4, group = 32>>) -> tensor<?x3xf32, #lathe.sym<tokens>> {
  // CHECK: lathe.matmul %arg0, %arg1 : tensor<?x40xf32, #tokens>, tensor<3x40xf32, #int4_g32>
  %0 = lathe.matmul %x, %w : tensor<?x40xf32, #lathe.sym<tokens>>, tensor<3x40xf32, #lathe.group_quant<int4, group = 32>>
  return %0 : tensor<?x3xf32, #lathe.sym<tokens>>
}
