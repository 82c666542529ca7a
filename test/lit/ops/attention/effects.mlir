// Writes and reads of a cache are neither dropped, nor merged across each other, nor reordered; pure ops around them are.
// RUN: lathe-opt %s --cse --canonicalize | FileCheck %s

!cache = !lathe.kv_cache<name = "kv", layers = 1, kv_heads = 1, head_dim = 4, dtype = f32, page = 64, window = 0>
!layer = !lathe.kv_layer<kv_heads = 1, head_dim = 4, dtype = f32, page = 64, window = 0>

// CHECK-LABEL: func.func @step
func.func @step(%x: tensor<2x1x4xf32>, %p: tensor<2xi32>, %kv: !cache) -> tensor<2x1x4xf32> {
  // CHECK: %[[L:.*]] = lathe.cache_layer
  // CHECK-NOT: lathe.cache_layer
  %l0 = lathe.cache_layer %kv[0] : !cache
  %l1 = lathe.cache_layer %kv[0] : !cache
  // CHECK: %[[FIRST:.*]] = lathe.attention
  %first = lathe.attention %x, %l0, %p, %p {scale = 1.0 : f64} : tensor<2x1x4xf32>, !layer, tensor<2xi32>, tensor<2xi32>
  // CHECK-NEXT: lathe.kv_write %[[L]]
  lathe.kv_write %l1, %x, %x, %p, %p : !layer, tensor<2x1x4xf32>, tensor<2x1x4xf32>, tensor<2xi32>, tensor<2xi32>
  // CHECK-NEXT: %[[SECOND:.*]] = lathe.attention
  %second = lathe.attention %x, %l1, %p, %p {scale = 1.0 : f64} : tensor<2x1x4xf32>, !layer, tensor<2xi32>, tensor<2xi32>
  // CHECK-NEXT: lathe.sub %[[SECOND]], %[[FIRST]]
  %unused = lathe.neg %first : tensor<2x1x4xf32>
  %y = lathe.sub %second, %first : tensor<2x1x4xf32>
  return %y : tensor<2x1x4xf32>
}
