// Chains of row-by-row ops as one loop over rows (compiler/lower/rowwise.h).
#include <map>

#include "absl/strings/str_cat.h"
#include "compiler/lower/rowwise.h"
#include "compiler/select/candidates.h"
#include "compiler/select/cpu_cache.h"
#include "compiler/select/dispatch_view.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/TypeSwitch.h"
#include "ops/attention/attention_ops.h"
#include "ops/elementwise/elementwise_ops.h"
#include "ops/embedding/embedding_ops.h"
#include "ops/norm/norm_ops.h"
#include "ops/rotary/rotary_ops.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

absl::Status No(absl::string_view reason) { return absl::FailedPreconditionError(reason); }

// Translates the region op by op; the order of the region is the order of the program.
class RowwiseMatcher {
 public:
  explicit RowwiseMatcher(DispatchOp dispatch) : dispatch_(dispatch) {}

  absl::StatusOr<KernelChoice> Run() {
    for (mlir::Operation& op : dispatch_.block().without_terminator()) {
      LATHE_RETURN_IF_ERROR(CheckRows(&op));
      LATHE_RETURN_IF_ERROR(Translate(&op));
    }
    if (!rows_) return No("there is no row-by-row op");
    LATHE_RETURN_IF_ERROR(StoreResults());
    choice_.key = program_.Key();
    choice_.dims = {*rows_, has_cache_ ? SymExpr::Symbol("max_pages") : SymExpr(0), gather_limit_};
    choice_.items.units = *rows_;
    choice_.scratch_bytes = RowwiseScratchBytes(program_);
    choice_.emit = [program = program_](KernelBuilder& b, llvm::StringRef name) {
      EmitRowwise(b, name, program);
    };
    return choice_;
  }

 private:
  // All ops work on the same rows.
  absl::Status CheckRows(mlir::Operation* op) {
    mlir::Value value;
    if (auto write = llvm::dyn_cast<KvWriteOp>(op)) {
      value = write.getKey();
    } else if (op->getNumResults() == 1) {
      value = op->getResult(0);
    }
    auto type =
        value ? llvm::dyn_cast<mlir::RankedTensorType>(value.getType()) : mlir::RankedTensorType();
    if (!type || type.getRank() < 2 ||
        llvm::count_if(type.getShape(), mlir::ShapedType::isDynamic) > 1 ||
        mlir::ShapedType::isDynamicShape(type.getShape().drop_front())) {
      return No(absl::StrCat(op->getName().getStringRef().str(), " does not work on rows"));
    }
    if (!rows_) rows_ = Rows(value);
    return *rows_ == Rows(value) ? absl::OkStatus() : No("the ops have different rows");
  }

  absl::Status Translate(mlir::Operation* op) {
    return llvm::TypeSwitch<mlir::Operation*, absl::Status>(op)
        .Case<ReshapeOp>(
            [&](ReshapeOp r) { return Unary(r.getY(), r.getX(), [](int x) { return x; }); })
        .Case<AddOp>(
            [&](AddOp a) { return Binary(a.getY(), a.getA(), a.getB(), &RowProgram::Add); })
        .Case<SubOp>(
            [&](SubOp s) { return Binary(s.getY(), s.getA(), s.getB(), &RowProgram::Sub); })
        .Case<MulOp>(
            [&](MulOp m) { return Binary(m.getY(), m.getA(), m.getB(), &RowProgram::Mul); })
        .Case<SiluOp>([&](SiluOp s) {
          return Unary(s.getY(), s.getX(), [&](int x) { return program_.Silu(x); });
        })
        .Case<ScaleOp, SwigluOp, RmsNormOp, RopeOp, EmbedOp, GatherRowsOp, KvWriteOp>(
            [&](auto op_of_kind) { return Emit(op_of_kind); })
        .Default([](mlir::Operation* other) {
          return No(absl::StrCat("has no way to run ", other->getName().getStringRef().str()));
        });
  }

  template <typename F>
  absl::Status Unary(mlir::Value result, mlir::Value operand, F make) {
    LATHE_ASSIGN_OR_RETURN(int x, Row(operand));
    steps_[result] = make(x);
    return absl::OkStatus();
  }

  absl::Status Binary(mlir::Value result, mlir::Value a, mlir::Value b,
                      int (RowProgram::*make)(int, int)) {
    LATHE_ASSIGN_OR_RETURN(int left, Row(a));
    LATHE_ASSIGN_OR_RETURN(int right, Row(b));
    steps_[result] = (program_.*make)(left, right);
    return absl::OkStatus();
  }

  absl::Status Emit(ScaleOp op) {
    if (!op.getOffset().isZero()) return No("has no way to add a constant");
    float factor = static_cast<float>(op.getFactor().convertToDouble());
    return Unary(op.getY(), op.getX(), [&](int x) { return program_.Scale(x, factor); });
  }

  absl::Status Emit(SwigluOp op) {
    LATHE_ASSIGN_OR_RETURN(int gate, Row(op.getGate()));
    LATHE_ASSIGN_OR_RETURN(int up, Row(op.getUp()));
    steps_[op.getY()] =
        program_.SwiGlu(gate, up, static_cast<float>(op.getLimit().convertToDouble()));
    return absl::OkStatus();
  }

  absl::Status Emit(RmsNormOp op) {
    LATHE_ASSIGN_OR_RETURN(int weight, Operand(op.getWeight()));
    LATHE_ASSIGN_OR_RETURN(Storage storage, StorageOf(op.getWeight()));
    RowNorm norm{.weight = weight,
                 .group = llvm::cast<mlir::RankedTensorType>(op.getX().getType()).getShape().back(),
                 .eps = static_cast<float>(op.getEps().convertToDouble()),
                 .offset = static_cast<float>(op.getOffset().convertToDouble()),
                 .storage = storage};
    return Unary(op.getY(), op.getX(), [&](int x) { return program_.RmsNorm(x, norm); });
  }

  absl::Status Emit(RopeOp op) {
    LATHE_ASSIGN_OR_RETURN(int cos, Operand(op.getCos()));
    LATHE_ASSIGN_OR_RETURN(int sin, Operand(op.getSin()));
    RowRope rope{.cos = cos,
                 .sin = sin,
                 .head_dim = llvm::cast<mlir::RankedTensorType>(op.getX().getType()).getDimSize(2),
                 .rotary = 2 * RowWidth(op.getCos())};
    return Unary(op.getY(), op.getX(), [&](int x) { return program_.Rope(x, rope); });
  }

  absl::Status Emit(EmbedOp op) {
    std::optional<int64_t> number = OperandNumber(dispatch_, op.getTable());
    if (!number) return No("the table is computed inside the dispatch");
    LATHE_ASSIGN_OR_RETURN(std::string layout, StoredLayout(dispatch_, *number));
    LATHE_ASSIGN_OR_RETURN(int table, Operand(op.getTable(), layout));
    LATHE_ASSIGN_OR_RETURN(int tokens, Operand(op.getTokens()));
    auto type = llvm::cast<mlir::RankedTensorType>(op.getTable().getType());
    RowGather gather{.table = table,
                     .index = tokens,
                     .width = type.getDimSize(1),
                     .limit = type.getDimSize(0),
                     .packed = WeightFormatNamed(layout)};
    if (!gather.packed) {
      LATHE_ASSIGN_OR_RETURN(gather.storage, StorageOf(op.getTable()));
    }
    int row = program_.Gather(gather);
    auto multiplier = static_cast<float>(op.getMultiplier().convertToDouble());
    // Rows of small integers are widened once, whoever reads them how often.
    const bool is_quantized = gather.packed && QuantOf(*gather.packed);
    steps_[op.getY()] = multiplier == 1.0f && !is_quantized ? row : program_.Scale(row, multiplier);
    return absl::OkStatus();
  }

  // The limit is a runtime number here: the rows of x.
  absl::Status Emit(GatherRowsOp op) {
    if (has_gather_rows_) return No("two gathers of rows");
    has_gather_rows_ = true;
    gather_limit_ = Rows(op.getX());
    LATHE_ASSIGN_OR_RETURN(int table, Operand(op.getX()));
    LATHE_ASSIGN_OR_RETURN(int index, Operand(op.getRows()));
    LATHE_ASSIGN_OR_RETURN(Storage storage, StorageOf(op.getX()));
    steps_[op.getY()] = program_.Gather({.table = table,
                                         .index = index,
                                         .width = RowWidth(op.getX()),
                                         .limit = RowGather::kLimitFromDims,
                                         .storage = storage});
    return absl::OkStatus();
  }

  absl::Status Emit(KvWriteOp op) {
    if (has_cache_) return No("two writes to caches");
    has_cache_ = true;
    std::optional<int64_t> cache = OperandNumber(dispatch_, op.getKv());
    if (!cache) return No("the cache is not an operand of the dispatch");
    LATHE_ASSIGN_OR_RETURN(CacheLayout layout, CpuCacheLayout(dispatch_, *cache));
    LATHE_ASSIGN_OR_RETURN(int key, Row(op.getKey()));
    LATHE_ASSIGN_OR_RETURN(int value, Row(op.getValue()));
    RowCache target{.pool = Bind({Binding::Kind::kPool, *cache, "rows", true}),
                    .page_table = Bind({Binding::Kind::kPageTable, *cache, "rows", false}),
                    .layout = layout};
    LATHE_ASSIGN_OR_RETURN(target.positions, Operand(op.getPositions()));
    LATHE_ASSIGN_OR_RETURN(target.row_sequence, Operand(op.getRowSequence()));
    program_.KvWrite(key, value, target);
    return absl::OkStatus();
  }

  absl::Status StoreResults() {
    for (auto [number, yielded] : llvm::enumerate(dispatch_.yield().getValues())) {
      LATHE_ASSIGN_OR_RETURN(int step, Row(yielded));
      program_.Store(step,
                     Bind({Binding::Kind::kOutput, static_cast<int64_t>(number), "rows", true}));
    }
    return absl::OkStatus();
  }

  // The step that holds the row of `value`: computed, or loaded at its first use.
  absl::StatusOr<int> Row(mlir::Value value) {
    auto known = steps_.find(value);
    if (known != steps_.end()) return known->second;
    LATHE_ASSIGN_OR_RETURN(int operand, Operand(value));
    LATHE_ASSIGN_OR_RETURN(Storage storage, StorageOf(value));
    if (!(Rows(value) == *rows_)) return No("an operand has other rows");
    int step = program_.Load({.operand = operand, .width = RowWidth(value), .storage = storage});
    steps_[value] = step;
    return step;
  }

  absl::StatusOr<int> Operand(mlir::Value value, const std::string& layout = "rows") {
    LATHE_ASSIGN_OR_RETURN(Binding binding, InputBinding(dispatch_, value, layout));
    auto [it, is_new] = operands_.emplace(binding.index, 0);
    if (is_new) it->second = Bind(binding);
    return it->second;
  }

  int Bind(const Binding& binding) {
    choice_.bindings.push_back(binding);
    return static_cast<int>(choice_.bindings.size()) - 1;
  }

  DispatchOp dispatch_;
  RowProgram program_;
  KernelChoice choice_;
  std::optional<SymExpr> rows_;
  SymExpr gather_limit_;
  bool has_gather_rows_ = false;
  bool has_cache_ = false;
  llvm::DenseMap<mlir::Value, int> steps_;
  std::map<int64_t, int> operands_;  // operand of the dispatch -> operand of the kernel
};

}  // namespace

absl::StatusOr<KernelChoice> MatchCpuRowwise(DispatchOp dispatch) {
  return RowwiseMatcher(dispatch).Run();
}

}  // namespace lathe
