// A table of small integers has one layout, whoever reads it, and its rows are widened once.
// RUN: lathe-opt %s --lathe-select-kernels=targets=cpu | FileCheck %s

#t = #lathe.sym<tokens>
#q4 = #lathe.group_quant<int4, group = 32>
lathe.param @table : tensor<48x64xf32, #q4>

func.func @step(%i: tensor<?xi32, #t>) -> tensor<?x64xf32, #t> {
  %w = lathe.weight @table : tensor<48x64xf32, #q4>
  // CHECK: rowwise: taken, rowwise 0=gather(;0,1)x64 limit=48 q4g32n16 1=scale(0;)x64 constant=3f800000 2=store
  %0 = lathe.dispatch "embed" (%t = %w : tensor<48x64xf32, #q4>, %r = %i : tensor<?xi32, #t>) -> tensor<?x64xf32, #t> {
    %e = lathe.embed %t, %r : tensor<48x64xf32, #q4>, tensor<?xi32, #t>
    lathe.yield %e : tensor<?x64xf32, #t>
  }
  return %0 : tensor<?x64xf32, #t>
}
