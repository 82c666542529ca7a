#include "ops/core/cost.h"

#include <utility>

#include "ops/core/extent.h"

namespace lathe {
namespace {

SymExpr TensorBytes(mlir::TypeRange types) {
  SymExpr bytes;
  for (mlir::Type type : types) {
    if (auto tensor = llvm::dyn_cast<mlir::RankedTensorType>(type)) bytes += NumBytes(tensor);
  }
  return bytes;
}

}  // namespace

OpCost& OpCost::operator+=(const OpCost& other) {
  flops += other.flops;
  bytes_read += other.bytes_read;
  bytes_written += other.bytes_written;
  return *this;
}

OpCost StreamingCost(mlir::Operation* op, SymExpr flops) {
  return {std::move(flops), TensorBytes(op->getOperandTypes()), TensorBytes(op->getResultTypes())};
}

}  // namespace lathe
