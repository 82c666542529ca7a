// An MLIR context with the dialects of the compiler, on one thread: cases are checked in processes
// that fork (isolate.h).
#pragma once

#include "compiler/pipeline/compile.h"
#include "mlir/IR/MLIRContext.h"
#include "ops/dialect.h"

namespace lathe::op_fuzz {

class FuzzContext {
 public:
  FuzzContext() : context_(mlir::MLIRContext::Threading::DISABLED) {
    mlir::DialectRegistry registry;
    RegisterCompilerDialects(registry);
    context_.appendDialectRegistry(registry);
    LoadDialects(context_);
  }
  mlir::MLIRContext& get() { return context_; }

 private:
  mlir::MLIRContext context_;
};

}  // namespace lathe::op_fuzz
