// The choice of tokens.
// RUN: lathe-opt %s | lathe-opt | FileCheck %s

// CHECK-LABEL: func.func @choices
func.func @choices(%x: tensor<?x70xf32, #lathe.sym<r>>, %l: tensor<?xi32, #lathe.sym<r>>) {
  // CHECK: %ids = lathe.argmax %arg0, %arg1 : tensor<?x70xf32, #r>, tensor<?xi32, #r>
  %0 = lathe.argmax %x, %l : tensor<?x70xf32, #lathe.sym<r>>, tensor<?xi32, #lathe.sym<r>>
  // CHECK: %maxima = lathe.block_max %arg0 by 16 : tensor<?x70xf32, #r>
  %1 = lathe.block_max %x by 16 : tensor<?x70xf32, #lathe.sym<r>>
  // CHECK: lathe.argmax_by_blocks %arg0, %maxima, %arg1 by 16 : tensor<?x70xf32, #r>, tensor<?x5xf32, #r>, tensor<?xi32, #r>
  %2 = lathe.argmax_by_blocks %x, %1, %l by 16 : tensor<?x70xf32, #lathe.sym<r>>, tensor<?x5xf32, #lathe.sym<r>>, tensor<?xi32, #lathe.sym<r>>
  return
}

// CHECK-LABEL: func.func @sample
func.func @sample(%x: tensor<?x8xf32, #lathe.sym<r>>, %g: tensor<?xi32, #lathe.sym<r>>, %l: tensor<?xi32, #lathe.sym<r>>, %s: tensor<?x6xf32, #lathe.sym<r>>, %n: tensor<?x9xi32, #lathe.sym<r>>, %i: tensor<?xi32, #lathe.sym<e>>, %v: tensor<?xf32, #lathe.sym<e>>) {
  // CHECK: %ids = lathe.sample %arg0 or %arg1, %arg2, %arg3, %arg4, %arg5, %arg6 : tensor<?x8xf32, #r>, tensor<?xi32, #r>, tensor<?xi32, #r>, tensor<?x6xf32, #r>, tensor<?x9xi32, #r>, tensor<?xi32, #e>, tensor<?xf32, #e>
  %y = lathe.sample %x or %g, %l, %s, %n, %i, %v : tensor<?x8xf32, #lathe.sym<r>>, tensor<?xi32, #lathe.sym<r>>, tensor<?xi32, #lathe.sym<r>>, tensor<?x6xf32, #lathe.sym<r>>, tensor<?x9xi32, #lathe.sym<r>>, tensor<?xi32, #lathe.sym<e>>, tensor<?xf32, #lathe.sym<e>>
  return
}
