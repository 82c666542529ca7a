// Turns the planned module into the command lists of the artifact's manifest.
#pragma once

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "compiler/emit/weight_table.h"
#include "compiler/target/target.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "ops/core/dialect.h"
#include "ops/core/sym_expr.h"
#include "runtime/artifact/artifact.pb.h"

namespace lathe {

// Fills in symbols, cache groups and programs of a manifest, and collects the weights that the
// programs read.
class ProgramBuilder {
 public:
  ProgramBuilder(artifact::Manifest& manifest, WeightTable& weights)
      : manifest_(manifest), weights_(weights) {}

  // Adds one program for each entry of `module`, which went through phase plan, on `target`.
  absl::Status AddPrograms(mlir::ModuleOp module, const Target& target);

 private:
  struct EntryContext;
  uint32_t Symbol(const std::string& name);
  absl::Status SetExpr(const SymExpr& expr, artifact::Expr& out);
  absl::Status AddProgram(mlir::func::FuncOp entry, mlir::ModuleOp module, const Target& target);
  absl::Status AddInputs(EntryContext& context);
  absl::Status AddOutputs(EntryContext& context);
  absl::Status AddCommand(EntryContext& context, mlir::Operation* dispatch);
  absl::StatusOr<uint32_t> KernelOf(EntryContext& context, mlir::Operation* dispatch,
                                    const struct KernelChoice& choice);
  absl::Status SetOperand(EntryContext& context, mlir::Operation* dispatch,
                          const struct Binding& binding, artifact::Operand& operand);
  absl::Status SetInputOperand(EntryContext& context, mlir::Value value, const std::string& layout,
                               artifact::Operand& operand);
  absl::Status SetBuffer(mlir::Value value, artifact::BufferRef& buffer);
  // The number of the group in the manifest, added when it is new. InvalidArgument when two inputs
  // of one name differ.
  absl::StatusOr<uint32_t> CacheGroup(KvCacheType type);
  absl::Status SetModelLayer(mlir::Operation* cache_layer);
  absl::StatusOr<uint32_t> CacheGroupOfBinding(mlir::Operation* dispatch,
                                               const struct Binding& binding, uint64_t* layer);

  artifact::Manifest& manifest_;
  WeightTable& weights_;
  std::map<std::string, uint32_t> symbols_;
  std::map<std::string, std::pair<uint32_t, KvCacheType>> groups_;  // by name
};

}  // namespace lathe
