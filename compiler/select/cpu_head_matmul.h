// Ops behind matmuls that work on the heads of their products, as head steps of the matmul kernel
// (compiler/lower/head_epilogue.h).
#pragma once

#include "absl/status/status.h"
#include "compiler/lower/matmul.h"
#include "compiler/select/kernel_choice.h"
#include "llvm/ADT/ArrayRef.h"
#include "ops/core/dialect.h"
#include "ops/linear/linear_ops.h"

namespace lathe {

// Sets the epilogue of `spec`, whose matrices are those of `matmuls`, from all other ops of
// `dispatch`, and appends what they read and write to the choice's bindings and dims.
// FailedPrecondition says which op is no such step.
absl::Status BindHeadSteps(DispatchOp dispatch, llvm::ArrayRef<MatmulOp> matmuls, MatmulSpec& spec,
                           KernelChoice& choice);

}  // namespace lathe
