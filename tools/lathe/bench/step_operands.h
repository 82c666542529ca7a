// A step for a problem: how many rows and sequences, and numbers for every input of its entry.
//   LATHE_ASSIGN_OR_RETURN(StepOperands step, StepOperands::Make(module, {{"tokens", 512}}, seed));
//   program.Run({.symbols = step.SymbolBindings(), .inputs = step.InputBindings()});
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/interpret/interpreter.h"
#include "mlir/IR/BuiltinOps.h"
#include "runtime/program/step_bindings.h"
#include "tools/common/symbol_sizes.h"

namespace lathe {

using SymbolValues = SymbolSizes;

class StepOperands {
 public:
  // `symbols` must hold a value for each symbol of the entry's inputs. Of these, "tokens" rows are
  // spread over "sequences" sequences that have "cached_keys" keys together when the step is done;
  // absent ones are as small as they can be. Inputs that say where rows lie (positions,
  // row_sequence, row_offsets, logit_rows, tokens) agree with that, id_limits leave every id to be
  // chosen, rows that are sampled are so as chats are, and rows choose all experts equally often;
  // all others are random. InvalidArgument for symbols without a value or beyond all measure,
  // Unimplemented for an input of integers with another name.
  static absl::StatusOr<StepOperands> Make(mlir::ModuleOp problem, const SymbolValues& symbols,
                                           uint64_t seed);

  // With those that follow from others: "attended_keys", "cached_keys", "active_experts".
  const SymbolValues& symbols() const { return symbols_; }
  // Keys of each sequence when the step is done.
  const std::vector<int64_t>& lengths() const { return lengths_; }
  // Rows of the step in each sequence; they are its last.
  const std::vector<int64_t>& rows() const { return rows_; }
  const Interpreter::NamedTensors& tensors() const { return tensors_; }

  // Valid as long as this object.
  std::vector<SymbolBinding> SymbolBindings() const;
  std::vector<InputBinding> InputBindings() const;

 private:
  absl::Status LayOutRows();
  void CountExperts(mlir::ModuleOp problem);
  absl::Status AddInput(const std::string& name, mlir::RankedTensorType type, int64_t vocabulary,
                        uint64_t seed);
  bool ExpertIntegers(absl::string_view name, int64_t count, std::vector<int32_t>& values) const;
  absl::StatusOr<std::vector<int32_t>> Integers(const std::string& name, int64_t count,
                                                int64_t vocabulary, uint64_t seed) const;

  SymbolValues symbols_;
  std::vector<int64_t> rows_;
  std::vector<int64_t> lengths_;
  int64_t num_experts_ = 0;  // of the problem's mixture, if it has one
  int64_t top_k_ = 0;
  Interpreter::NamedTensors tensors_;
  std::map<std::string, std::vector<char>> bytes_;  // the tensors as the program reads them
};

}  // namespace lathe
