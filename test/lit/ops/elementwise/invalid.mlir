// Each constraint of the elementwise family, violated alone.
// RUN: lathe-opt %s --split-input-file --verify-diagnostics

func.func @clamp_c1(%x: tensor<4xf32>) {
  // expected-error @+1 {{'lathe.clamp' op C1: low is 2, high is 1, expected low <= high}}
  %y = lathe.clamp %x {low = 2.0 : f64, high = 1.0 : f64} : tensor<4xf32>
  return
}

// -----

func.func @swiglu_c1(%x: tensor<4xf32>) {
  // expected-error @+1 {{'lathe.swiglu' op C1: limit is -1, expected a finite number, 0 or above}}
  %y = lathe.swiglu %x, %x {limit = -1.0 : f64} : tensor<4xf32>
  return
}

// -----

func.func @cast_c1(%x: tensor<4xf32>) {
  // expected-error @+1 {{'lathe.cast' op C1: y is [5], expected [4]: the extents of x}}
  %y = lathe.cast %x : tensor<4xf32> -> tensor<5xbf16>
  return
}

// -----

func.func @cast_c2(%x: tensor<4xf32>) {
  // expected-error @+1 {{C2: the result is not a float}}
  %y = lathe.cast %x : tensor<4xf32> -> tensor<4xi32>
  return
}

// -----

func.func @reshape_c1(%x: tensor<4xf32>) {
  // expected-error @+1 {{'lathe.reshape' op C1: [4] to [2, 2] changes the element type}}
  %y = lathe.reshape %x : tensor<4xf32> -> tensor<2x2xbf16>
  return
}

// -----

func.func @reshape_c2(%x: tensor<?x4xf32, #lathe.sym<tokens>>) {
  // expected-error @+1 {{C2: [tokens, 4] to [rows, 4]: the dynamic extents must lead and stay}}
  %y = lathe.reshape %x : tensor<?x4xf32, #lathe.sym<tokens>> -> tensor<?x4xf32, #lathe.sym<rows>>
  return
}

// -----

func.func @reshape_c2_order(%x: tensor<?x4xf32, #lathe.sym<tokens>>) {
  // expected-error @+1 {{C2: [tokens, 4] to [4, tokens]}}
  %y = lathe.reshape %x : tensor<?x4xf32, #lathe.sym<tokens>> -> tensor<4x?xf32, #lathe.sym<tokens>>
  return
}

// -----

func.func @reshape_c3(%x: tensor<?x4xf32, #lathe.sym<tokens>>) {
  // expected-error @+1 {{C3: [tokens, 4] to [tokens, 2, 3]: the products of the static extents differ}}
  %y = lathe.reshape %x : tensor<?x4xf32, #lathe.sym<tokens>> -> tensor<?x2x3xf32, #lathe.sym<tokens>>
  return
}

// -----

func.func @reduce_c1(%x: tensor<4xf32>) {
  // expected-error @+1 {{'lathe.reduce' op C1: kind is "min", expected "sum", "max" or "mean"}}
  %y = lathe.reduce "min" %x : tensor<4xf32>
  return
}

// -----

func.func @reduce_c2(%x: tensor<?xf32, #lathe.sym<tokens>>) {
  // expected-error @+1 {{C2: x is [tokens], expected a static last extent above 0}}
  %y = lathe.reduce "sum" %x : tensor<?xf32, #lathe.sym<tokens>>
  return
}

// -----

func.func @broadcast_c1(%x: tensor<4xf32>) {
  // expected-error @+1 {{'lathe.broadcast' op C1: [4] to [2, 4] changes the element type}}
  %y = lathe.broadcast %x : tensor<4xf32> -> tensor<2x4xf16>
  return
}

// -----

func.func @broadcast_c2(%x: tensor<1x4xf32>) {
  // expected-error @+1 {{C2: [1, 4] to [4] lowers the rank}}
  %y = lathe.broadcast %x : tensor<1x4xf32> -> tensor<4xf32>
  return
}

// -----

func.func @broadcast_c3(%x: tensor<2x4xf32>) {
  // expected-error @+1 {{C3: [2, 4] to [6, 4]: each extent must be 1 or stay}}
  %y = lathe.broadcast %x : tensor<2x4xf32> -> tensor<6x4xf32>
  return
}

// -----

func.func @slice_c1(%x: tensor<?xf32, #lathe.sym<tokens>>) {
  // expected-error @+1 {{'lathe.slice' op C1: x is [tokens], expected a static last extent above 0}}
  %y = lathe.slice %x[0, 1] : tensor<?xf32, #lathe.sym<tokens>>
  return
}

// -----

func.func @slice_c2_order(%x: tensor<4xf32>) {
  // expected-error @+1 {{C2: [3, 1) of [4]}}
  %y = lathe.slice %x[3, 1] : tensor<4xf32>
  return
}

// -----

func.func @slice_c2(%x: tensor<4xf32>) {
  // expected-error @+1 {{C2: [2, 5) of [4]}}
  %y = lathe.slice %x[2, 5] : tensor<4xf32>
  return
}

// -----

func.func @concat_c1() {
  // expected-error @+1 {{'lathe.concat' op C1: nothing to join}}
  %y = "lathe.concat"() : () -> tensor<4xf32>
  return
}

// -----

func.func @concat_c2(%a: tensor<2x4xf32>, %b: tensor<3x4xf32>) {
  // expected-error @+1 {{C2: [2, 4] and [3, 4] differ before the last extent, or in their element type}}
  %y = lathe.concat %a, %b : tensor<2x4xf32>, tensor<3x4xf32>
  return
}
