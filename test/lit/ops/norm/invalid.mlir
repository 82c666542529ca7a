// Each constraint of the norms, violated alone.
// RUN: lathe-opt %s --split-input-file --verify-diagnostics

func.func @rms_norm_c1(%x: tensor<4x64xf32>, %w: tensor<48xbf16>) {
  // expected-error @+1 {{'lathe.rms_norm' op C1: weight is [48], expected [64]: the last extent of x}}
  %y = lathe.rms_norm %x, %w {eps = 1.0e-6 : f64} : tensor<4x64xf32>, tensor<48xbf16>
  return
}

// -----

func.func @rms_norm_c1_dynamic(%x: tensor<4x?xf32, #lathe.sym<width>>, %w: tensor<?xbf16, #lathe.sym<width>>) {
  // expected-error @+1 {{C1: x is [4, width], expected a static last extent above 0}}
  %y = lathe.rms_norm %x, %w {eps = 1.0e-6 : f64} : tensor<4x?xf32, #lathe.sym<width>>, tensor<?xbf16, #lathe.sym<width>>
  return
}

// -----

func.func @rms_norm_c2(%x: tensor<4x64xf32>, %w: tensor<64xbf16>) {
  // expected-error @+1 {{C2: eps is 0, expected a positive number}}
  %y = lathe.rms_norm %x, %w {eps = 0.0 : f64} : tensor<4x64xf32>, tensor<64xbf16>
  return
}

// -----

func.func @rms_norm_c3(%x: tensor<4x64xf32>, %w: tensor<64xbf16>) {
  // expected-error @+1 {{C3: offset is 0.5, expected 0 or 1}}
  %y = lathe.rms_norm %x, %w {eps = 1.0e-6 : f64, offset = 0.5 : f64} : tensor<4x64xf32>, tensor<64xbf16>
  return
}

// -----

func.func @layer_norm_c1(%x: tensor<4x64xf32>, %w: tensor<32xf32>) {
  // expected-error @+1 {{'lathe.layer_norm' op C1: weight is [32], expected [64]}}
  %y = lathe.layer_norm %x, %w {eps = 1.0e-6 : f64} : tensor<4x64xf32>, tensor<32xf32>
  return
}

// -----

func.func @layer_norm_c2(%x: tensor<4x64xf32>, %w: tensor<64xf32>) {
  // expected-error @+1 {{C2: eps is -1, expected a positive number}}
  %y = lathe.layer_norm %x, %w {eps = -1.0 : f64} : tensor<4x64xf32>, tensor<64xf32>
  return
}

// -----

func.func @layer_norm_c3(%x: tensor<4x64xf32>, %w: tensor<64xf32>, %b: tensor<4xf32>) {
  // expected-error @+1 {{C3: bias is [4], expected [64]: the last extent of x}}
  %y = lathe.layer_norm %x, %w bias %b {eps = 1.0e-6 : f64} : tensor<4x64xf32>, tensor<64xf32>, tensor<4xf32>
  return
}
