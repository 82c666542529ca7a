// The choice of tokens as their requests want them: alone in its dispatch.
// RUN: lathe-opt %s --split-input-file --lathe-select-kernels=targets=cpu --verify-diagnostics | FileCheck %s

#r = #lathe.sym<rows>
#e = #lathe.sym<entries>

// CHECK-LABEL: func.func @taken
func.func @taken(%x: tensor<?x70xf32, #r>, %g: tensor<?xi32, #r>, %l: tensor<?xi32, #r>, %s: tensor<?x6xf32, #r>,
                 %n: tensor<?x9xi32, #r>, %i: tensor<?xi32, #e>, %v: tensor<?xf32, #e>) -> tensor<?xi32, #r> {
  // CHECK: lathe.dispatch "ids"
  // CHECK-SAME: kernels = {cpu = "sample"}
  // CHECK-SAME: "cpu: sample: taken, sample n=70"
  %ids = lathe.dispatch "ids" (%a = %x : tensor<?x70xf32, #r>, %b = %g : tensor<?xi32, #r>, %c = %l : tensor<?xi32, #r>,
                               %d = %s : tensor<?x6xf32, #r>, %f = %n : tensor<?x9xi32, #r>, %h = %i : tensor<?xi32, #e>,
                               %j = %v : tensor<?xf32, #e>) -> tensor<?xi32, #r> {
    %y = lathe.sample %a or %b, %c, %d, %f, %h, %j : tensor<?x70xf32, #r>, tensor<?xi32, #r>, tensor<?xi32, #r>,
        tensor<?x6xf32, #r>, tensor<?x9xi32, #r>, tensor<?xi32, #e>, tensor<?xf32, #e>
    lathe.yield %y : tensor<?xi32, #r>
  }
  return %ids : tensor<?xi32, #r>
}

// -----

#r = #lathe.sym<rows>
#e = #lathe.sym<entries>

func.func @something_beside(%x: tensor<?x70xf32, #r>, %g: tensor<?xi32, #r>, %l: tensor<?xi32, #r>, %s: tensor<?x6xf32, #r>,
                            %n: tensor<?x9xi32, #r>, %i: tensor<?xi32, #e>, %v: tensor<?xf32, #e>) {
  // expected-error @+11 {{has no kernel for dispatch 'ids'}}
  // expected-note @+10 {{grouped_matmul: no}}
  // expected-note @+9 {{matmul: no}}
  // expected-note @+8 {{attention: no}}
  // expected-note @+7 {{rope_table: no}}
  // expected-note @+6 {{argmax: no, the dispatch is not a single argmax}}
  // expected-note @+5 {{sample: no, there is something beside the sample}}
  // expected-note @+4 {{moe_route: no}}
  // expected-note @+3 {{moe_dispatch: no}}
  // expected-note @+2 {{moe_combine: no}}
  // expected-note @+1 {{rowwise: no}}
  %ids = lathe.dispatch "ids" (%a = %x : tensor<?x70xf32, #r>, %b = %g : tensor<?xi32, #r>, %c = %l : tensor<?xi32, #r>,
                               %d = %s : tensor<?x6xf32, #r>, %f = %n : tensor<?x9xi32, #r>, %h = %i : tensor<?xi32, #e>,
                               %j = %v : tensor<?xf32, #e>) -> tensor<?xi32, #r> {
    %o = lathe.neg %d : tensor<?x6xf32, #r>
    %y = lathe.sample %a or %b, %c, %d, %f, %h, %j : tensor<?x70xf32, #r>, tensor<?xi32, #r>, tensor<?xi32, #r>,
        tensor<?x6xf32, #r>, tensor<?x9xi32, #r>, tensor<?xi32, #e>, tensor<?xf32, #e>
    lathe.yield %y : tensor<?xi32, #r>
  }
  return
}
