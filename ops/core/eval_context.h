// EvalContext: what an op sees of the interpreter while it computes itself: its operands, the
// weights, the state, its results.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "llvm/ADT/StringRef.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Value.h"
#include "ops/core/eval_options.h"
#include "ops/core/host_tensor.h"
#include "ops/core/kv_state.h"

namespace lathe {

class EvalContext {
 public:
  virtual ~EvalContext() = default;
  // The tensor of an operand.
  virtual const HostTensor& Tensor(mlir::Value value) const = 0;
  // The tensor of an optional operand, or null.
  const HostTensor* TensorOrNull(mlir::Value value) const {
    return value ? &Tensor(value) : nullptr;
  }
  virtual void SetTensor(mlir::Value result, HostTensor tensor) = 0;
  // A result that is a tensor owned elsewhere and outlives the run: weights are not copied.
  virtual void SetTensorRef(mlir::Value result, const HostTensor* tensor) = 0;
  // The layer that a kv_layer value stands for; layer -1 of a kv_cache value is the group itself.
  virtual const KvHandle& Kv(mlir::Value value) const = 0;
  virtual void SetKv(mlir::Value result, KvHandle handle) = 0;
  virtual KvState& kv_state() = 0;
  virtual absl::StatusOr<const HostTensor*> Weight(llvm::StringRef name,
                                                   mlir::RankedTensorType type) = 0;
  // The extents of `type` in this run.
  virtual absl::StatusOr<std::vector<int64_t>> Shape(mlir::RankedTensorType type) const = 0;
  virtual Accumulate accumulate() const = 0;
};

}  // namespace lathe
