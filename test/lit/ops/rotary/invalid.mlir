// Each constraint of the rotary ops, violated alone.
// RUN: lathe-opt %s --split-input-file --verify-diagnostics

func.func @rope_table_c1(%p: tensor<4x1xi32>, %f: tensor<2xf32>) {
  // expected-error @+1 {{'lathe.rope_table' op C1: positions is [4, 1], expected rank 1}}
  %c, %s = lathe.rope_table %p, %f : tensor<4x1xi32>, tensor<2xf32>
  return
}

// -----

func.func @rope_table_c1_inv_freq(%p: tensor<4xi32>, %f: tensor<2x1xf32>) {
  // expected-error @+1 {{C1: inv_freq is [2, 1], expected rank 1}}
  %c, %s = lathe.rope_table %p, %f : tensor<4xi32>, tensor<2x1xf32>
  return
}

// -----

func.func @rope_c1(%x: tensor<4x8xf32>, %c: tensor<4x2xf32>) {
  // expected-error @+1 {{'lathe.rope' op C1: x is [4, 8], expected rank 3}}
  %y = lathe.rope %x, %c, %c : tensor<4x8xf32>, tensor<4x2xf32>
  return
}

// -----

func.func @rope_c2(%x: tensor<?x2x8xf32, #lathe.sym<tokens>>, %c: tensor<?x4xf32, #lathe.sym<rows>>) {
  // expected-error @+1 {{C2: cos is [rows, 4], expected [tokens, 4]: the rows of x}}
  %y = lathe.rope %x, %c, %c : tensor<?x2x8xf32, #lathe.sym<tokens>>, tensor<?x4xf32, #lathe.sym<rows>>
  return
}

// -----

func.func @rope_c3(%x: tensor<4x2x8xf32>, %c: tensor<4x5xf32>) {
  // expected-error @+1 {{C3: cos is [4, 5] and x is [4, 2, 8]: twice the width of cos must fit a head}}
  %y = lathe.rope %x, %c, %c : tensor<4x2x8xf32>, tensor<4x5xf32>
  return
}

// -----

func.func @rope_types(%x: tensor<4x2x8xf32>, %c: tensor<4x4xf32>, %s: tensor<4x2xf32>) {
  // expected-error @+1 {{failed to verify that all of {cos, sin} have same type}}
  %y = "lathe.rope"(%x, %c, %s) : (tensor<4x2x8xf32>, tensor<4x4xf32>, tensor<4x2xf32>) -> tensor<4x2x8xf32>
  return
}
