// A problem many times over, for timing: the copies read weights and cache layers of their own, as
// the layers of a model do, so that no cache holds them from one run to the next.
//   auto many = Replicate(*problem.module, {.copies = 32});
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace lathe {

struct ReplicateOptions {
  int copies = 1;
  bool shares_weights = false;  // all copies read the same weights and cache layer
};

// `problem` (one entry, one dispatch: DispatchOfProblem) with its dispatch `copies` times. The
// first is the one that was there, its results are returned as before; copy k reads "NAME#k" where
// the first reads weight NAME, and the cache layer k further on, around the end.
mlir::OwningOpRef<mlir::ModuleOp> Replicate(mlir::ModuleOp problem,
                                            const ReplicateOptions& options);

// "NAME" of "NAME#3": the weight of the problem that a copy's weight stands for.
std::string OriginalWeight(absl::string_view name);

}  // namespace lathe
