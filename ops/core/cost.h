// OpCost: the work of one execution of an op, for inspect, the planner and the tuner.
#pragma once

#include "mlir/IR/Operation.h"
#include "ops/core/sym_expr.h"

namespace lathe {

struct OpCost {
  SymExpr flops;  // additions, multiplications and calls of functions of a real number, one each
  SymExpr bytes_read;
  SymExpr bytes_written;

  OpCost& operator+=(const OpCost& other);
};

// The bytes of all tensor operands and results, and `flops`: right for every op that reads each
// operand once.
OpCost StreamingCost(mlir::Operation* op, SymExpr flops);

}  // namespace lathe
