// Dead ops go, equal ops become one; what has effects stays and keeps its order.
// RUN: lathe-opt %s --lathe-normalize-graph | FileCheck %s

#t = #lathe.sym<tokens>
!layer = !lathe.kv_layer<kv_heads = 2, head_dim = 16, dtype = bf16, page = 64, window = 0>

lathe.param @w : tensor<32x32xbf16>

// CHECK-LABEL: func.func @step
// CHECK-SAME: %[[X:[^ ]*]]: tensor<?x32xf32
func.func @step(%x: tensor<?x32xf32, #t>) -> (tensor<?x32xf32, #t>, tensor<?x32xf32, #t>) {
  // CHECK: %[[W:.*]] = lathe.weight @w
  // CHECK-NOT: lathe.weight
  %w = lathe.weight @w : tensor<32x32xbf16>
  %again = lathe.weight @w : tensor<32x32xbf16>
  // CHECK: %[[Y:.*]] = lathe.matmul %[[X]], %[[W]]
  // CHECK-NOT: lathe.matmul
  %y = lathe.matmul %x, %w : tensor<?x32xf32, #t>, tensor<32x32xbf16>
  %same = lathe.matmul %x, %again : tensor<?x32xf32, #t>, tensor<32x32xbf16>
  // CHECK-NOT: lathe.neg
  %dead = lathe.neg %x : tensor<?x32xf32, #t>
  // CHECK: return %[[Y]], %[[Y]]
  return %y, %same : tensor<?x32xf32, #t>, tensor<?x32xf32, #t>
}

// CHECK-LABEL: func.func @stores
func.func @stores(%kv: !layer, %k: tensor<?x2x16xf32, #t>, %p: tensor<?xi32, #t>, %s: tensor<?xi32, #t>) {
  // CHECK: lathe.kv_write
  // CHECK-NEXT: %[[READ:.*]] = lathe.attention
  // CHECK-NEXT: lathe.kv_write %{{.*}}, %[[READ]]
  lathe.kv_write %kv, %k, %k, %p, %s : !layer, tensor<?x2x16xf32, #t>, tensor<?x2x16xf32, #t>, tensor<?xi32, #t>, tensor<?xi32, #t>
  %a = lathe.attention %k, %kv, %p, %s {scale = 1.0 : f64} : tensor<?x2x16xf32, #t>, !layer, tensor<?xi32, #t>, tensor<?xi32, #t>
  lathe.kv_write %kv, %a, %k, %p, %s : !layer, tensor<?x2x16xf32, #t>, tensor<?x2x16xf32, #t>, tensor<?xi32, #t>, tensor<?xi32, #t>
  return
}
