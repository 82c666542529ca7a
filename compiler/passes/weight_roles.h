// What the weights of a module are for, found by who reads them and not by their names.
//   llvm::DenseMap<mlir::StringAttr, WeightRole> roles = FindWeightRoles(module);
//   roles.lookup(param.getSymNameAttr()).is_head
#pragma once

#include "llvm/ADT/DenseMap.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinOps.h"

namespace lathe {

struct WeightRole {
  bool is_matrix = false;     // the weight of a product
  bool is_head = false;       // of the product that makes the entry's result "logits"
  bool is_embedding = false;  // rows of it are chosen by index
  bool is_other = false;      // something reads it that takes plain tensors only
  bool is_router = false;     // experts are chosen by the product

  // Whether it may be stored as small integers. Routers are small, and other scores choose other
  // experts.
  bool can_be_quantized() const { return (is_matrix || is_embedding) && !is_other && !is_router; }
};

// By the names of the params; a param that nobody reads has no role. Looks through calls.
llvm::DenseMap<mlir::StringAttr, WeightRole> FindWeightRoles(mlir::ModuleOp module);

}  // namespace lathe
