// Mixtures of experts.
// RUN: lathe-opt %s | lathe-opt | FileCheck %s

// CHECK-LABEL: func.func @mixture
func.func @mixture(%x: tensor<?x16xbf16, #lathe.sym<t>>, %s: tensor<?x6xf32, #lathe.sym<t>>, %b: tensor<6xf32>, %up: tensor<6x24x16xbf16>,
                   %down: tensor<6x16x24xbf16>) {
  // CHECK: %experts, %weights = lathe.moe_route 2 of %arg1 by "softmax" {normalize} : tensor<?x6xf32, #t>
  %e, %w = lathe.moe_route 2 of %s by "softmax" {normalize} : tensor<?x6xf32, #lathe.sym<t>>
  // CHECK: lathe.moe_route 3 of %arg1 bias %arg2 by "sigmoid" {scale = 3.000000e+00 : f64} : tensor<?x6xf32, #t>, tensor<6xf32>
  %f, %v = lathe.moe_route 3 of %s bias %b by "sigmoid" {scale = 3.0} : tensor<?x6xf32, #lathe.sym<t>>, tensor<6xf32>
  // CHECK: %rows, %places, %ends = lathe.moe_dispatch %experts among 6 : tensor<?x2xi32, #t>
  %r, %p, %n = lathe.moe_dispatch %e among 6 : tensor<?x2xi32, #lathe.sym<t>>
  // CHECK: %mm = lathe.grouped_matmul %arg0 at %rows, %ends, %arg3 : tensor<?x16xbf16, #t>, tensor<6xi32>, tensor<6x24x16xbf16>, tensor<?x2xi32, #t>
  %h = lathe.grouped_matmul %x at %r, %n, %up : tensor<?x16xbf16, #lathe.sym<t>>, tensor<6xi32>, tensor<6x24x16xbf16>, tensor<?x2xi32, #lathe.sym<t>>
  // CHECK: %[[Y:.*]] = lathe.grouped_matmul %mm, %ends, %arg4 : tensor<?x2x24xf32, #t>, tensor<6xi32>, tensor<6x16x24xbf16>
  %y = lathe.grouped_matmul %h, %n, %down : tensor<?x2x24xf32, #lathe.sym<t>>, tensor<6xi32>, tensor<6x16x24xbf16>
  // CHECK: %combined = lathe.moe_combine %[[Y]] at %places, %weights : tensor<?x2x16xf32, #t>, tensor<?x2xi32, #t>, tensor<?x2xf32, #t>
  %z = lathe.moe_combine %y at %p, %w : tensor<?x2x16xf32, #lathe.sym<t>>, tensor<?x2xi32, #lathe.sym<t>>, tensor<?x2xf32, #lathe.sym<t>>
  return
}
