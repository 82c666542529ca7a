// A group becomes a dispatch: operands are what it reads, once each; results are what others read; the ops inside are unchanged.
// RUN: lathe-opt %s --lathe-form-dispatches | FileCheck %s
// Nothing is left to group in what the pass made.
// RUN: lathe-opt %s --lathe-form-dispatches --lathe-form-dispatches | FileCheck %s

#t = #lathe.sym<tokens>

// CHECK-LABEL: func.func @step
// CHECK-SAME: (%[[X:.*]]: tensor<?x32xf32, #tokens>, %[[UNUSED:.*]]: tensor<?x32xf32, #tokens>)
func.func @step(%x: tensor<?x32xf32, #t>, %unused: tensor<?x32xf32, #t>) -> (tensor<?x32xf32, #t>, tensor<?x32xf32, #t>) {
  // CHECK-NEXT: %[[R:.*]]:2 = lathe.dispatch "mul.neg.silu" (%[[A:[^ ]*]] = %[[X]] : tensor<?x32xf32, #tokens>) -> (tensor<?x32xf32, #tokens>, tensor<?x32xf32, #tokens>) attributes {rule = "rowwise"} {
  // CHECK-NEXT: %[[SQUARE:.*]] = lathe.mul %[[A]], %[[A]]
  // CHECK-NEXT: %[[NEG:.*]] = lathe.neg %[[SQUARE]]
  // CHECK-NEXT: %[[SILU:.*]] = lathe.silu %[[NEG]]
  // CHECK-NEXT: lathe.yield %[[NEG]], %[[SILU]]
  // CHECK-NEXT: }
  %s = lathe.mul %x, %x : tensor<?x32xf32, #t>
  %n = lathe.neg %s : tensor<?x32xf32, #t>
  %y = lathe.silu %n : tensor<?x32xf32, #t>
  // CHECK-NEXT: return %[[R]]#0, %[[R]]#1
  return %n, %y : tensor<?x32xf32, #t>, tensor<?x32xf32, #t>
}
