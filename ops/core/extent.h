// Extents of tensor types: a number or the name of a runtime integer, and the types built from
// them.
//   MakeTensorType(context, {"tokens", 64}, f32);  // tensor<?x64xf32, #lathe.sym<tokens>>
#pragma once

#include <cstdint>
#include <optional>

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "mlir/IR/BuiltinTypes.h"
#include "ops/core/group_quant.h"
#include "ops/core/sym_expr.h"
#include "runtime/base/dtype.h"

namespace lathe {

struct Extent {
  Extent(int64_t static_size) : size(static_size) {}  // NOLINT(google-explicit-constructor)
  Extent(llvm::StringRef name) : symbol(name) {}      // NOLINT(google-explicit-constructor)
  Extent(const char* name) : symbol(name) {}          // NOLINT(google-explicit-constructor)

  bool is_static() const { return symbol.empty(); }
  SymExpr expr() const;
  friend bool operator==(const Extent&, const Extent&) = default;

  int64_t size = mlir::ShapedType::kDynamic;
  llvm::StringRef symbol;  // empty for a static extent; otherwise lives as long as its source: a
                           // type's context or the caller
};

// True for a type whose dynamic extents all have names: what the operand constraints of the dialect
// ask for.
bool HasNamedExtents(mlir::Type type);

// The format of a weight that is stored as small integers (#lathe.group_quant); none for all else.
std::optional<GroupQuant> GroupQuantOf(mlir::Type type);
// The type of the same matrix stored in `format`.
mlir::RankedTensorType WithGroupQuant(mlir::RankedTensorType type, const GroupQuant& format);
// What weights may be: HasNamedExtents or GroupQuantOf.
bool IsStorable(mlir::Type type);

// The extents of a type for which IsStorable holds.
llvm::SmallVector<Extent> Extents(mlir::RankedTensorType type);
mlir::RankedTensorType MakeTensorType(mlir::MLIRContext* context, llvm::ArrayRef<Extent> extents,
                                      mlir::Type element);
// The type with its last extent, or its element type, replaced.
mlir::RankedTensorType WithLastExtent(mlir::RankedTensorType type, int64_t size);
mlir::RankedTensorType WithElement(mlir::RankedTensorType type, mlir::Type element);

// "[tokens, 64]", for messages.
std::string Describe(llvm::ArrayRef<Extent> extents);
std::string DescribeShape(mlir::RankedTensorType type);

// f32, f16, bf16, i32 both ways; none for others.
std::optional<DType> DTypeOf(mlir::Type element);
mlir::Type ElementType(mlir::MLIRContext* context, DType dtype);

// Number of elements, and of bytes as stored, as expressions.
SymExpr NumElements(mlir::RankedTensorType type);
SymExpr NumBytes(mlir::RankedTensorType type);
// Bytes of one row of `type` as stored: of all that lies behind the first extent.
SymExpr RowBytes(mlir::RankedTensorType type);

}  // namespace lathe
