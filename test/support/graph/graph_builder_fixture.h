// The fixture of tests of the functions that models call: a builder inside entry @step, with
// weights in bf16.
#pragma once

#include <string>

#include "gtest/gtest.h"
#include "mlir/IR/MLIRContext.h"
#include "ops/core/graph_builder.h"
#include "ops/core/verify.h"
#include "ops/dialect.h"

namespace lathe::testing {

class GraphBuilderFixture : public ::testing::Test {
 protected:
  GraphBuilderFixture() : b_(Start()) { b_.BeginEntry("step"); }
  GraphBuilder Start() {
    LoadDialects(context_);
    return GraphBuilder(&context_, {"test", 1}, [](const std::string&) { return DType::kBF16; });
  }
  mlir::Value Input(llvm::ArrayRef<Extent> extents, DType dtype = DType::kF32) {
    return b_.Input("x", b_.Tensor(dtype, extents));
  }
  std::string Shape(mlir::Value value) { return DescribeShape(TensorTypeOf(value)); }
  absl::Status Finish() {
    b_.EndEntry();
    return b_.Finish().status();
  }

  mlir::MLIRContext context_;
  GraphBuilder b_;
};

}  // namespace lathe::testing
