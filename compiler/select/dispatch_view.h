// Looking into a dispatch: which operand or result of it a value of its region is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "compiler/select/kernel_choice.h"
#include "ops/core/dialect.h"

namespace lathe {

// The number of the dispatch operand that `value` of its region is, looking through reshapes, which
// move nothing; none for a value that is computed inside.
std::optional<int64_t> OperandNumber(DispatchOp dispatch, mlir::Value value);

// The result of the dispatch that `value` is yielded as, itself or reshaped; none when it is not
// yielded.
std::optional<int64_t> ResultNumber(DispatchOp dispatch, mlir::Value value);

// Drops reshapes: the value whose memory `value` shares.
mlir::Value StripReshapes(mlir::Value value);

// Bindings of an operand that must come from outside, and of a value that must be yielded.
// FailedPrecondition otherwise.
absl::StatusOr<Binding> InputBinding(DispatchOp dispatch, mlir::Value value,
                                     std::string layout = "rows");
absl::StatusOr<Binding> OutputBinding(DispatchOp dispatch, mlir::Value value);

// How memory holds an activation, or a weight in layout "rows". FailedPrecondition where no kernel
// reads it so.
absl::StatusOr<Storage> StorageOf(mlir::Value value);

// Product of the extents behind the leading, dynamic one.
int64_t RowWidth(mlir::Value value);

// The leading extent as an expression.
SymExpr Rows(mlir::Value value);

// Whether activations stay f32: everywhere where the module is compiled for exact results
// (--precision=f32), else in dispatches that say so.
bool IsExact(DispatchOp dispatch);

// The only op of type Op in the region, or null when there is none or more than one.
template <typename Op>
Op OnlyOp(DispatchOp dispatch) {
  auto ops = dispatch.block().getOps<Op>();
  return llvm::hasSingleElement(ops) ? *ops.begin() : Op();
}

// Attribute of a lathe.param: a matmul that is not in this module reads the weight too, so it is
// stored packed.
inline constexpr char kPackedAttribute[] = "lathe.packed";

// The layout in which a weight that is operand `number` of `dispatch` is stored: packed when any
// matmul of the module reads it or its param says so, else "rows". Follows the weight through
// calls, since one layer function serves many weights.
absl::StatusOr<std::string> StoredLayout(DispatchOp dispatch, int64_t number);

// The cache group behind the cache layer that is operand `number`, through calls too.
// FailedPrecondition when one layer function serves groups whose pages differ.
absl::StatusOr<KvCacheType> SourceCache(DispatchOp dispatch, int64_t number);

}  // namespace lathe
