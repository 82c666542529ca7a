// What the graph fuzzer checks: a module, and how it is compiled and run. All data follows from
// these, so a case can be printed and read again.
//   Case found = GenerateCase(context, seed, /*compiles=*/true);
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "compiler/interpret/interpreter.h"
#include "compiler/passes/storage_policy.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "test/support/graph/graph.h"

namespace lathe::op_fuzz {

struct CaseRun {
  uint64_t seed = 0;                  // of weights and inputs
  std::vector<int64_t> tokens = {3};  // of each step
  int64_t logit_rows = 2;             // of each step
  std::string precision = "f32";
  std::string weights = "";  // as --weights of lathe compile
  uint64_t noise_seed = 0;   // of noise alone (noise.h)
  bool compiles = true;      // to machine code; otherwise passes alone are checked
};

struct Case {
  mlir::OwningOpRef<mlir::ModuleOp> module;
  CaseRun run;
};

// The inputs of one step: integers by what the names of the arguments say, floats in [-1, 1). Rows
// belong to two sequences and continue where the last step ended; some belong to none.
absl::StatusOr<Interpreter::NamedTensors> StepInputs(mlir::ModuleOp module, const CaseRun& run,
                                                     size_t step);

// The weights that the module declares; products of rows of size 1 have size 1.
testing::TensorMap CaseWeights(mlir::ModuleOp module, uint64_t seed);

}  // namespace lathe::op_fuzz
