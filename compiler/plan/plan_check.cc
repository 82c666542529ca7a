#include "compiler/plan/plan_check.h"

#include <map>
#include <set>

#include "compiler/plan/buffers.h"
#include "runtime/artifact/kernel_abi.h"

namespace lathe {
namespace {

using SymbolValues = std::map<std::string, int64_t>;

// Offsets and sizes are sums with non-negative coefficients, linear in each symbol, so a few points
// far apart show any overlap.
std::vector<SymbolValues> SamplePoints(const std::set<std::string>& symbols) {
  std::vector<SymbolValues> points;
  for (int64_t base : {1, 7, 4096}) {
    SymbolValues same;
    for (const std::string& symbol : symbols) same[symbol] = base;
    points.push_back(same);
    for (const std::string& symbol : symbols) {
      SymbolValues one_is_zero = same;
      one_is_zero[symbol] = 0;
      points.push_back(one_is_zero);
      SymbolValues one_is_large = same;
      one_is_large[symbol] = 100003;
      points.push_back(one_is_large);
    }
  }
  return points;
}

struct PlacedUse {
  BufferUse use;
  SymExpr offset;
  SymExpr size;
};

mlir::LogicalResult CheckPoint(const std::vector<PlacedUse>& placed, const SymExpr& workspace,
                               const SymbolValues& values) {
  int64_t total = workspace.Evaluate(values).value_or(-1);
  std::vector<std::pair<int64_t, int64_t>> ranges;
  for (const PlacedUse& entry : placed) {
    int64_t begin = entry.offset.Evaluate(values).value_or(-1);
    int64_t end = begin + entry.size.Evaluate(values).value_or(0);
    if (begin < 0 || end > total || begin % kBufferAlignment != 0) {
      return entry.use.value.getDefiningOp()->emitError()
             << "buffer [" << begin << ", " << end
             << ") is not an aligned part of the workspace of " << total << " bytes";
    }
    ranges.emplace_back(begin, end);
  }
  for (size_t a = 0; a < placed.size(); ++a) {
    for (size_t b = a + 1; b < placed.size() && placed[b].use.first_use <= placed[a].use.last_use;
         ++b) {
      if (ranges[a].first < ranges[b].second && ranges[b].first < ranges[a].second) {
        return placed[b].use.value.getDefiningOp()->emitError()
               << "its buffer overlaps that of dispatch '"
               << llvm::cast<DispatchOp>(placed[a].use.value.getDefiningOp()).getName()
               << "', which is still read";
      }
    }
  }
  return mlir::success();
}

}  // namespace

mlir::LogicalResult VerifyBufferPlan(mlir::func::FuncOp func) {
  std::vector<BufferUse> uses;
  if (mlir::failed(CollectBufferUses(func, uses))) return mlir::failure();
  absl::StatusOr<SymExpr> workspace = WorkspaceBytes(func);
  if (!workspace.ok()) return func.emitError() << workspace.status().ToString();
  std::vector<PlacedUse> placed;
  std::set<std::string> symbols;
  for (const BufferUse& use : uses) {
    auto result = llvm::cast<mlir::OpResult>(use.value);
    absl::StatusOr<SymExpr> offset =
        BufferOffset(llvm::cast<DispatchOp>(result.getOwner()), result.getResultNumber());
    if (!offset.ok()) return result.getOwner()->emitError() << offset.status().ToString();
    placed.push_back(
        {use, *offset, NumBytes(llvm::cast<mlir::RankedTensorType>(use.value.getType()))});
    for (const SymExpr* expr : {&placed.back().offset, &placed.back().size}) {
      for (const std::string& symbol : expr->Symbols()) symbols.insert(symbol);
    }
  }
  for (const std::string& symbol : workspace->Symbols()) symbols.insert(symbol);
  for (const SymbolValues& values : SamplePoints(symbols)) {
    if (mlir::failed(CheckPoint(placed, *workspace, values))) return mlir::failure();
  }
  return mlir::success();
}

}  // namespace lathe
