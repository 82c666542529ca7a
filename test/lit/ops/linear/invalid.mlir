// Each constraint of the linear ops, violated alone.
// RUN: lathe-opt %s --split-input-file --verify-diagnostics

func.func @matmul_c1(%x: tensor<4x8xf32>, %w: tensor<8xf32>) {
  // expected-error @+1 {{C1: weight is [8], expected rank 2}}
  %y = "lathe.matmul"(%x, %w) : (tensor<4x8xf32>, tensor<8xf32>) -> tensor<4x8xf32>
  return
}

// -----

func.func @matmul_c2(%x: tensor<4x8xf32>, %w: tensor<3x6xbf16>) {
  // expected-error @+1 {{C2: weight is [3, 6], expected [3, 8]: the last extent of x}}
  %y = lathe.matmul %x, %w : tensor<4x8xf32>, tensor<3x6xbf16>
  return
}

// -----

func.func @matmul_c2_scalar(%x: tensor<f32>, %w: tensor<3x6xbf16>) {
  // expected-error @+1 {{C2: x is [], expected a static last extent above 0}}
  %y = lathe.matmul %x, %w : tensor<f32>, tensor<3x6xbf16>
  return
}

// -----

func.func @matmul_c3(%x: tensor<4x8xf32>, %w: tensor<3x8xbf16>, %b: tensor<8xf32>) {
  // expected-error @+1 {{C3: bias is [8], expected [3]: one element an output}}
  %y = lathe.matmul %x, %w bias %b : tensor<4x8xf32>, tensor<3x8xbf16>, tensor<8xf32>
  return
}

// -----

func.func @matmul_result(%x: tensor<4x8xf32>, %w: tensor<3x8xbf16>) {
  // expected-error @+2 {{failed to infer returned types}}
  // expected-error @+1 {{incompatible with return type(s) of operation}}
  %y = "lathe.matmul"(%x, %w) : (tensor<4x8xf32>, tensor<3x8xbf16>) -> tensor<4x4xf32>
  return
}

// -----

func.func @matmul_unnamed_extent(%x: tensor<?x8xf32>, %w: tensor<3x8xbf16>) {
  // expected-error @+1 {{operand #0 must be tensor of f32, f16 or bf16, every dynamic extent named, but got 'tensor<?x8xf32>'}}
  %y = "lathe.matmul"(%x, %w) : (tensor<?x8xf32>, tensor<3x8xbf16>) -> tensor<?x3xf32, #lathe.sym<tokens>>
  return
}
