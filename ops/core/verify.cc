#include "ops/core/verify.h"

#include "absl/strings/str_cat.h"

namespace lathe {

llvm::LogicalResult RequireShape(mlir::Operation* op, int constraint, llvm::StringRef what,
                                 mlir::RankedTensorType type, llvm::ArrayRef<Extent> expected,
                                 llvm::StringRef why) {
  return Require(
      op, llvm::ArrayRef<Extent>(Extents(type)) == expected, constraint,
      what + " is " + DescribeShape(type) + ", expected " + Describe(expected) + ": " + why);
}

llvm::LogicalResult RequireRank(mlir::Operation* op, int constraint, llvm::StringRef what,
                                mlir::RankedTensorType type, int64_t rank) {
  return Require(op, type.getRank() == rank, constraint,
                 what + " is " + DescribeShape(type) + ", expected rank " + llvm::Twine(rank));
}

llvm::LogicalResult RequireStaticLastExtent(mlir::Operation* op, int constraint,
                                            llvm::StringRef what, mlir::RankedTensorType type) {
  bool ok = type.getRank() > 0 && type.getShape().back() > 0;
  return Require(op, ok, constraint,
                 what + " is " + DescribeShape(type) + ", expected a static last extent above 0");
}

std::string ToText(double value) { return absl::StrCat(value); }

}  // namespace lathe
