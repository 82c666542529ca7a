// Buffers get offsets as expressions over the symbols; one that is dead gives its place to the next.
// RUN: lathe-opt %s --split-input-file --lathe-plan-buffers --verify-diagnostics | FileCheck %s

#t = #lathe.sym<tokens>
#r = #lathe.sym<logit_rows>

// 32 x f32 is 128 bytes a token; two buffers are enough for the chain. Results of other symbols lie in regions of their own, in the
// order of the names; 8 x f32 is rounded up to 64 bytes.
// CHECK: func.func @step({{.*}} attributes {workspace = "128*logit_rows + 256*tokens + 64"}
func.func @step(%x: tensor<?x32xf32, #t>, %rows: tensor<?xi32, #r>, %table: tensor<8xf32>) -> (tensor<?x32xf32, #r>, tensor<8xf32>) {
  // CHECK: lathe.dispatch "a" {{.*}} attributes {buffers = ["128*logit_rows + 64"]}
  %a = lathe.dispatch "a" (%i = %x : tensor<?x32xf32, #t>) -> tensor<?x32xf32, #t> {
    %n = lathe.silu %i : tensor<?x32xf32, #t>
    lathe.yield %n : tensor<?x32xf32, #t>
  }
  // CHECK: lathe.dispatch "b" {{.*}} attributes {buffers = ["128*logit_rows + 128*tokens + 64"]}
  %b = lathe.dispatch "b" (%i = %a : tensor<?x32xf32, #t>) -> tensor<?x32xf32, #t> {
    %n = lathe.silu %i : tensor<?x32xf32, #t>
    lathe.yield %n : tensor<?x32xf32, #t>
  }
  // CHECK: lathe.dispatch "c" {{.*}} attributes {buffers = ["128*logit_rows + 64"]}
  %c = lathe.dispatch "c" (%i = %b : tensor<?x32xf32, #t>) -> tensor<?x32xf32, #t> {
    %n = lathe.silu %i : tensor<?x32xf32, #t>
    lathe.yield %n : tensor<?x32xf32, #t>
  }
  // A result of constant size, and one of other rows.
  // CHECK: lathe.dispatch "constant" {{.*}} attributes {buffers = ["0"]}
  %d = lathe.dispatch "constant" (%i = %table : tensor<8xf32>) -> tensor<8xf32> {
    %n = lathe.neg %i : tensor<8xf32>
    lathe.yield %n : tensor<8xf32>
  }
  // CHECK: lathe.dispatch "last" {{.*}} attributes {buffers = ["64"]}
  %e = lathe.dispatch "last" (%i = %c : tensor<?x32xf32, #t>, %j = %rows : tensor<?xi32, #r>) -> tensor<?x32xf32, #r> {
    %n = lathe.gather_rows %i, %j : tensor<?x32xf32, #t>, tensor<?xi32, #r>
    lathe.yield %n : tensor<?x32xf32, #r>
  }
  return %e, %d : tensor<?x32xf32, #r>, tensor<8xf32>
}

// -----

#t = #lathe.sym<tokens>

// What the entry returns lives to its end; several results of one dispatch lie side by side, aligned to 64 bytes.
// CHECK: func.func @step({{.*}} attributes {workspace = "256*tokens"}
func.func @step(%x: tensor<?x32xf32, #t>, %p: tensor<?xi32, #t>, %inv: tensor<1xf32>) -> (tensor<?x32xf32, #t>, tensor<?x1xf32, #t>) {
  // CHECK: lathe.dispatch "kept" {{.*}} attributes {buffers = ["0"]}
  %a = lathe.dispatch "kept" (%i = %x : tensor<?x32xf32, #t>) -> tensor<?x32xf32, #t> {
    %n = lathe.silu %i : tensor<?x32xf32, #t>
    lathe.yield %n : tensor<?x32xf32, #t>
  }
  // CHECK: lathe.dispatch "angles" {{.*}} attributes {buffers = ["128*tokens", "192*tokens"]}
  %cs:2 = lathe.dispatch "angles" (%i = %p : tensor<?xi32, #t>, %j = %inv : tensor<1xf32>) -> (tensor<?x1xf32, #t>, tensor<?x1xf32, #t>) {
    %cos, %sin = lathe.rope_table %i, %j : tensor<?xi32, #t>, tensor<1xf32>
    lathe.yield %cos, %sin : tensor<?x1xf32, #t>, tensor<?x1xf32, #t>
  }
  return %a, %cs#1 : tensor<?x32xf32, #t>, tensor<?x1xf32, #t>
}

// -----

#tr = #lathe.sym<tokens, logit_rows>

func.func @step(%x: tensor<?x?x4xf32, #tr>) -> tensor<?x?x4xf32, #tr> {
  // expected-error @+1 {{the size of a result of type 'tensor<?x?x4xf32, #lathe.sym<tokens, logit_rows>>' is not a multiple of one runtime symbol}}
  %a = lathe.dispatch "two" (%i = %x : tensor<?x?x4xf32, #tr>) -> tensor<?x?x4xf32, #tr> {
    %n = lathe.silu %i : tensor<?x?x4xf32, #tr>
    lathe.yield %n : tensor<?x?x4xf32, #tr>
  }
  return %a : tensor<?x?x4xf32, #tr>
}
