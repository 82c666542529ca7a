// Small graphs in tests: parse a module, run it on the interpreter, take its ops apart, compare
// tensors.
//   Graph graph(R"(func.func @main(%x: tensor<4xf32> {lathe.name = "x"}) -> ... )");
//   LATHE_ASSERT_OK_AND_ASSIGN(HostTensor y, graph.Run({{"x", RandomFloats({4}, 1)}}));
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/interpret/interpreter.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "ops/core/host_tensor.h"
#include "ops/core/kv_state.h"
#include "runtime/base/tensor_source.h"

namespace lathe::testing {

// Weights made in the test.
class TensorMap : public TensorSource {
 public:
  // Stores `tensor` in its dtype.
  void Add(const std::string& name, const HostTensor& tensor);
  const TensorView* Find(absl::string_view name) const override;
  std::vector<std::string> Names() const override;
  std::string Origin(absl::string_view name) const override;

 private:
  struct Entry {
    std::string bytes;
    TensorView view;
  };
  std::map<std::string, std::unique_ptr<Entry>> entries_;
};

class Graph {
 public:
  // Parses and verifies; the test program ends with the diagnostic when that fails. "#tokens" and
  // "!kv_layer" may be used in the text: the first stands for #lathe.sym<tokens>.
  explicit Graph(const std::string& text);

  mlir::ModuleOp module() { return *module_; }
  // The only op of the name, "lathe.matmul"; ends the program when there is none.
  mlir::Operation* Op(llvm::StringRef name);
  // Replaces every op that decomposes by its parts, and these by theirs, and verifies the result.
  void DecomposeAll();
  std::string Print();
  TensorMap& weights() { return weights_; }
  KvState& kv_state() { return kv_state_; }

  // All outputs of @main, or its only one.
  absl::StatusOr<Interpreter::NamedTensors> RunAll(const Interpreter::NamedTensors& inputs,
                                                   Accumulate accumulate = Accumulate::kF32);
  absl::StatusOr<HostTensor> Run(const Interpreter::NamedTensors& inputs,
                                 Accumulate accumulate = Accumulate::kF32);

 private:
  mlir::MLIRContext context_;
  mlir::OwningOpRef<mlir::ModuleOp> module_;
  TensorMap weights_;
  KvState kv_state_;
};

// Seeded values in [-range, range], rounded to the dtype.
HostTensor RandomFloats(std::vector<int64_t> shape, uint32_t seed, float range = 1.0f,
                        DType dtype = DType::kF32);

// Fails unless shapes and dtypes agree and each element differs by at most `tolerance` * max(1,
// |expected|).
void ExpectClose(const HostTensor& actual, const HostTensor& expected, double tolerance);

// What results may differ by when sums of `terms` products are formed in another order and rounded
// to `dtype`.
double Tolerance(DType dtype, int64_t terms);

}  // namespace lathe::testing
