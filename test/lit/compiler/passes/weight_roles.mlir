// What a weight is for is seen from who reads it, through calls; what is not said of head and embedding follows the weights.
// RUN: lathe-opt %s --lathe-choose-storage=weights=int4 | FileCheck %s --check-prefixes=CHECK,INT4
// RUN: lathe-opt %s --lathe-choose-storage="weights=int8 group=128" | FileCheck %s --check-prefixes=CHECK,INT8
// RUN: lathe-opt %s --lathe-choose-storage="precision=f32 weights=bf16 head=int8 embedding=int4" | FileCheck %s --check-prefixes=CHECK,MIXED
// RUN: lathe-opt %s --lathe-choose-storage="weights=int4" | lathe-opt --lathe-choose-storage="weights=int8" | FileCheck %s --check-prefixes=CHECK,INT4
// RUN: not lathe-opt %s --lathe-choose-storage="weights=int2" 2>&1 | FileCheck %s --check-prefix=WORD
// WORD: error: --weights=int2: expected f32, bf16, int8 or int4
// RUN: not lathe-opt %s --lathe-choose-storage="weights=int4 group=64" 2>&1 | FileCheck %s --check-prefix=GROUP
// GROUP: error: --group=64: kernels read groups of 32 or 128

#t = #lathe.sym<tokens>

// INT4: lathe.param @embed : tensor<64x96xf32, #int8_g32>
// INT8: lathe.param @embed : tensor<64x96xf32, #int8_g128>
// MIXED: lathe.param @embed : tensor<64x96xf32, #int4_g32>
lathe.param @embed : tensor<64x96xbf16>
// INT4: lathe.param @head : tensor<64x96xf32, #int8_g32>
// INT8: lathe.param @head : tensor<64x96xf32, #int8_g128>
// MIXED: lathe.param @head : tensor<64x96xf32, #int8_g32>
lathe.param @head : tensor<64x96xf16>
// INT4: lathe.param @layer : tensor<96x96xf32, #int4_g32>
// INT8: lathe.param @layer : tensor<96x96xf32, #int8_g128>
// MIXED: lathe.param @layer : tensor<96x96xbf16>
lathe.param @layer : tensor<96x96xf32>
// CHECK: lathe.param @norm : tensor<96xf32>
lathe.param @norm : tensor<96xf32>
// Something adds to it, so that it cannot be small integers.
// INT4: lathe.param @other : tensor<96x96xbf16>
// INT8: lathe.param @other : tensor<96x96xbf16>
// MIXED: lathe.param @other : tensor<96x96xf32>
lathe.param @other : tensor<96x96xf32>

func.func private @inner(%x: tensor<?x96xf32, #t>, %w: tensor<96x96xf32>, %g: tensor<96xf32>) -> tensor<?x96xf32, #t> {
  %y = lathe.matmul %x, %w : tensor<?x96xf32, #t>, tensor<96x96xf32>
  %n = lathe.rms_norm %y, %g {eps = 1.0e-6 : f64} : tensor<?x96xf32, #t>, tensor<96xf32>
  return %n : tensor<?x96xf32, #t>
}

// INT4: func.func private @outer(%arg0: tensor<?x96xf32, #tokens>, %arg1: tensor<96x96xf32, #int4_g32>
func.func private @outer(%x: tensor<?x96xf32, #t>, %w: tensor<96x96xf32>, %g: tensor<96xf32>) -> tensor<?x96xf32, #t> {
  %y = call @inner(%x, %w, %g) : (tensor<?x96xf32, #t>, tensor<96x96xf32>, tensor<96xf32>) -> tensor<?x96xf32, #t>
  return %y : tensor<?x96xf32, #t>
}

func.func @step(%tokens: tensor<?xi32, #t>) -> (tensor<?x64xf32, #t> {lathe.name = "logits"}, tensor<96x96xf32> {lathe.name = "sum"}) {
  %e = lathe.weight @embed : tensor<64x96xbf16>
  %x = lathe.embed %e, %tokens : tensor<64x96xbf16>, tensor<?xi32, #t>
  %w = lathe.weight @layer : tensor<96x96xf32>
  %g = lathe.weight @norm : tensor<96xf32>
  %y = call @outer(%x, %w, %g) : (tensor<?x96xf32, #t>, tensor<96x96xf32>, tensor<96xf32>) -> tensor<?x96xf32, #t>
  %o = lathe.weight @other : tensor<96x96xf32>
  %z = lathe.matmul %y, %o : tensor<?x96xf32, #t>, tensor<96x96xf32>
  %a = lathe.cast %o : tensor<96x96xf32> -> tensor<96x96xf32>
  %h = lathe.weight @head : tensor<64x96xf16>
  %l = lathe.matmul %z, %h : tensor<?x96xf32, #t>, tensor<64x96xf16>
  %s = lathe.scale %l {factor = 2.0 : f64} : tensor<?x64xf32, #t>
  return %s, %a : tensor<?x64xf32, #t>, tensor<96x96xf32>
}
