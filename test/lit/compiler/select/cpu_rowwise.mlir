// Chains of row-by-row ops: the key spells the program; what has other rows, or no way to run, is declined.
// RUN: lathe-opt %s --split-input-file --lathe-select-kernels=targets=cpu --verify-diagnostics | FileCheck %s

#t = #lathe.sym<tokens>
#r = #lathe.sym<logit_rows>

// CHECK-LABEL: func.func @taken
func.func @taken(%x: tensor<?x32xf32, #t>, %y: tensor<?x32xf32, #t>, %g: tensor<32xbf16>, %rows: tensor<?xi32, #r>)
    -> (tensor<?x32xf32, #t>, tensor<?x32xf32, #t>, tensor<?x32xf32, #r>) {
  // Equal programs on other operands have equal keys.
  // CHECK: lathe.dispatch "a"
  // CHECK-SAME: "cpu: rowwise: taken, [[KEY:rowwise [^"]*]]"
  %a = lathe.dispatch "a" (%i = %x : tensor<?x32xf32, #t>, %j = %y : tensor<?x32xf32, #t>, %w = %g : tensor<32xbf16>) -> tensor<?x32xf32, #t> {
    %s = lathe.add %i, %j : tensor<?x32xf32, #t>
    %n = lathe.rms_norm %s, %w {eps = 1.0e-6 : f64} : tensor<?x32xf32, #t>, tensor<32xbf16>
    lathe.yield %n : tensor<?x32xf32, #t>
  }
  // CHECK: lathe.dispatch "b"
  // CHECK-SAME: "cpu: rowwise: taken, [[KEY]]"
  %b = lathe.dispatch "b" (%i = %a : tensor<?x32xf32, #t>, %j = %x : tensor<?x32xf32, #t>, %w = %g : tensor<32xbf16>) -> tensor<?x32xf32, #t> {
    %s = lathe.add %i, %j : tensor<?x32xf32, #t>
    %n = lathe.rms_norm %s, %w {eps = 1.0e-6 : f64} : tensor<?x32xf32, #t>, tensor<32xbf16>
    lathe.yield %n : tensor<?x32xf32, #t>
  }
  // CHECK: lathe.dispatch "gather"
  // CHECK-SAME: kernels = {cpu = "rowwise"}
  %c = lathe.dispatch "gather" (%i = %b : tensor<?x32xf32, #t>, %j = %rows : tensor<?xi32, #r>) -> tensor<?x32xf32, #r> {
    %s = lathe.gather_rows %i, %j : tensor<?x32xf32, #t>, tensor<?xi32, #r>
    %n = lathe.scale %s {factor = 0.5 : f64} : tensor<?x32xf32, #r>
    lathe.yield %n : tensor<?x32xf32, #r>
  }
  return %a, %b, %c : tensor<?x32xf32, #t>, tensor<?x32xf32, #t>, tensor<?x32xf32, #r>
}

// -----

#t = #lathe.sym<tokens>
#r = #lathe.sym<logit_rows>

func.func @other_rows(%x: tensor<?x32xf32, #t>, %y: tensor<?x32xf32, #r>) {
  // expected-error @+11 {{has no kernel for dispatch 'both'}}
  // expected-note @+10 {{grouped_matmul: no}}
  // expected-note @+9 {{matmul: no}}
  // expected-note @+8 {{attention: no}}
  // expected-note @+7 {{rope_table: no}}
  // expected-note @+6 {{argmax: no}}
  // expected-note @+5 {{sample: no}}
  // expected-note @+4 {{moe_route: no}}
  // expected-note @+3 {{moe_dispatch: no}}
  // expected-note @+2 {{moe_combine: no}}
  // expected-note @+1 {{rowwise: no, the ops have different rows}}
  %r:2 = lathe.dispatch "both" (%i = %x : tensor<?x32xf32, #t>, %j = %y : tensor<?x32xf32, #r>) -> (tensor<?x32xf32, #t>, tensor<?x32xf32, #r>) {
    %m = lathe.silu %i : tensor<?x32xf32, #t>
    %n = lathe.silu %j : tensor<?x32xf32, #r>
    lathe.yield %m, %n : tensor<?x32xf32, #t>, tensor<?x32xf32, #r>
  }
  return
}

// -----

#t = #lathe.sym<tokens>

func.func @offset(%x: tensor<?x32xf32, #t>) {
  // expected-error @+11 {{has no kernel for dispatch 'plus'}}
  // expected-note @+10 {{grouped_matmul: no}}
  // expected-note @+9 {{matmul: no}}
  // expected-note @+8 {{attention: no}}
  // expected-note @+7 {{rope_table: no}}
  // expected-note @+6 {{argmax: no}}
  // expected-note @+5 {{sample: no}}
  // expected-note @+4 {{moe_route: no}}
  // expected-note @+3 {{moe_dispatch: no}}
  // expected-note @+2 {{moe_combine: no}}
  // expected-note @+1 {{rowwise: no, has no way to add a constant}}
  %r = lathe.dispatch "plus" (%i = %x : tensor<?x32xf32, #t>) -> tensor<?x32xf32, #t> {
    %m = lathe.scale %i {factor = 1.0 : f64, offset = 1.0 : f64} : tensor<?x32xf32, #t>
    lathe.yield %m : tensor<?x32xf32, #t>
  }
  return
}

// -----

#t = #lathe.sym<tokens>

func.func @not_rows(%x: tensor<?xf32, #t>) {
  // expected-error @+11 {{has no kernel for dispatch 'vector'}}
  // expected-note @+10 {{grouped_matmul: no}}
  // expected-note @+9 {{matmul: no}}
  // expected-note @+8 {{attention: no}}
  // expected-note @+7 {{rope_table: no}}
  // expected-note @+6 {{argmax: no}}
  // expected-note @+5 {{sample: no}}
  // expected-note @+4 {{moe_route: no}}
  // expected-note @+3 {{moe_dispatch: no}}
  // expected-note @+2 {{moe_combine: no}}
  // expected-note @+1 {{rowwise: no, lathe.silu does not work on rows}}
  %r = lathe.dispatch "vector" (%i = %x : tensor<?xf32, #t>) -> tensor<?xf32, #t> {
    %m = lathe.silu %i : tensor<?xf32, #t>
    lathe.yield %m : tensor<?xf32, #t>
  }
  return
}

// -----

#t = #lathe.sym<tokens>

// Without any op there are no rows to go by.
func.func @nothing(%x: tensor<?x32xf32, #t>) {
  // expected-error @+11 {{has no kernel for dispatch 'copy'}}
  // expected-note @+10 {{grouped_matmul: no}}
  // expected-note @+9 {{matmul: no}}
  // expected-note @+8 {{attention: no}}
  // expected-note @+7 {{rope_table: no}}
  // expected-note @+6 {{argmax: no}}
  // expected-note @+5 {{sample: no}}
  // expected-note @+4 {{moe_route: no}}
  // expected-note @+3 {{moe_dispatch: no}}
  // expected-note @+2 {{moe_combine: no}}
  // expected-note @+1 {{rowwise: no, there is no row-by-row op}}
  %r = lathe.dispatch "copy" (%i = %x : tensor<?x32xf32, #t>) -> tensor<?x32xf32, #t> {
    lathe.yield %i : tensor<?x32xf32, #t>
  }
  return
}
