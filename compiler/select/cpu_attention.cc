// Attention over a cache layer (compiler/lower/attention.h).
#include "absl/strings/str_cat.h"
#include "compiler/lower/attention.h"
#include "compiler/select/candidates.h"
#include "compiler/select/cpu_cache.h"
#include "compiler/select/dispatch_view.h"
#include "ops/attention/attention_ops.h"
#include "ops/elementwise/elementwise_ops.h"
#include "runtime/base/status_macros.h"

namespace lathe {

absl::StatusOr<KernelChoice> MatchCpuAttention(DispatchOp dispatch) {
  auto attention = OnlyOp<AttentionOp>(dispatch);
  if (!attention) return absl::FailedPreconditionError("there is no single attention");
  for (mlir::Operation& op : dispatch.block().without_terminator()) {
    if (!llvm::isa<AttentionOp, ReshapeOp>(op)) {
      return absl::FailedPreconditionError(
          absl::StrCat("has no epilogue for ", op.getName().getStringRef().str()));
    }
  }
  std::optional<int64_t> cache = OperandNumber(dispatch, attention.getKv());
  if (!cache) return absl::FailedPreconditionError("the cache is not an operand of the dispatch");
  LATHE_ASSIGN_OR_RETURN(CacheLayout layout, CpuCacheLayout(dispatch, *cache));
  AttentionSpec spec;
  spec.heads = llvm::cast<mlir::RankedTensorType>(attention.getQuery().getType()).getDimSize(1);
  spec.cache = layout;
  spec.scale = static_cast<float>(attention.getScale().convertToDouble());
  spec.window = llvm::cast<KvLayerType>(attention.getKv().getType()).getWindow();

  KernelChoice choice;
  LATHE_ASSIGN_OR_RETURN(Binding query, InputBinding(dispatch, attention.getQuery()));
  LATHE_ASSIGN_OR_RETURN(Binding positions, InputBinding(dispatch, attention.getPositions()));
  LATHE_ASSIGN_OR_RETURN(Binding row_sequence, InputBinding(dispatch, attention.getRowSequence()));
  LATHE_ASSIGN_OR_RETURN(Binding output, OutputBinding(dispatch, attention.getY()));
  choice.bindings = {query,
                     {Binding::Kind::kPool, *cache, "rows", false},
                     {Binding::Kind::kPageTable, *cache, "rows", false},
                     positions,
                     row_sequence,
                     output};
  choice.key =
      absl::StrCat("attention q_heads=", spec.heads, " ", CacheKey(layout), " window=", spec.window,
                   " scale=", absl::Hex(llvm::bit_cast<uint32_t>(spec.scale)));
  SymExpr rows = Rows(attention.getQuery());
  choice.dims = {rows, SymExpr::Symbol("max_pages")};
  choice.items = {.units = rows, .divisor = kAttentionRows, .coefficient = layout.kv_heads};
  choice.scratch_bytes = AttentionScratchBytes(spec);
  choice.unit = [spec](const CpuLevel& level) { return UnitOfAttention(level, spec); };
  choice.emit = [spec](KernelBuilder& b, llvm::StringRef name) { EmitAttention(b, name, spec); };
  return choice;
}

}  // namespace lathe
