// Each constraint of the choice of tokens, violated alone.
// RUN: lathe-opt %s --split-input-file --verify-diagnostics

func.func @argmax_c1(%x: tensor<2x3x8xf32>, %l: tensor<2xi32>) {
  // expected-error @+1 {{'lathe.argmax' op C1: x is [2, 3, 8], expected rank 2}}
  %y = lathe.argmax %x, %l : tensor<2x3x8xf32>, tensor<2xi32>
  return
}

// -----

func.func @argmax_c2(%x: tensor<2x?xf32, #lathe.sym<n>>, %l: tensor<2xi32>) {
  // expected-error @+1 {{C2: x is [2, n], expected a static last extent above 0}}
  %y = lathe.argmax %x, %l : tensor<2x?xf32, #lathe.sym<n>>, tensor<2xi32>
  return
}

// -----

func.func @argmax_c2_beyond_ids(%x: tensor<2x2147483648xf32>, %l: tensor<2xi32>) {
  // expected-error @+1 {{C2: x has 2147483648 columns, more than ids of 32 bits}}
  %y = lathe.argmax %x, %l : tensor<2x2147483648xf32>, tensor<2xi32>
  return
}

// -----

func.func @argmax_c3(%x: tensor<?x8xf32, #lathe.sym<r>>, %l: tensor<?xi32, #lathe.sym<s>>) {
  // expected-error @+1 {{C3: limits is [s], expected [r]: one limit a row}}
  %y = lathe.argmax %x, %l : tensor<?x8xf32, #lathe.sym<r>>, tensor<?xi32, #lathe.sym<s>>
  return
}

// -----

func.func @block_max_c1(%x: tensor<8xf32>) {
  // expected-error @+1 {{'lathe.block_max' op C1: x is [8], expected rank 2}}
  %y = lathe.block_max %x by 4 : tensor<8xf32>
  return
}

// -----

func.func @block_max_c2(%x: tensor<2x0xf32>) {
  // expected-error @+1 {{C2: x is [2, 0], expected a static last extent above 0}}
  %y = lathe.block_max %x by 4 : tensor<2x0xf32>
  return
}

// -----

func.func @block_max_c3(%x: tensor<2x8xf32>) {
  // expected-error @+1 {{C3: block is -4, expected a positive number}}
  %y = lathe.block_max %x by -4 : tensor<2x8xf32>
  return
}

// -----

func.func @argmax_by_blocks_c1(%x: tensor<8xf32>, %m: tensor<2x2xf32>, %l: tensor<2xi32>) {
  // expected-error @+1 {{'lathe.argmax_by_blocks' op C1: x is [8], expected rank 2}}
  %y = lathe.argmax_by_blocks %x, %m, %l by 4 : tensor<8xf32>, tensor<2x2xf32>, tensor<2xi32>
  return
}

// -----

func.func @argmax_by_blocks_c2(%x: tensor<2x0xf32>, %m: tensor<2x2xf32>, %l: tensor<2xi32>) {
  // expected-error @+1 {{C2: x is [2, 0], expected a static last extent above 0}}
  %y = lathe.argmax_by_blocks %x, %m, %l by 4 : tensor<2x0xf32>, tensor<2x2xf32>, tensor<2xi32>
  return
}

// -----

func.func @argmax_by_blocks_c3(%x: tensor<2x8xf32>, %m: tensor<2x2xf32>, %l: tensor<3xi32>) {
  // expected-error @+1 {{C3: limits is [3], expected [2]: one limit a row}}
  %y = lathe.argmax_by_blocks %x, %m, %l by 4 : tensor<2x8xf32>, tensor<2x2xf32>, tensor<3xi32>
  return
}

// -----

func.func @argmax_by_blocks_c4(%x: tensor<2x8xf32>, %m: tensor<2x2xf32>, %l: tensor<2xi32>) {
  // expected-error @+1 {{C4: block is 0, expected a positive number}}
  %y = lathe.argmax_by_blocks %x, %m, %l by 0 : tensor<2x8xf32>, tensor<2x2xf32>, tensor<2xi32>
  return
}

// -----

func.func @argmax_by_blocks_c5(%x: tensor<2x9xf32>, %m: tensor<2x2xf32>, %l: tensor<2xi32>) {
  // expected-error @+1 {{C5: maxima is [2, 2], expected [2, 3]: one element a block of x}}
  %y = lathe.argmax_by_blocks %x, %m, %l by 4 : tensor<2x9xf32>, tensor<2x2xf32>, tensor<2xi32>
  return
}

// -----

func.func @sample_c1(%x: tensor<8xf32>, %g: tensor<?xi32, #lathe.sym<r>>, %l: tensor<?xi32, #lathe.sym<r>>, %s: tensor<?x6xf32, #lathe.sym<r>>, %n: tensor<?x9xi32, #lathe.sym<r>>, %i: tensor<?xi32, #lathe.sym<e>>, %v: tensor<?xf32, #lathe.sym<e>>) {
  // expected-error @+1 {{'lathe.sample' op C1: x is [8], expected rank 2}}
  %y = lathe.sample %x or %g, %l, %s, %n, %i, %v : tensor<8xf32>, tensor<?xi32, #lathe.sym<r>>, tensor<?xi32, #lathe.sym<r>>, tensor<?x6xf32, #lathe.sym<r>>, tensor<?x9xi32, #lathe.sym<r>>, tensor<?xi32, #lathe.sym<e>>, tensor<?xf32, #lathe.sym<e>>
  return
}

// -----

func.func @sample_c2(%x: tensor<?x0xf32, #lathe.sym<r>>, %g: tensor<?xi32, #lathe.sym<r>>, %l: tensor<?xi32, #lathe.sym<r>>, %s: tensor<?x6xf32, #lathe.sym<r>>, %n: tensor<?x9xi32, #lathe.sym<r>>, %i: tensor<?xi32, #lathe.sym<e>>, %v: tensor<?xf32, #lathe.sym<e>>) {
  // expected-error @+1 {{C2: x is [r, 0], expected a static last extent above 0}}
  %y = lathe.sample %x or %g, %l, %s, %n, %i, %v : tensor<?x0xf32, #lathe.sym<r>>, tensor<?xi32, #lathe.sym<r>>, tensor<?xi32, #lathe.sym<r>>, tensor<?x6xf32, #lathe.sym<r>>, tensor<?x9xi32, #lathe.sym<r>>, tensor<?xi32, #lathe.sym<e>>, tensor<?xf32, #lathe.sym<e>>
  return
}

// -----

func.func @sample_c2_beyond_weights(%x: tensor<?x8388609xf32, #lathe.sym<r>>, %g: tensor<?xi32, #lathe.sym<r>>, %l: tensor<?xi32, #lathe.sym<r>>, %s: tensor<?x6xf32, #lathe.sym<r>>, %n: tensor<?x9xi32, #lathe.sym<r>>, %i: tensor<?xi32, #lathe.sym<e>>, %v: tensor<?xf32, #lathe.sym<e>>) {
  // expected-error @+1 {{C2: x has 8388609 columns, more than the 8388608 that can be drawn among}}
  %y = lathe.sample %x or %g, %l, %s, %n, %i, %v : tensor<?x8388609xf32, #lathe.sym<r>>, tensor<?xi32, #lathe.sym<r>>, tensor<?xi32, #lathe.sym<r>>, tensor<?x6xf32, #lathe.sym<r>>, tensor<?x9xi32, #lathe.sym<r>>, tensor<?xi32, #lathe.sym<e>>, tensor<?xf32, #lathe.sym<e>>
  return
}

// -----

func.func @sample_c3(%x: tensor<?x8xf32, #lathe.sym<r>>, %g: tensor<?xi32, #lathe.sym<r>>, %l: tensor<?xi32, #lathe.sym<e>>, %s: tensor<?x6xf32, #lathe.sym<r>>, %n: tensor<?x9xi32, #lathe.sym<r>>, %i: tensor<?xi32, #lathe.sym<e>>, %v: tensor<?xf32, #lathe.sym<e>>) {
  // expected-error @+1 {{C3: limits is [e], expected [r]: one limit a row}}
  %y = lathe.sample %x or %g, %l, %s, %n, %i, %v : tensor<?x8xf32, #lathe.sym<r>>, tensor<?xi32, #lathe.sym<r>>, tensor<?xi32, #lathe.sym<e>>, tensor<?x6xf32, #lathe.sym<r>>, tensor<?x9xi32, #lathe.sym<r>>, tensor<?xi32, #lathe.sym<e>>, tensor<?xf32, #lathe.sym<e>>
  return
}

// -----

func.func @sample_c4(%x: tensor<?x8xf32, #lathe.sym<r>>, %g: tensor<?xi32, #lathe.sym<e>>, %l: tensor<?xi32, #lathe.sym<r>>, %s: tensor<?x6xf32, #lathe.sym<r>>, %n: tensor<?x9xi32, #lathe.sym<r>>, %i: tensor<?xi32, #lathe.sym<e>>, %v: tensor<?xf32, #lathe.sym<e>>) {
  // expected-error @+1 {{C4: greedy_ids is [e], expected [r]: one id a row}}
  %y = lathe.sample %x or %g, %l, %s, %n, %i, %v : tensor<?x8xf32, #lathe.sym<r>>, tensor<?xi32, #lathe.sym<e>>, tensor<?xi32, #lathe.sym<r>>, tensor<?x6xf32, #lathe.sym<r>>, tensor<?x9xi32, #lathe.sym<r>>, tensor<?xi32, #lathe.sym<e>>, tensor<?xf32, #lathe.sym<e>>
  return
}

// -----

func.func @sample_c5(%x: tensor<?x8xf32, #lathe.sym<r>>, %g: tensor<?xi32, #lathe.sym<r>>, %l: tensor<?xi32, #lathe.sym<r>>, %s: tensor<?x5xf32, #lathe.sym<r>>, %n: tensor<?x9xi32, #lathe.sym<r>>, %i: tensor<?xi32, #lathe.sym<e>>, %v: tensor<?xf32, #lathe.sym<e>>) {
  // expected-error @+1 {{C5: settings is [r, 5], expected [r, 6]: settings of a row}}
  %y = lathe.sample %x or %g, %l, %s, %n, %i, %v : tensor<?x8xf32, #lathe.sym<r>>, tensor<?xi32, #lathe.sym<r>>, tensor<?xi32, #lathe.sym<r>>, tensor<?x5xf32, #lathe.sym<r>>, tensor<?x9xi32, #lathe.sym<r>>, tensor<?xi32, #lathe.sym<e>>, tensor<?xf32, #lathe.sym<e>>
  return
}

// -----

func.func @sample_c6(%x: tensor<?x8xf32, #lathe.sym<r>>, %g: tensor<?xi32, #lathe.sym<r>>, %l: tensor<?xi32, #lathe.sym<r>>, %s: tensor<?x6xf32, #lathe.sym<r>>, %n: tensor<9xi32>, %i: tensor<?xi32, #lathe.sym<e>>, %v: tensor<?xf32, #lathe.sym<e>>) {
  // expected-error @+1 {{C6: numbers is [9], expected [r, 9]: numbers of a row}}
  %y = lathe.sample %x or %g, %l, %s, %n, %i, %v : tensor<?x8xf32, #lathe.sym<r>>, tensor<?xi32, #lathe.sym<r>>, tensor<?xi32, #lathe.sym<r>>, tensor<?x6xf32, #lathe.sym<r>>, tensor<9xi32>, tensor<?xi32, #lathe.sym<e>>, tensor<?xf32, #lathe.sym<e>>
  return
}

// -----

func.func @sample_c7(%x: tensor<?x8xf32, #lathe.sym<r>>, %g: tensor<?xi32, #lathe.sym<r>>, %l: tensor<?xi32, #lathe.sym<r>>, %s: tensor<?x6xf32, #lathe.sym<r>>, %n: tensor<?x9xi32, #lathe.sym<r>>, %i: tensor<?x2xi32, #lathe.sym<e>>, %v: tensor<?xf32, #lathe.sym<e>>) {
  // expected-error @+1 {{C7: list_ids is [e, 2], expected rank 1}}
  %y = lathe.sample %x or %g, %l, %s, %n, %i, %v : tensor<?x8xf32, #lathe.sym<r>>, tensor<?xi32, #lathe.sym<r>>, tensor<?xi32, #lathe.sym<r>>, tensor<?x6xf32, #lathe.sym<r>>, tensor<?x9xi32, #lathe.sym<r>>, tensor<?x2xi32, #lathe.sym<e>>, tensor<?xf32, #lathe.sym<e>>
  return
}

// -----

func.func @sample_c8(%x: tensor<?x8xf32, #lathe.sym<r>>, %g: tensor<?xi32, #lathe.sym<r>>, %l: tensor<?xi32, #lathe.sym<r>>, %s: tensor<?x6xf32, #lathe.sym<r>>, %n: tensor<?x9xi32, #lathe.sym<r>>, %i: tensor<?xi32, #lathe.sym<e>>, %v: tensor<?xf32, #lathe.sym<r>>) {
  // expected-error @+1 {{C8: list_values is [r], expected [e]: one value an id}}
  %y = lathe.sample %x or %g, %l, %s, %n, %i, %v : tensor<?x8xf32, #lathe.sym<r>>, tensor<?xi32, #lathe.sym<r>>, tensor<?xi32, #lathe.sym<r>>, tensor<?x6xf32, #lathe.sym<r>>, tensor<?x9xi32, #lathe.sym<r>>, tensor<?xi32, #lathe.sym<e>>, tensor<?xf32, #lathe.sym<r>>
  return
}
