// Each constraint of the row lookups, violated alone.
// RUN: lathe-opt %s --split-input-file --verify-diagnostics

func.func @embed_c1(%t: tensor<16xf32>, %i: tensor<4xi32>) {
  // expected-error @+1 {{'lathe.embed' op C1: table is [16], expected rank 2}}
  %y = lathe.embed %t, %i : tensor<16xf32>, tensor<4xi32>
  return
}

// -----

func.func @embed_c2(%t: tensor<16x8xf32>, %i: tensor<4x1xi32>) {
  // expected-error @+1 {{C2: tokens is [4, 1], expected rank 1}}
  %y = lathe.embed %t, %i : tensor<16x8xf32>, tensor<4x1xi32>
  return
}

// -----

func.func @embed_c3(%t: tensor<16x8xf32>, %i: tensor<4xi32>) {
  // expected-error @+1 {{C3: multiplier is not finite}}
  %y = lathe.embed %t, %i {multiplier = 0x7FF0000000000000 : f64} : tensor<16x8xf32>, tensor<4xi32>
  return
}

// -----

func.func @gather_rows_c1(%x: tensor<f32>, %i: tensor<4xi32>) {
  // expected-error @+1 {{'lathe.gather_rows' op C1: x is a scalar}}
  %y = lathe.gather_rows %x, %i : tensor<f32>, tensor<4xi32>
  return
}

// -----

func.func @gather_rows_c2(%x: tensor<16x8xf32>, %i: tensor<2x2xi32>) {
  // expected-error @+1 {{'lathe.gather_rows' op C2: rows is [2, 2], expected rank 1}}
  %y = lathe.gather_rows %x, %i : tensor<16x8xf32>, tensor<2x2xi32>
  return
}
