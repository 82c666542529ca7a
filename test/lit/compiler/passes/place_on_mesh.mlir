// One device holds everything: the module says so, the program stays as it is.
// RUN: lathe-opt %s --lathe-place-on-mesh | FileCheck %s

#t = #lathe.sym<tokens>

// CHECK: module attributes {lathe.mesh = array<i64: 1>}
// CHECK-NEXT: func.func @step
// CHECK-NEXT: lathe.neg
// CHECK-NEXT: return
func.func @step(%x: tensor<?x32xf32, #t>) -> tensor<?x32xf32, #t> {
  %y = lathe.neg %x : tensor<?x32xf32, #t>
  return %y : tensor<?x32xf32, #t>
}
