// Matrices of experts are stored as small integers like others; the router, which chooses among them, is not.
// RUN: lathe-opt %s --lathe-choose-storage="weights=int4" | FileCheck %s

#t = #lathe.sym<tokens>

// CHECK: lathe.param @router : tensor<6x96xbf16>
lathe.param @router : tensor<6x96xbf16>
// CHECK: lathe.param @experts : tensor<6x64x96xf32, #int4_g32>
lathe.param @experts : tensor<6x64x96xbf16>

func.func @step(%x: tensor<?x96xf32, #t>) -> tensor<?x64xf32, #t> {
  %g = lathe.weight @router : tensor<6x96xbf16>
  %s = lathe.matmul %x, %g : tensor<?x96xf32, #t>, tensor<6x96xbf16>
  %e, %w = lathe.moe_route 2 of %s by "softmax" : tensor<?x6xf32, #t>
  %r, %p, %n = lathe.moe_dispatch %e among 6 : tensor<?x2xi32, #t>
  // CHECK: lathe.grouped_matmul {{.*}} tensor<6x64x96xf32, #int4_g32>
  %m = lathe.weight @experts : tensor<6x64x96xbf16>
  %y = lathe.grouped_matmul %x at %r, %n, %m : tensor<?x96xf32, #t>, tensor<6xi32>, tensor<6x64x96xbf16>, tensor<?x2xi32, #t>
  %z = lathe.moe_combine %y at %p, %w : tensor<?x2x64xf32, #t>, tensor<?x2xi32, #t>, tensor<?x2xf32, #t>
  return %z : tensor<?x64xf32, #t>
}
