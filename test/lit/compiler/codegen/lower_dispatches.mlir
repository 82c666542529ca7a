// Each kernel is written once for each feature level; dispatches with equal keys share it, others get their own.
// RUN: lathe-opt %s --split-input-file --lathe-lower-dispatches=targets=cpu --verify-diagnostics | FileCheck %s
// Lowering again replaces what was there.
// RUN: lathe-opt %s --split-input-file --lathe-lower-dispatches=targets=cpu --lathe-lower-dispatches=targets=cpu --verify-diagnostics | FileCheck %s

#t = #lathe.sym<tokens>

// CHECK-LABEL: func.func @step
func.func @step(%x: tensor<?x32xf32, #t>, %y: tensor<?x64xf32, #t>) -> (tensor<?x32xf32, #t>, tensor<?x64xf32, #t>) {
  // CHECK: lathe.dispatch "first" {{.*}} symbols = {cpu = "[[SHARED:rowwise_[0-9a-f]+]]"}
  %a = lathe.dispatch "first" (%i = %x : tensor<?x32xf32, #t>) -> tensor<?x32xf32, #t> attributes {kernels = {cpu = "rowwise"}} {
    %n = lathe.silu %i : tensor<?x32xf32, #t>
    lathe.yield %n : tensor<?x32xf32, #t>
  }
  // CHECK: lathe.dispatch "second" {{.*}} symbols = {cpu = "[[SHARED]]"}
  %b = lathe.dispatch "second" (%i = %a : tensor<?x32xf32, #t>) -> tensor<?x32xf32, #t> attributes {kernels = {cpu = "rowwise"}} {
    %n = lathe.silu %i : tensor<?x32xf32, #t>
    lathe.yield %n : tensor<?x32xf32, #t>
  }
  // CHECK: lathe.dispatch "wider" {{.*}} symbols = {cpu = "[[OWN:rowwise_[0-9a-f]+]]"}
  %c = lathe.dispatch "wider" (%i = %y : tensor<?x64xf32, #t>) -> tensor<?x64xf32, #t> attributes {kernels = {cpu = "rowwise"}} {
    %n = lathe.silu %i : tensor<?x64xf32, #t>
    lathe.yield %n : tensor<?x64xf32, #t>
  }
  return %b, %c : tensor<?x32xf32, #t>, tensor<?x64xf32, #t>
}
// CHECK: module @kernels.cpu {
// CHECK-NEXT: module @"x86-64-v3" {
// CHECK-NEXT: module @[[SHARED]] attributes {lathe.key = "rowwise {{.*}}", lathe.scratch_bytes = {{[0-9]+}} : i64} {
// CHECK: llvm.func @[[SHARED]](
// CHECK: module @[[OWN]]
// CHECK: llvm.func @[[OWN]](
// CHECK: module @"x86-64-v4" {
// CHECK-NEXT: module @[[SHARED]]
// CHECK: module @[[OWN]]
// CHECK: module @"x86-64-v4-bf16" {
// CHECK-NEXT: module @[[SHARED]]
// CHECK: module @[[OWN]]
// CHECK-NOT: module @

// -----

#t = #lathe.sym<tokens>

func.func @step(%x: tensor<?x32xf32, #t>) -> tensor<?x32xf32, #t> {
  // expected-error @+1 {{phase lower: dispatch silu has no kernel for target cpu: run phase select for it first}}
  %a = lathe.dispatch "silu" (%i = %x : tensor<?x32xf32, #t>) -> tensor<?x32xf32, #t> {
    %n = lathe.silu %i : tensor<?x32xf32, #t>
    lathe.yield %n : tensor<?x32xf32, #t>
  }
  return %a : tensor<?x32xf32, #t>
}

// -----

#t = #lathe.sym<tokens>

// A name that somebody edited: unknown, and known but of no use here.
func.func @step(%x: tensor<?x32xf32, #t>) -> tensor<?x32xf32, #t> {
  // expected-error @+1 {{phase lower: dispatch silu: no kernel is called "fast_silu" for this target; there are: grouped_matmul, matmul, attention, rope_table, argmax, sample, moe_route, moe_dispatch, moe_combine, rowwise}}
  %a = lathe.dispatch "silu" (%i = %x : tensor<?x32xf32, #t>) -> tensor<?x32xf32, #t> attributes {kernels = {cpu = "fast_silu"}} {
    %n = lathe.silu %i : tensor<?x32xf32, #t>
    lathe.yield %n : tensor<?x32xf32, #t>
  }
  return %a : tensor<?x32xf32, #t>
}

// -----

#t = #lathe.sym<tokens>

func.func @step(%x: tensor<?x32xf32, #t>) -> tensor<?x32xf32, #t> {
  // expected-error @+1 {{phase lower: dispatch silu as matmul: has no epilogue for lathe.silu}}
  %a = lathe.dispatch "silu" (%i = %x : tensor<?x32xf32, #t>) -> tensor<?x32xf32, #t> attributes {kernels = {cpu = "matmul"}} {
    %n = lathe.silu %i : tensor<?x32xf32, #t>
    lathe.yield %n : tensor<?x32xf32, #t>
  }
  return %a : tensor<?x32xf32, #t>
}
