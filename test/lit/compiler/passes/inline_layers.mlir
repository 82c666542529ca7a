// The entry becomes flat, dispatches get the path of the call, and the layer functions go.
// RUN: lathe-opt %s --split-input-file --lathe-inline-layers --verify-diagnostics | FileCheck %s
// RUN: lathe-opt %s --split-input-file --lathe-inline-layers --verify-diagnostics --mlir-print-debuginfo | FileCheck %s --check-prefix=PLACE
// PLACE-DAG: loc("model.layers.0.silu")
// PLACE-DAG: loc("model.layers.1.mlp.neg")

#t = #lathe.sym<tokens>

// CHECK-NOT: func.func private
func.func private @inner(%x: tensor<?x32xf32, #t>) -> tensor<?x32xf32, #t> {
  %y = lathe.dispatch "neg" (%a = %x : tensor<?x32xf32, #t>) -> tensor<?x32xf32, #t> {
    %n = lathe.neg %a : tensor<?x32xf32, #t>
    lathe.yield %n : tensor<?x32xf32, #t>
  }
  return %y : tensor<?x32xf32, #t>
}

func.func private @layer(%x: tensor<?x32xf32, #t>, %unused: tensor<?x32xf32, #t>) -> (tensor<?x32xf32, #t>, tensor<?x32xf32, #t>) {
  %y = lathe.dispatch "silu" (%a = %x : tensor<?x32xf32, #t>) -> tensor<?x32xf32, #t> attributes {kernels = {cpu = "rowwise"}} {
    %n = lathe.silu %a : tensor<?x32xf32, #t>
    lathe.yield %n : tensor<?x32xf32, #t>
  }
  %z = call @inner(%y) : (tensor<?x32xf32, #t>) -> tensor<?x32xf32, #t> loc("mlp")
  return %z, %unused : tensor<?x32xf32, #t>, tensor<?x32xf32, #t>
}

// CHECK-LABEL: func.func @step
// CHECK-SAME: %[[X:[^ ]*]]: tensor<?x32xf32
func.func @step(%x: tensor<?x32xf32, #t>) -> (tensor<?x32xf32, #t>, tensor<?x32xf32, #t>) {
  // CHECK-NEXT: %[[A:.*]] = lathe.dispatch "model.layers.0.silu" (%{{.*}} = %[[X]] : {{.*}} attributes {kernels = {cpu = "rowwise"}}
  // CHECK: %[[B:.*]] = lathe.dispatch "model.layers.0.mlp.neg" (%{{.*}} = %[[A]] :
  // CHECK: %[[C:.*]] = lathe.dispatch "model.layers.1.silu" (%{{.*}} = %[[B]] :
  // CHECK: %[[D:.*]] = lathe.dispatch "model.layers.1.mlp.neg" (%{{.*}} = %[[C]] :
  // CHECK-NOT: call
  // CHECK: return %[[D]], %[[X]]
  %y:2 = call @layer(%x, %x) : (tensor<?x32xf32, #t>, tensor<?x32xf32, #t>) -> (tensor<?x32xf32, #t>, tensor<?x32xf32, #t>) loc("model.layers.0")
  %z:2 = call @layer(%y#0, %y#1) : (tensor<?x32xf32, #t>, tensor<?x32xf32, #t>) -> (tensor<?x32xf32, #t>, tensor<?x32xf32, #t>) loc("model.layers.1")
  return %z#0, %z#1 : tensor<?x32xf32, #t>, tensor<?x32xf32, #t>
}

// A call without a path is named by what it calls.
// CHECK: lathe.dispatch "inner.neg"
// CHECK-NOT: func.func
func.func @other(%x: tensor<?x32xf32, #t>) -> tensor<?x32xf32, #t> {
  %y = call @inner(%x) : (tensor<?x32xf32, #t>) -> tensor<?x32xf32, #t>
  return %y : tensor<?x32xf32, #t>
}

// -----

func.func private @elsewhere()

func.func @step() {
  // expected-error @+1 {{calls @elsewhere, which has no body in this module}}
  call @elsewhere() : () -> ()
  return
}
