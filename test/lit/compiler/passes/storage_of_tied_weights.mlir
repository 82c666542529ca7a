// A tensor that is both embedding and head is stored once: the word for either counts, two words must agree.
// RUN: lathe-opt %s --lathe-choose-storage="weights=int4" | FileCheck %s --check-prefix=DEFAULT
// DEFAULT: lathe.param @tied : tensor<64x96xf32, #int8_g32>
// RUN: lathe-opt %s --lathe-choose-storage="weights=int8 head=int4" | FileCheck %s --check-prefix=HEAD
// HEAD: lathe.param @tied : tensor<64x96xf32, #int4_g32>
// RUN: lathe-opt %s --lathe-choose-storage="weights=int8 embedding=bf16" | FileCheck %s --check-prefix=EMBEDDING
// EMBEDDING: lathe.param @tied : tensor<64x96xbf16>
// RUN: not lathe-opt %s --lathe-choose-storage="head=int4 embedding=int8" 2>&1 | FileCheck %s --check-prefix=BOTH
// BOTH: error: tied: --embedding=int8 and --head=int4, but one tensor is both in this model and is stored once

#t = #lathe.sym<tokens>
lathe.param @tied : tensor<64x96xf32>
func.func @step(%tokens: tensor<?xi32, #t>) -> (tensor<?x64xf32, #t> {lathe.name = "logits"}) {
  %e = lathe.weight @tied : tensor<64x96xf32>
  %x = lathe.embed %e, %tokens : tensor<64x96xf32>, tensor<?xi32, #t>
  %h = lathe.weight @tied : tensor<64x96xf32>
  %l = lathe.matmul %x, %h : tensor<?x96xf32, #t>, tensor<64x96xf32>
  return %l : tensor<?x64xf32, #t>
}
