// Each constraint of the cache ops, violated alone.
// RUN: lathe-opt %s --split-input-file --verify-diagnostics

func.func @cache_layer_c1(%kv: !lathe.kv_cache<name = "kv", layers = 2, kv_heads = 2, head_dim = 8, dtype = bf16, page = 64, window = 0>) {
  // expected-error @+1 {{'lathe.cache_layer' op C1: index 2 of a cache of 2 layers}}
  %l = lathe.cache_layer %kv[2] : !lathe.kv_cache<name = "kv", layers = 2, kv_heads = 2, head_dim = 8, dtype = bf16, page = 64, window = 0>
  return
}

// -----

func.func @cache_layer_c2(%kv: !lathe.kv_cache<name = "kv", layers = 2, kv_heads = 2, head_dim = 8, dtype = bf16, page = 64, window = 0>) {
  // expected-error @+1 {{'lathe.cache_layer' op C2: model_layer is -1}}
  %l = lathe.cache_layer %kv[1] {model_layer = -1 : i64} : !lathe.kv_cache<name = "kv", layers = 2, kv_heads = 2, head_dim = 8, dtype = bf16, page = 64, window = 0>
  return
}

// -----

!layer = !lathe.kv_layer<kv_heads = 2, head_dim = 8, dtype = bf16, page = 64, window = 0>
func.func @kv_write_c1(%kv: !layer, %k: tensor<4x3x8xf32>, %p: tensor<4xi32>) {
  // expected-error @+1 {{'lathe.kv_write' op C1: key is [4, 3, 8], expected [4, 2, 8]: the heads of the cache}}
  lathe.kv_write %kv, %k, %k, %p, %p : !layer, tensor<4x3x8xf32>, tensor<4x3x8xf32>, tensor<4xi32>, tensor<4xi32>
  return
}

// -----

!layer = !lathe.kv_layer<kv_heads = 2, head_dim = 8, dtype = bf16, page = 64, window = 0>
func.func @kv_write_c1_value(%kv: !layer, %k: tensor<4x2x8xf32>, %v: tensor<4x2x4xf32>, %p: tensor<4xi32>) {
  // expected-error @+1 {{C1: value is [4, 2, 4], expected [4, 2, 8]: as key}}
  lathe.kv_write %kv, %k, %v, %p, %p : !layer, tensor<4x2x8xf32>, tensor<4x2x4xf32>, tensor<4xi32>, tensor<4xi32>
  return
}

// -----

!layer = !lathe.kv_layer<kv_heads = 2, head_dim = 8, dtype = bf16, page = 64, window = 0>
func.func @kv_write_c2(%kv: !layer, %k: tensor<4x2x8xf32>, %p: tensor<4xi32>, %s: tensor<5xi32>) {
  // expected-error @+1 {{C2: row_sequence is [5], expected [4]: one a row}}
  lathe.kv_write %kv, %k, %k, %p, %s : !layer, tensor<4x2x8xf32>, tensor<4x2x8xf32>, tensor<4xi32>, tensor<5xi32>
  return
}

// -----

!layer = !lathe.kv_layer<kv_heads = 2, head_dim = 8, dtype = bf16, page = 64, window = 0>
func.func @attention_c1(%kv: !layer, %q: tensor<4x4x16xf32>, %p: tensor<4xi32>) {
  // expected-error @+1 {{'lathe.attention' op C1: query is [4, 4, 16], expected [4, 4, 8]: the head_dim of the cache}}
  %y = lathe.attention %q, %kv, %p, %p {scale = 1.0 : f64} : tensor<4x4x16xf32>, !layer, tensor<4xi32>, tensor<4xi32>
  return
}

// -----

!layer = !lathe.kv_layer<kv_heads = 2, head_dim = 8, dtype = bf16, page = 64, window = 0>
func.func @attention_c2(%kv: !layer, %q: tensor<4x3x8xf32>, %p: tensor<4xi32>) {
  // expected-error @+1 {{C2: query is [4, 3, 8], its heads are not a multiple of the 2 key-value heads}}
  %y = lathe.attention %q, %kv, %p, %p {scale = 1.0 : f64} : tensor<4x3x8xf32>, !layer, tensor<4xi32>, tensor<4xi32>
  return
}

// -----

!layer = !lathe.kv_layer<kv_heads = 2, head_dim = 8, dtype = bf16, page = 64, window = 0>
func.func @attention_c3(%kv: !layer, %q: tensor<4x4x8xf32>, %p: tensor<3xi32>, %s: tensor<4xi32>) {
  // expected-error @+1 {{C3: positions is [3], expected [4]: one a row}}
  %y = lathe.attention %q, %kv, %p, %s {scale = 1.0 : f64} : tensor<4x4x8xf32>, !layer, tensor<3xi32>, tensor<4xi32>
  return
}

// -----

!layer = !lathe.kv_layer<kv_heads = 2, head_dim = 8, dtype = bf16, page = 64, window = 0>
func.func @attention_c4(%kv: !layer, %q: tensor<4x4x8xf32>, %p: tensor<4xi32>) {
  // expected-error @+1 {{C4: scale is 0, expected a positive number}}
  %y = lathe.attention %q, %kv, %p, %p {scale = 0.0 : f64} : tensor<4x4x8xf32>, !layer, tensor<4xi32>, tensor<4xi32>
  return
}
