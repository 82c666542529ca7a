#include "compiler/plan/plan_check.h"

#include "compiler/plan/buffers.h"
#include "runtime/artifact/kernel_abi.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

struct PlacedUse {
  BufferUse use;
  SymExpr begin;
  SymExpr end;

  DispatchOp dispatch() const { return llvm::cast<DispatchOp>(use.value.getDefiningOp()); }
};

// Whether a <= b for all symbol values: symbols count rows, so they are never negative, and it is
// enough that no coefficient of b - a is. Buffers are packed per symbol, which makes this a proof
// that succeeds for every plan of AssignBuffers.
bool IsNeverAbove(const SymExpr& a, const SymExpr& b) {
  SymExpr difference = b + a * SymExpr(-1);
  return llvm::all_of(difference.Terms(),
                      [](const SymExpr::Term& term) { return term.coefficient >= 0; });
}

bool IsAligned(const SymExpr& offset) {
  return llvm::all_of(offset.Terms(), [](const SymExpr::Term& term) {
    return term.coefficient % kBufferAlignment == 0;
  });
}

absl::StatusOr<PlacedUse> Place(const BufferUse& use) {
  auto result = llvm::cast<mlir::OpResult>(use.value);
  LATHE_ASSIGN_OR_RETURN(SymExpr begin, BufferOffset(llvm::cast<DispatchOp>(result.getOwner()),
                                                     result.getResultNumber()));
  SymExpr size = NumBytes(llvm::cast<mlir::RankedTensorType>(use.value.getType()));
  return PlacedUse{use, begin, begin + size};
}

mlir::LogicalResult CheckRange(const PlacedUse& placed, const SymExpr& workspace) {
  if (!IsNeverAbove(SymExpr(0), placed.begin) || !IsNeverAbove(placed.end, workspace)) {
    return placed.dispatch().emitError()
           << "buffer [" << placed.begin.ToString() << ", " << placed.end.ToString()
           << ") may leave the workspace of " << workspace.ToString() << " bytes";
  }
  if (!IsAligned(placed.begin)) {
    return placed.dispatch().emitError() << "the offset " << placed.begin.ToString()
                                         << " is not a multiple of " << kBufferAlignment;
  }
  return mlir::success();
}

mlir::LogicalResult CheckPair(const PlacedUse& first, const PlacedUse& second) {
  if (IsNeverAbove(first.end, second.begin) || IsNeverAbove(second.end, first.begin))
    return mlir::success();
  return second.dispatch().emitError()
         << "its buffer [" << second.begin.ToString() << ", " << second.end.ToString()
         << ") may overlap [" << first.begin.ToString() << ", " << first.end.ToString()
         << ") of dispatch '" << first.dispatch().getName() << "', which is still in use";
}

}  // namespace

mlir::LogicalResult VerifyBufferPlan(mlir::func::FuncOp func) {
  std::vector<BufferUse> uses;
  if (mlir::failed(CollectBufferUses(func, uses))) return mlir::failure();
  absl::StatusOr<SymExpr> workspace = WorkspaceBytes(func);
  if (!workspace.ok()) return func.emitError() << std::string(workspace.status().message());
  std::vector<PlacedUse> placed;
  for (const BufferUse& use : uses) {
    absl::StatusOr<PlacedUse> place = Place(use);
    if (!place.ok())
      return use.value.getDefiningOp()->emitError() << std::string(place.status().message());
    placed.push_back(*std::move(place));
    if (mlir::failed(CheckRange(placed.back(), *workspace))) return mlir::failure();
  }
  // Uses stand in program order, so the buffers that live together with one are among those behind
  // it that begin before it ends.
  for (size_t a = 0; a < placed.size(); ++a) {
    for (size_t b = a + 1; b < placed.size() && placed[b].use.first_use <= placed[a].use.last_use;
         ++b) {
      if (mlir::failed(CheckPair(placed[a], placed[b]))) return mlir::failure();
    }
  }
  return mlir::success();
}

}  // namespace lathe
