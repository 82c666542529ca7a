#include "compiler/plan/buffers.h"

#include "absl/strings/str_cat.h"
#include "llvm/ADT/DenseMap.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

// Splits the size of `type` into unit * bytes; fails when it has two dynamic extents, or one that
// does not lead.
mlir::LogicalResult SplitSize(mlir::RankedTensorType type, BufferUse& use) {
  llvm::SmallVector<Extent> extents = Extents(type);
  int64_t bytes = type.getElementTypeBitWidth() / 8;
  for (const Extent& extent : extents) {
    if (extent.is_static()) {
      bytes *= extent.size;
    } else if (use.unit.empty()) {
      use.unit = extent.symbol.str();
    } else {
      return mlir::failure();
    }
  }
  use.bytes_per_unit = bytes;
  return mlir::success();
}

absl::StatusOr<SymExpr> ParseAttribute(mlir::Operation* op, mlir::Attribute attribute,
                                       absl::string_view what) {
  auto text = llvm::dyn_cast_or_null<mlir::StringAttr>(attribute);
  if (!text)
    return absl::InvalidArgumentError(absl::StrCat(what, " is missing: run phase plan first"));
  LATHE_ASSIGN_OR_RETURN(SymExpr expr, SymExpr::Parse(text.getValue().str()), what, " of ",
                         op->getName().getStringRef().str());
  return expr;
}

}  // namespace

mlir::LogicalResult CollectBufferUses(mlir::func::FuncOp func, std::vector<BufferUse>& uses) {
  llvm::DenseMap<mlir::Operation*, int64_t> numbers;
  for (auto dispatch : func.front().getOps<DispatchOp>())
    numbers[dispatch] = static_cast<int64_t>(numbers.size());
  const int64_t end = static_cast<int64_t>(numbers.size());
  for (auto dispatch : func.front().getOps<DispatchOp>()) {
    for (mlir::Value result : dispatch.getResults()) {
      BufferUse use{result, "", 0, numbers[dispatch], numbers[dispatch]};
      auto type = llvm::dyn_cast<mlir::RankedTensorType>(result.getType());
      if (!type || mlir::failed(SplitSize(type, use))) {
        return dispatch.emitError() << "the size of a result of type " << result.getType()
                                    << " is not a multiple of one runtime symbol";
      }
      for (mlir::Operation* user : result.getUsers()) {
        auto reader = numbers.find(user);
        use.last_use = std::max(use.last_use, reader == numbers.end() ? end : reader->second);
      }
      uses.push_back(use);
    }
  }
  return mlir::success();
}

absl::StatusOr<SymExpr> BufferOffset(DispatchOp dispatch, size_t index) {
  auto buffers = dispatch->getAttrOfType<mlir::ArrayAttr>("buffers");
  mlir::Attribute offset = buffers && index < buffers.size() ? buffers[index] : mlir::Attribute();
  return ParseAttribute(dispatch, offset,
                        absl::StrCat("buffer ", index, " of dispatch ", dispatch.getName().str()));
}

absl::StatusOr<SymExpr> WorkspaceBytes(mlir::func::FuncOp func) {
  return ParseAttribute(func, func->getAttr("workspace"), "the workspace");
}

}  // namespace lathe
