// Takes one dispatch out of its module, with all that it reads.
//   const CallSites calls(module);
//   LATHE_ASSIGN_OR_RETURN(auto alone, Isolate(dispatch, calls));
#pragma once

#include "absl/status/statusor.h"
#include "llvm/ADT/StringMap.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "ops/core/dialect.h"

namespace lathe {

// The attribute of a problem's module with example values of its symbols.
inline constexpr char kExampleAttribute[] = "lathe.example";

// Where the functions of a module are called first.
class CallSites {
 public:
  explicit CallSites(mlir::ModuleOp module);

  // The value that `value` is in the entry: what the first calls on the way pass for an argument of
  // a layer function; `value` itself for all others.
  mlir::Value Origin(mlir::Value value) const;

 private:
  llvm::StringMap<mlir::func::CallOp> first_;
};

// A module with one entry that runs `dispatch` alone (problem.h). Internal when that breaks an op's
// constraint.
absl::StatusOr<mlir::OwningOpRef<mlir::ModuleOp>> Isolate(DispatchOp dispatch,
                                                          const CallSites& calls);

}  // namespace lathe
