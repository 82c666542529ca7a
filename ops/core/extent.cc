#include "ops/core/extent.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "ops/core/dialect.h"
#include "runtime/base/check.h"

namespace lathe {

using mlir::RankedTensorType;

SymExpr Extent::expr() const { return is_static() ? SymExpr(size) : SymExpr::Symbol(symbol.str()); }

bool HasNamedExtents(mlir::Type type) {
  auto tensor = llvm::dyn_cast<RankedTensorType>(type);
  if (!tensor) return false;
  if (!tensor.getEncoding()) return tensor.hasStaticShape();
  auto names = llvm::dyn_cast<SymAttr>(tensor.getEncoding());
  return names && names.getNames().size() == static_cast<size_t>(tensor.getNumDynamicDims());
}

std::optional<GroupQuant> GroupQuantOf(mlir::Type type) {
  auto tensor = llvm::dyn_cast<RankedTensorType>(type);
  auto encoding =
      tensor ? llvm::dyn_cast_or_null<GroupQuantAttr>(tensor.getEncoding()) : GroupQuantAttr();
  if (!encoding) return std::nullopt;
  return encoding.format();
}

RankedTensorType WithGroupQuant(RankedTensorType type, const GroupQuant& format) {
  mlir::MLIRContext* context = type.getContext();
  return RankedTensorType::get(type.getShape(), mlir::Float32Type::get(context),
                               GroupQuantAttr::get(context, format.bits, format.group));
}

bool IsStorable(mlir::Type type) { return HasNamedExtents(type) || GroupQuantOf(type); }

llvm::SmallVector<Extent> Extents(RankedTensorType type) {
  auto names = llvm::dyn_cast_or_null<SymAttr>(type.getEncoding());
  llvm::SmallVector<Extent> extents;
  size_t next_name = 0;
  for (int64_t size : type.getShape()) {
    if (!mlir::ShapedType::isDynamic(size)) {
      extents.emplace_back(size);
      continue;
    }
    LATHE_CHECK(names && next_name < names.getNames().size()) << "a dynamic extent without a name";
    extents.emplace_back(names.getNames()[next_name++].getValue());
  }
  return extents;
}

RankedTensorType MakeTensorType(mlir::MLIRContext* context, llvm::ArrayRef<Extent> extents,
                                mlir::Type element) {
  llvm::SmallVector<int64_t> shape;
  llvm::SmallVector<mlir::StringAttr> names;
  for (const Extent& extent : extents) {
    shape.push_back(extent.size);
    if (!extent.is_static()) names.push_back(mlir::StringAttr::get(context, extent.symbol));
  }
  return RankedTensorType::get(shape, element,
                               names.empty() ? SymAttr() : SymAttr::get(context, names));
}

RankedTensorType WithLastExtent(RankedTensorType type, int64_t size) {
  llvm::SmallVector<Extent> extents = Extents(type);
  LATHE_CHECK(!extents.empty()) << "a scalar has no last extent";
  extents.back() = size;
  return MakeTensorType(type.getContext(), extents, type.getElementType());
}

RankedTensorType WithElement(RankedTensorType type, mlir::Type element) {
  return RankedTensorType::get(type.getShape(), element, type.getEncoding());
}

std::string Describe(llvm::ArrayRef<Extent> extents) {
  std::string text = "[";
  for (const Extent& extent : extents) {
    absl::StrAppend(&text, text.size() == 1 ? "" : ", ",
                    extent.is_static() ? absl::StrCat(extent.size) : extent.symbol.str());
  }
  return text + "]";
}

std::string DescribeShape(RankedTensorType type) { return Describe(Extents(type)); }

std::optional<DType> DTypeOf(mlir::Type element) {
  if (element.isF32()) return DType::kF32;
  if (element.isF16()) return DType::kF16;
  if (element.isBF16()) return DType::kBF16;
  if (element.isSignlessInteger(32)) return DType::kI32;
  return std::nullopt;
}

mlir::Type ElementType(mlir::MLIRContext* context, DType dtype) {
  switch (dtype) {
    case DType::kF16:
      return mlir::Float16Type::get(context);
    case DType::kBF16:
      return mlir::BFloat16Type::get(context);
    case DType::kI32:
      return mlir::IntegerType::get(context, 32);
    default:
      LATHE_CHECK(dtype == DType::kF32) << "no element type for " << DTypeName(dtype);
      return mlir::Float32Type::get(context);
  }
}

SymExpr NumElements(RankedTensorType type) {
  SymExpr count = 1;
  for (const Extent& extent : Extents(type)) count = count * extent.expr();
  return count;
}

SymExpr NumBytes(RankedTensorType type) {
  if (GroupQuantOf(type)) return Extents(type).front().expr() * RowBytes(type);
  return NumElements(type) * SymExpr(type.getElementTypeBitWidth() / 8);
}

SymExpr RowBytes(RankedTensorType type) {
  if (auto format = GroupQuantOf(type)) {
    // Of a stack a row is a matrix.
    const int64_t rows = type.getRank() == 3 ? type.getDimSize(1) : 1;
    return SymExpr(rows * format->RowBytes(type.getShape().back()));
  }
  SymExpr bytes = type.getElementTypeBitWidth() / 8;
  const auto extents = Extents(type);  // drop_begin only views it
  for (const Extent& extent : llvm::drop_begin(extents)) bytes = bytes * extent.expr();
  return bytes;
}

}  // namespace lathe
