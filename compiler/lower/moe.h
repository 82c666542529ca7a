// Emits what a mixture of experts needs around its grouped products (compiler/lower/matmul.h): the
// choice of experts, the order of the choices, and the weighted sum. The first two are C++
// (compiler/codegen/cpu/bitcode/kernels.cc).
#pragma once

#include "compiler/lower/kernel_builder.h"
#include "ops/moe/source/route_row.h"

namespace lathe {

// Operands in order: scores f32 [rows, num_experts]; the bias f32 [num_experts], if any; experts
// i32 and weights f32 [rows, top_k]. A work item is one row; dims = {rows}.
struct MoeRouteSpec {
  moe::Routing routing = {};
  bool has_bias = false;
};
int64_t MoeRouteScratchBytes(const MoeRouteSpec& spec);
void EmitMoeRoute(KernelBuilder& b, llvm::StringRef name, const MoeRouteSpec& spec);

// Operands in order: experts, rows and places i32 [rows, top_k]; ends i32 [num_experts]. One work
// item does all; dims = {rows}.
struct MoeDispatchSpec {
  int64_t num_experts = 0;
  int64_t top_k = 0;
};
void EmitMoeDispatch(KernelBuilder& b, llvm::StringRef name, const MoeDispatchSpec& spec);

// Operands in order: x f32 [rows * top_k, columns]; places i32 and weights f32 [rows, top_k]; y f32
// [rows, columns]. A work item is one row; dims = {rows}.
struct MoeCombineSpec {
  int64_t top_k = 0;
  int64_t columns = 0;
};
void EmitMoeCombine(KernelBuilder& b, llvm::StringRef name, const MoeCombineSpec& spec);

}  // namespace lathe
