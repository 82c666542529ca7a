// Types of weights and caches change at the declaration, and every use follows, through calls in calls.
// RUN: lathe-opt %s --split-input-file --lathe-choose-storage=precision=bf16 | FileCheck %s --check-prefixes=CHECK,BF16
// RUN: lathe-opt %s --split-input-file --lathe-choose-storage=precision=f32 | FileCheck %s --check-prefixes=CHECK,F32
// RUN: not lathe-opt %s --split-input-file --lathe-choose-storage=precision=int8 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// UNKNOWN: error: precision "int8" is not known; f32 and bf16 are

// BF16: lathe.precision = "bf16"
// F32: lathe.precision = "f32"

// Matrices follow the precision; vectors stay as they are, but for f16, which no kernel reads.
// BF16: lathe.param @matrix_f32 : tensor<32x32xbf16>
// F32:  lathe.param @matrix_f32 : tensor<32x32xf32>
lathe.param @matrix_f32 : tensor<32x32xf32>
// BF16: lathe.param @matrix_f16 : tensor<32x32xbf16>
// F32:  lathe.param @matrix_f16 : tensor<32x32xf32>
lathe.param @matrix_f16 : tensor<32x32xf16>
// CHECK: lathe.param @matrix_bf16 : tensor<32x32xbf16>
lathe.param @matrix_bf16 : tensor<32x32xbf16>
// CHECK: lathe.param @vector_f32 : tensor<32xf32>
lathe.param @vector_f32 : tensor<32xf32>
// CHECK: lathe.param @vector_f16 : tensor<32xf32>
lathe.param @vector_f16 : tensor<32xf16>
// CHECK: lathe.param @vector_bf16 : tensor<32xbf16>
lathe.param @vector_bf16 : tensor<32xbf16>

// -----

#t = #lathe.sym<tokens>
!cache = !lathe.kv_cache<name = "kv", layers = 1, kv_heads = 2, head_dim = 16, dtype = bf16, page = 64, window = 0>
!layer = !lathe.kv_layer<kv_heads = 2, head_dim = 16, dtype = bf16, page = 64, window = 0>

// BF16-DAG: !kv_cache = !lathe.kv_cache<name = "kv", layers = 1, kv_heads = 2, head_dim = 16, dtype = bf16, page = 64, window = 0>
// F32-DAG:  !kv_cache = !lathe.kv_cache<name = "kv", layers = 1, kv_heads = 2, head_dim = 16, dtype = f32, page = 64, window = 0>
// BF16-DAG: !kv_layer = !lathe.kv_layer<kv_heads = 2, head_dim = 16, dtype = bf16, page = 64, window = 0>
// F32-DAG:  !kv_layer = !lathe.kv_layer<kv_heads = 2, head_dim = 16, dtype = f32, page = 64, window = 0>

lathe.param @w : tensor<32x32xf16>

// The callee stands before its caller, and hands the weight on.
// CHECK-LABEL: func.func private @inner
// BF16-SAME: tensor<32x32xbf16>
// F32-SAME: tensor<32x32xf32>
func.func private @inner(%x: tensor<?x32xf32, #t>, %w: tensor<32x32xf16>) -> tensor<?x32xf32, #t> {
  // BF16: lathe.matmul {{.*}} : tensor<?x32xf32, #tokens>, tensor<32x32xbf16>
  // F32: lathe.matmul {{.*}} : tensor<?x32xf32, #tokens>, tensor<32x32xf32>
  %y = lathe.matmul %x, %w : tensor<?x32xf32, #t>, tensor<32x32xf16>
  return %y : tensor<?x32xf32, #t>
}

// CHECK-LABEL: func.func private @layer
// CHECK-SAME: !kv_layer
func.func private @layer(%x: tensor<?x32xf32, #t>, %kv: !layer, %w: tensor<32x32xf16>) -> tensor<?x32xf32, #t> {
  // BF16: call @inner(%{{.*}}) : (tensor<?x32xf32, #tokens>, tensor<32x32xbf16>)
  // F32: call @inner(%{{.*}}) : (tensor<?x32xf32, #tokens>, tensor<32x32xf32>)
  %y = call @inner(%x, %w) : (tensor<?x32xf32, #t>, tensor<32x32xf16>) -> tensor<?x32xf32, #t>
  return %y : tensor<?x32xf32, #t>
}

// CHECK-LABEL: func.func @step
// CHECK-SAME: !kv_cache
func.func @step(%x: tensor<?x32xf32, #t>, %kv: !cache) -> tensor<?x32xf32, #t> {
  // CHECK: lathe.cache_layer %{{.*}}[0] : !kv_cache
  %l = lathe.cache_layer %kv[0] : !cache
  %w = lathe.weight @w : tensor<32x32xf16>
  %y = call @layer(%x, %l, %w) : (tensor<?x32xf32, #t>, !layer, tensor<32x32xf16>) -> tensor<?x32xf32, #t>
  return %y : tensor<?x32xf32, #t>
}
