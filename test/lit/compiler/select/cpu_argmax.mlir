// The choice of the largest of each row: alone in its dispatch, by maxima of the width of a vector or of all columns.
// RUN: lathe-opt %s --split-input-file --lathe-select-kernels=targets=cpu --verify-diagnostics | FileCheck %s

#r = #lathe.sym<rows>

// CHECK-LABEL: func.func @taken
func.func @taken(%x: tensor<?x70xf32, #r>, %m: tensor<?x5xf32, #r>, %l: tensor<?xi32, #r>) -> (tensor<?xi32, #r>, tensor<?xi32, #r>) {
  // CHECK: lathe.dispatch "plain"
  // CHECK-SAME: kernels = {cpu = "argmax"}
  // CHECK-SAME: "cpu: argmax: taken, argmax n=70"
  %a = lathe.dispatch "plain" (%i = %x : tensor<?x70xf32, #r>, %j = %l : tensor<?xi32, #r>) -> tensor<?xi32, #r> {
    %ids = lathe.argmax %i, %j : tensor<?x70xf32, #r>, tensor<?xi32, #r>
    lathe.yield %ids : tensor<?xi32, #r>
  }
  // CHECK: lathe.dispatch "blocks"
  // CHECK-SAME: "cpu: argmax: taken, argmax n=70 by maxima of blocks"
  %b = lathe.dispatch "blocks" (%i = %x : tensor<?x70xf32, #r>, %k = %m : tensor<?x5xf32, #r>, %j = %l : tensor<?xi32, #r>) -> tensor<?xi32, #r> {
    %ids = lathe.argmax_by_blocks %i, %k, %j by 16 : tensor<?x70xf32, #r>, tensor<?x5xf32, #r>, tensor<?xi32, #r>
    lathe.yield %ids : tensor<?xi32, #r>
  }
  return %a, %b : tensor<?xi32, #r>, tensor<?xi32, #r>
}

// -----

#r = #lathe.sym<rows>

func.func @other_blocks(%x: tensor<?x70xf32, #r>, %m: tensor<?x9xf32, #r>, %l: tensor<?xi32, #r>) {
  // expected-error @+11 {{has no kernel for dispatch 'ids'}}
  // expected-note @+10 {{grouped_matmul: no}}
  // expected-note @+9 {{matmul: no}}
  // expected-note @+8 {{attention: no}}
  // expected-note @+7 {{rope_table: no}}
  // expected-note @+6 {{argmax: no, has no way to read maxima of 8 columns, only of 16}}
  // expected-note @+5 {{sample: no}}
  // expected-note @+4 {{moe_route: no}}
  // expected-note @+3 {{moe_dispatch: no}}
  // expected-note @+2 {{moe_combine: no}}
  // expected-note @+1 {{rowwise: no}}
  %b = lathe.dispatch "ids" (%i = %x : tensor<?x70xf32, #r>, %k = %m : tensor<?x9xf32, #r>, %j = %l : tensor<?xi32, #r>) -> tensor<?xi32, #r> {
    %ids = lathe.argmax_by_blocks %i, %k, %j by 8 : tensor<?x70xf32, #r>, tensor<?x9xf32, #r>, tensor<?xi32, #r>
    lathe.yield %ids : tensor<?xi32, #r>
  }
  return
}

// -----

#r = #lathe.sym<rows>

func.func @something_beside(%x: tensor<?x70xf32, #r>, %l: tensor<?xi32, #r>) {
  // expected-error @+11 {{has no kernel for dispatch 'ids'}}
  // expected-note @+10 {{grouped_matmul: no}}
  // expected-note @+9 {{matmul: no}}
  // expected-note @+8 {{attention: no}}
  // expected-note @+7 {{rope_table: no}}
  // expected-note @+6 {{argmax: no, there is something beside the argmax}}
  // expected-note @+5 {{sample: no}}
  // expected-note @+4 {{moe_route: no}}
  // expected-note @+3 {{moe_dispatch: no}}
  // expected-note @+2 {{moe_combine: no}}
  // expected-note @+1 {{rowwise: no}}
  %b = lathe.dispatch "ids" (%i = %x : tensor<?x70xf32, #r>, %j = %l : tensor<?xi32, #r>) -> tensor<?xi32, #r> {
    %n = lathe.neg %i : tensor<?x70xf32, #r>
    %ids = lathe.argmax %i, %j : tensor<?x70xf32, #r>, tensor<?xi32, #r>
    lathe.yield %ids : tensor<?xi32, #r>
  }
  return
}
