// Each constraint of the mixtures of experts, violated alone.
// RUN: lathe-opt %s --split-input-file --verify-diagnostics

func.func @route_c1(%s: tensor<6xf32>) {
  // expected-error @+1 {{'lathe.moe_route' op C1: scores is [6], expected rank 2}}
  %e, %w = lathe.moe_route 2 of %s by "softmax" : tensor<6xf32>
  return
}

// -----

func.func @route_c2(%s: tensor<?x0xf32, #lathe.sym<t>>) {
  // expected-error @+1 {{C2: scores is [t, 0], expected a static last extent above 0}}
  %e, %w = lathe.moe_route 2 of %s by "softmax" : tensor<?x0xf32, #lathe.sym<t>>
  return
}

// -----

func.func @route_c3(%s: tensor<?x6xf32, #lathe.sym<t>>) {
  // expected-error @+1 {{C3: top_k is 7, expected 1 to 6}}
  %e, %w = lathe.moe_route 7 of %s by "softmax" : tensor<?x6xf32, #lathe.sym<t>>
  return
}

// -----

func.func @route_c3_none(%s: tensor<?x6xf32, #lathe.sym<t>>) {
  // expected-error @+1 {{C3: top_k is 0, expected 1 to 6}}
  %e, %w = lathe.moe_route 0 of %s by "softmax" : tensor<?x6xf32, #lathe.sym<t>>
  return
}

// -----

func.func @route_c4(%s: tensor<?x6xf32, #lathe.sym<t>>, %b: tensor<5xf32>) {
  // expected-error @+1 {{C4: bias is [5], expected [6]: one element an expert}}
  %e, %w = lathe.moe_route 2 of %s bias %b by "softmax" : tensor<?x6xf32, #lathe.sym<t>>, tensor<5xf32>
  return
}

// -----

func.func @route_c5(%s: tensor<?x6xf32, #lathe.sym<t>>) {
  // expected-error @+1 {{C5: score is "relu", expected softmax or sigmoid}}
  %e, %w = lathe.moe_route 2 of %s by "relu" : tensor<?x6xf32, #lathe.sym<t>>
  return
}

// -----

func.func @dispatch_c1(%e: tensor<2xi32>) {
  // expected-error @+1 {{'lathe.moe_dispatch' op C1: experts is [2], expected rank 2}}
  %r, %p, %n = lathe.moe_dispatch %e among 6 : tensor<2xi32>
  return
}

// -----

func.func @dispatch_c2(%e: tensor<?x2xi32, #lathe.sym<t>>) {
  // expected-error @+1 {{C2: num_experts is 0, expected a positive number that fits an id}}
  %r, %p, %n = lathe.moe_dispatch %e among 0 : tensor<?x2xi32, #lathe.sym<t>>
  return
}

// -----

func.func @grouped_c1_with_rows(%x: tensor<?x2x16xf32, #lathe.sym<t>>, %r: tensor<?x2xi32, #lathe.sym<t>>, %e: tensor<6xi32>, %w: tensor<6x24x16xf32>) {
  // expected-error @+1 {{'lathe.grouped_matmul' op C1: x is [t, 2, 16], expected rank 2}}
  %y = lathe.grouped_matmul %x at %r, %e, %w : tensor<?x2x16xf32, #lathe.sym<t>>, tensor<6xi32>, tensor<6x24x16xf32>, tensor<?x2xi32, #lathe.sym<t>>
  return
}

// -----

func.func @grouped_c1_without_rows(%x: tensor<?x16xf32, #lathe.sym<t>>, %e: tensor<6xi32>, %w: tensor<6x24x16xf32>) {
  // expected-error @+1 {{C1: x is [t, 16], expected rank 3}}
  %y = lathe.grouped_matmul %x, %e, %w : tensor<?x16xf32, #lathe.sym<t>>, tensor<6xi32>, tensor<6x24x16xf32>
  return
}

// -----

func.func @grouped_c1_other_rows(%x: tensor<?x16xf32, #lathe.sym<t>>, %r: tensor<?x2xi32, #lathe.sym<u>>, %e: tensor<6xi32>, %w: tensor<6x24x16xf32>) {
  // expected-error @+1 {{C1: rows is [u, 2], expected [t, 2]: choices of the rows of x}}
  %y = lathe.grouped_matmul %x at %r, %e, %w : tensor<?x16xf32, #lathe.sym<t>>, tensor<6xi32>, tensor<6x24x16xf32>, tensor<?x2xi32, #lathe.sym<u>>
  return
}

// -----

func.func @grouped_c1_rank_of_rows(%x: tensor<?x16xf32, #lathe.sym<t>>, %r: tensor<?xi32, #lathe.sym<t>>, %e: tensor<6xi32>, %w: tensor<6x24x16xf32>) {
  // expected-error @+1 {{C1: rows is [t], expected rank 2}}
  %y = lathe.grouped_matmul %x at %r, %e, %w : tensor<?x16xf32, #lathe.sym<t>>, tensor<6xi32>, tensor<6x24x16xf32>, tensor<?xi32, #lathe.sym<t>>
  return
}

// -----

func.func @grouped_c2(%x: tensor<?x16xf32, #lathe.sym<t>>, %r: tensor<?x2xi32, #lathe.sym<t>>, %e: tensor<6xi32>, %w: tensor<24x16xf32>) {
  // expected-error @+1 {{C2: weight is [24, 16], expected rank 3}}
  %y = lathe.grouped_matmul %x at %r, %e, %w : tensor<?x16xf32, #lathe.sym<t>>, tensor<6xi32>, tensor<24x16xf32>, tensor<?x2xi32, #lathe.sym<t>>
  return
}

// -----

func.func @grouped_c2_terms(%x: tensor<?x16xf32, #lathe.sym<t>>, %r: tensor<?x2xi32, #lathe.sym<t>>, %e: tensor<6xi32>, %w: tensor<6x24x15xf32>) {
  // expected-error @+1 {{C2: weight is [6, 24, 15], expected [6, 24, 16]: the last extent of x}}
  %y = lathe.grouped_matmul %x at %r, %e, %w : tensor<?x16xf32, #lathe.sym<t>>, tensor<6xi32>, tensor<6x24x15xf32>, tensor<?x2xi32, #lathe.sym<t>>
  return
}

// -----

func.func @grouped_c3(%x: tensor<?x16xf32, #lathe.sym<t>>, %r: tensor<?x2xi32, #lathe.sym<t>>, %e: tensor<5xi32>, %w: tensor<6x24x16xf32>) {
  // expected-error @+1 {{C3: ends is [5], expected [6]: one end an expert}}
  %y = lathe.grouped_matmul %x at %r, %e, %w : tensor<?x16xf32, #lathe.sym<t>>, tensor<5xi32>, tensor<6x24x16xf32>, tensor<?x2xi32, #lathe.sym<t>>
  return
}

// -----

func.func @combine_c1(%x: tensor<?x16xf32, #lathe.sym<t>>, %p: tensor<?x2xi32, #lathe.sym<t>>, %w: tensor<?x2xf32, #lathe.sym<t>>) {
  // expected-error @+1 {{'lathe.moe_combine' op C1: x is [t, 16], expected rank 3}}
  %y = lathe.moe_combine %x at %p, %w : tensor<?x16xf32, #lathe.sym<t>>, tensor<?x2xi32, #lathe.sym<t>>, tensor<?x2xf32, #lathe.sym<t>>
  return
}

// -----

func.func @combine_c2(%x: tensor<?x2x16xf32, #lathe.sym<t>>, %p: tensor<?x3xi32, #lathe.sym<t>>, %w: tensor<?x2xf32, #lathe.sym<t>>) {
  // expected-error @+1 {{C2: places is [t, 3], expected [t, 2]: one place a choice}}
  %y = lathe.moe_combine %x at %p, %w : tensor<?x2x16xf32, #lathe.sym<t>>, tensor<?x3xi32, #lathe.sym<t>>, tensor<?x2xf32, #lathe.sym<t>>
  return
}

// -----

func.func @combine_c3(%x: tensor<?x2x16xf32, #lathe.sym<t>>, %p: tensor<?x2xi32, #lathe.sym<t>>, %w: tensor<?x3xf32, #lathe.sym<t>>) {
  // expected-error @+1 {{C3: weights is [t, 3], expected [t, 2]: one weight a choice}}
  %y = lathe.moe_combine %x at %p, %w : tensor<?x2x16xf32, #lathe.sym<t>>, tensor<?x2xi32, #lathe.sym<t>>, tensor<?x3xf32, #lathe.sym<t>>
  return
}
