// Problems: one dispatch of a model in a module of its own, which compiles, runs and is timed
// without the model around it.
//   LATHE_ASSIGN_OR_RETURN(std::vector<Problem> problems, ExtractProblems(module));
//   for (const Problem& problem : problems)
//     LATHE_RETURN_IF_ERROR(WriteFileAtomically(path, ProblemText(problem)));
//
// The module has one entry @step. What the dispatch reads becomes a weight, a constant, a cache
// layer or a named input of it as in the model, with the checkpoint's names, so that the real
// weights can be used; what it computes is returned. The decisions of phase select are kept and
// those of later phases dropped: it enters with --start-from=lower, or select when no kernel was
// chosen yet.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "ops/core/dialect.h"

namespace lathe {

struct Problem {
  std::string name;                     // of the dispatch that stands in the module
  std::vector<std::string> dispatches;  // all that are equal to it, itself first, in program order
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

// The different problems of `module`, in program order: dispatches that differ only in names, in
// the numbers of their weights and in the cache layer are one. `module` went through phase fuse at
// least; after phase plan names carry the layer ("model.layers.3.mlp.gate_proj+up_proj").
// FailedPrecondition when there is no dispatch.
absl::StatusOr<std::vector<Problem>> ExtractProblems(mlir::ModuleOp module);

// The dispatch called `name`, or the first whose name ends in ".name" or ":name", alone. NotFound
// says the nearest name. Dispatches that are equal to it are not looked for.
absl::StatusOr<Problem> ExtractProblem(mlir::ModuleOp module, absl::string_view name);

// The file of a problem: what it stands for and how to run it as comments, then the module.
std::string ProblemText(const Problem& problem);

// The values of the module's symbols that `lathe.example` gives; empty without that attribute.
// InvalidArgument when it is not a dictionary of positive integers.
absl::StatusOr<std::map<std::string, int64_t>> ExampleSymbols(mlir::ModuleOp module);

// The only dispatch of the only entry. InvalidArgument when the module is no problem.
absl::StatusOr<DispatchOp> DispatchOfProblem(mlir::ModuleOp module);

}  // namespace lathe
