// The dialect `lathe`: its class, types, attributes, interfaces and core ops. The families' headers
// add their ops to it.
#pragma once

#include "absl/status/status.h"
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/IR/TensorEncoding.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "ops/core/cost.h"
#include "ops/core/eval_context.h"
#include "ops/core/extent.h"
#include "ops/core/group_quant.h"
#include "ops/core/verify.h"

namespace lathe {
// Marks an op that has no decomposition: every target must know it.
template <typename ConcreteOp>
class Primitive : public mlir::OpTrait::TraitBase<ConcreteOp, Primitive> {};
}  // namespace lathe

#include "ops/core/core_dialect.h.inc"
#include "ops/core/core_interfaces.h.inc"
#define GET_ATTRDEF_CLASSES
#include "ops/core/core_attrs.h.inc"
#define GET_TYPEDEF_CLASSES
#include "ops/core/core_types.h.inc"
#define GET_OP_CLASSES
#include "ops/core/core_ops.h.inc"
