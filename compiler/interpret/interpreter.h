// Interpreter: runs a module of Lathe at any phase by the references of its ops. Slow, plain, and
// the judge of everything else.
//   Interpreter interpreter(module, checkpoint);
//   KvState state;
//   LATHE_ASSIGN_OR_RETURN(auto outputs, interpreter.Run("step", {{"tokens", tokens}, ...},
//   state)); outputs.at("logits").floats();
#pragma once

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "llvm/ADT/StringRef.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/SymbolTable.h"
#include "ops/core/eval_options.h"
#include "ops/core/host_tensor.h"
#include "ops/core/kv_state.h"
#include "runtime/base/tensor_source.h"

namespace lathe {

class Interpreter {
 public:
  using NamedTensors = std::map<std::string, HostTensor>;

  // The module must be verified; it and the weights must outlive the interpreter.
  Interpreter(mlir::ModuleOp module, const TensorSource& weights,
              Accumulate accumulate = Accumulate::kF32);

  // Runs an entry on inputs by the names of its arguments; caches are found in `state` under the
  // names in their types. Outputs are named as the entry's results are. NotFound: no such entry or
  // weight. InvalidArgument: inputs that do not fit the entry, weights that do not fit their
  // declaration. Unimplemented: an op without a reference. FailedPrecondition: a key that was never
  // written.
  absl::StatusOr<NamedTensors> Run(llvm::StringRef entry, const NamedTensors& inputs,
                                   KvState& state);

 private:
  friend class Execution;
  absl::StatusOr<const HostTensor*> Weight(llvm::StringRef name, mlir::RankedTensorType type);

  mlir::SymbolTable symbols_;
  const TensorSource& weights_;
  Accumulate accumulate_;
  // Weights as f32, kept from the first use on, with what the module's way of storing them loses.
  std::map<std::string, HostTensor> widened_;
};

}  // namespace lathe
