#include "compiler/select/row_translator.h"

#include "absl/strings/str_cat.h"
#include "compiler/select/cpu_cache.h"
#include "compiler/select/dispatch_view.h"
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

mlir::RankedTensorType TypeOf(mlir::Value value) {
  return llvm::cast<mlir::RankedTensorType>(value.getType());
}

}  // namespace

void RowTranslator::AddRows() { parts_.emplace_back(); }

void RowTranslator::AddHeads(mlir::Value product, int64_t head_dim) {
  Part& part = parts_.emplace_back();
  part.head_dim = head_dim;
  part.steps[product] = part.program.Input(head_dim);
  if (!rows_) rows_ = Rows(product);
}

std::vector<RowProgram> RowTranslator::programs() const {
  std::vector<RowProgram> programs;
  for (const Part& part : parts_) programs.push_back(part.program);
  return programs;
}

std::vector<SymExpr> RowTranslator::Dims() const {
  return {*rows_, has_cache_ ? SymExpr::Symbol("max_pages") : SymExpr(0), gather_limit_};
}

// All ops work on the same rows.
absl::Status RowTranslator::CheckRows(mlir::Operation* op) {
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

// The program in which an op that reads `values` has its steps: with heads, that of the one product
// which they come from.
absl::StatusOr<RowTranslator::Part*> RowTranslator::PartOf(mlir::ValueRange values) {
  if (parts_.front().head_dim == 0) return &parts_.front();
  Part* found = nullptr;
  for (Part& part : parts_) {
    for (mlir::Value value : values) {
      if (OperandNumber(dispatch_, value) || !part.steps.contains(value)) continue;
      if (found && found != &part) return No("an op reads two products");
      found = &part;
    }
  }
  if (!found) return No("an op reads none of the products");
  return found;
}

// Whether a step on one part of a row at a time is a step on `value`.
bool RowTranslator::IsOnePart(const Part& part, mlir::Value value) const {
  return part.head_dim == 0 || TypeOf(value).getShape().back() == part.head_dim;
}

absl::Status RowTranslator::Translate(mlir::Operation* op) {
  LATHE_RETURN_IF_ERROR(CheckRows(op));
  auto binary = [&](auto made, int (RowProgram::*make)(int, int)) {
    return Binary(made.getY(), made.getA(), made.getB(),
                  [make](RowProgram& p, int a, int b) { return (p.*make)(a, b); });
  };
  return llvm::TypeSwitch<mlir::Operation*, absl::Status>(op)
      .Case<ReshapeOp>([&](ReshapeOp) { return EmitReshape(op); })
      .Case<AddOp>([&](AddOp a) { return binary(a, &RowProgram::Add); })
      .Case<SubOp>([&](SubOp s) { return binary(s, &RowProgram::Sub); })
      .Case<MulOp>([&](MulOp m) { return binary(m, &RowProgram::Mul); })
      .Case<SwigluOp>([&](SwigluOp s) {
        const auto limit = static_cast<float>(s.getLimit().convertToDouble());
        return Binary(s.getY(), s.getGate(), s.getUp(), [limit](RowProgram& p, int gate, int up) {
          return p.SwiGlu(gate, up, limit);
        });
      })
      .Case<SiluOp>([&](SiluOp s) {
        return Unary(s.getY(), s.getX(), [](RowProgram& p, int x) { return p.Silu(x); });
      })
      .Case<ScaleOp>([&](ScaleOp) { return EmitScale(op); })
      .Case<RmsNormOp>([&](RmsNormOp) { return EmitRmsNorm(op); })
      .Case<RopeOp>([&](RopeOp) { return EmitRope(op); })
      .Case<EmbedOp>([&](EmbedOp) { return EmitEmbed(op); })
      .Case<GatherRowsOp>([&](GatherRowsOp) { return EmitGatherRows(op); })
      .Case<KvWriteOp>([&](KvWriteOp) { return EmitKvWrite(op); })
      .Default([](mlir::Operation* other) {
        return No(absl::StrCat("has no way to run ", other->getName().getStringRef().str()));
      });
}

template <typename F>
absl::Status RowTranslator::Unary(mlir::Value result, mlir::Value operand, F make) {
  LATHE_ASSIGN_OR_RETURN(Part * part, PartOf(operand));
  if (!IsOnePart(*part, operand)) return No("an op works on more than a head");
  LATHE_ASSIGN_OR_RETURN(int x, StepOf(*part, operand));
  part->steps[result] = make(part->program, x);
  return absl::OkStatus();
}

template <typename F>
absl::Status RowTranslator::Binary(mlir::Value result, mlir::Value a, mlir::Value b, F make) {
  LATHE_ASSIGN_OR_RETURN(Part * part, PartOf(mlir::ValueRange{a, b}));
  if (!IsOnePart(*part, a)) return No("an op works on more than a head");
  LATHE_ASSIGN_OR_RETURN(int left, StepOf(*part, a));
  LATHE_ASSIGN_OR_RETURN(int right, StepOf(*part, b));
  part->steps[result] = make(part->program, left, right);
  return absl::OkStatus();
}

absl::Status RowTranslator::EmitReshape(mlir::Operation* op) {
  auto reshape = llvm::cast<ReshapeOp>(op);
  LATHE_ASSIGN_OR_RETURN(Part * part, PartOf(reshape.getX()));
  LATHE_ASSIGN_OR_RETURN(int x, StepOf(*part, reshape.getX()));
  part->steps[reshape.getY()] = x;
  return absl::OkStatus();
}

absl::Status RowTranslator::EmitScale(mlir::Operation* op) {
  auto scale = llvm::cast<ScaleOp>(op);
  if (!scale.getOffset().isZero()) return No("has no way to add a constant");
  const auto factor = static_cast<float>(scale.getFactor().convertToDouble());
  return Unary(scale.getY(), scale.getX(),
               [&](RowProgram& p, int x) { return p.Scale(x, factor); });
}

absl::Status RowTranslator::EmitRmsNorm(mlir::Operation* op) {
  auto norm = llvm::cast<RmsNormOp>(op);
  LATHE_ASSIGN_OR_RETURN(int weight, Operand(norm.getWeight()));
  LATHE_ASSIGN_OR_RETURN(Storage storage, StorageOf(norm.getWeight()));
  const RowNorm step{.weight = weight,
                     .group = TypeOf(norm.getX()).getShape().back(),
                     .eps = static_cast<float>(norm.getEps().convertToDouble()),
                     .offset = static_cast<float>(norm.getOffset().convertToDouble()),
                     .storage = storage};
  return Unary(norm.getY(), norm.getX(), [&](RowProgram& p, int x) { return p.RmsNorm(x, step); });
}

absl::Status RowTranslator::EmitRope(mlir::Operation* op) {
  auto rope = llvm::cast<RopeOp>(op);
  LATHE_ASSIGN_OR_RETURN(int cos, Operand(rope.getCos()));
  LATHE_ASSIGN_OR_RETURN(int sin, Operand(rope.getSin()));
  const RowRope step{.cos = cos,
                     .sin = sin,
                     .head_dim = TypeOf(rope.getX()).getDimSize(2),
                     .rotary = 2 * RowWidth(rope.getCos())};
  return Unary(rope.getY(), rope.getX(), [&](RowProgram& p, int x) { return p.Rope(x, step); });
}

absl::Status RowTranslator::EmitEmbed(mlir::Operation* op) {
  auto embed = llvm::cast<EmbedOp>(op);
  LATHE_ASSIGN_OR_RETURN(Part * part, PartOf(mlir::ValueRange()));
  std::optional<int64_t> number = OperandNumber(dispatch_, embed.getTable());
  if (!number) return No("the table is computed inside the dispatch");
  LATHE_ASSIGN_OR_RETURN(std::string layout, StoredLayout(dispatch_, *number));
  LATHE_ASSIGN_OR_RETURN(int table, Operand(embed.getTable(), layout));
  LATHE_ASSIGN_OR_RETURN(int tokens, Operand(embed.getTokens()));
  mlir::RankedTensorType type = TypeOf(embed.getTable());
  RowGather gather{.table = table,
                   .index = tokens,
                   .width = type.getDimSize(1),
                   .limit = type.getDimSize(0),
                   .packed = WeightFormatNamed(layout)};
  if (!gather.packed) {
    LATHE_ASSIGN_OR_RETURN(gather.storage, StorageOf(embed.getTable()));
  }
  RowProgram& program = part->program;
  int row = program.Gather(gather);
  const auto multiplier = static_cast<float>(embed.getMultiplier().convertToDouble());
  // Rows of small integers are widened once, whoever reads them how often.
  const bool is_quantized = gather.packed && QuantOf(*gather.packed);
  part->steps[embed.getY()] =
      multiplier == 1.0f && !is_quantized ? row : program.Scale(row, multiplier);
  return absl::OkStatus();
}

// The limit is a runtime number here: the rows of x.
absl::Status RowTranslator::EmitGatherRows(mlir::Operation* op) {
  auto gather = llvm::cast<GatherRowsOp>(op);
  LATHE_ASSIGN_OR_RETURN(Part * part, PartOf(mlir::ValueRange()));
  if (has_gather_rows_) return No("two gathers of rows");
  has_gather_rows_ = true;
  gather_limit_ = Rows(gather.getX());
  LATHE_ASSIGN_OR_RETURN(int table, Operand(gather.getX()));
  LATHE_ASSIGN_OR_RETURN(int index, Operand(gather.getRows()));
  LATHE_ASSIGN_OR_RETURN(Storage storage, StorageOf(gather.getX()));
  part->steps[gather.getY()] = part->program.Gather({.table = table,
                                                     .index = index,
                                                     .width = RowWidth(gather.getX()),
                                                     .limit = RowGather::kLimitFromDims,
                                                     .storage = storage});
  return absl::OkStatus();
}

absl::Status RowTranslator::EmitKvWrite(mlir::Operation* op) {
  auto write = llvm::cast<KvWriteOp>(op);
  if (has_cache_) return No("two writes to caches");
  has_cache_ = true;
  std::optional<int64_t> cache = OperandNumber(dispatch_, write.getKv());
  if (!cache) return No("the cache is not an operand of the dispatch");
  LATHE_ASSIGN_OR_RETURN(CacheLayout layout, CpuCacheLayout(dispatch_, *cache));
  LATHE_ASSIGN_OR_RETURN(Part * key_part, PartOf(write.getKey()));
  LATHE_ASSIGN_OR_RETURN(Part * value_part, PartOf(write.getValue()));
  if (!IsOnePart(*key_part, write.getKey()) || !IsOnePart(*value_part, write.getValue()))
    return No("an op works on more than a head");
  LATHE_ASSIGN_OR_RETURN(int key, StepOf(*key_part, write.getKey()));
  LATHE_ASSIGN_OR_RETURN(int value, StepOf(*value_part, write.getValue()));
  RowCache target{.pool = Bind({Binding::Kind::kPool, *cache, "rows", true}),
                  .page_table = Bind({Binding::Kind::kPageTable, *cache, "rows", false}),
                  .layout = layout};
  LATHE_ASSIGN_OR_RETURN(target.positions, Operand(write.getPositions()));
  LATHE_ASSIGN_OR_RETURN(target.row_sequence, Operand(write.getRowSequence()));
  key_part->program.KeyWrite(key, target);
  value_part->program.ValueWrite(value, target);
  return absl::OkStatus();
}

absl::Status RowTranslator::StoreResults() {
  for (auto [number, yielded] : llvm::enumerate(dispatch_.yield().getValues())) {
    LATHE_ASSIGN_OR_RETURN(Part * part, PartOf(yielded));
    LATHE_ASSIGN_OR_RETURN(int step, StepOf(*part, yielded));
    const auto result = static_cast<int64_t>(number);
    part->program.Store(step, Bind({Binding::Kind::kOutput, result, "rows", true}));
  }
  return absl::OkStatus();
}

// The step that holds the row, or the part of it, of `value`: computed, or loaded at its first use.
absl::StatusOr<int> RowTranslator::StepOf(Part& part, mlir::Value value) {
  auto known = part.steps.find(value);
  if (known != part.steps.end()) return known->second;
  LATHE_ASSIGN_OR_RETURN(int operand, Operand(value));
  LATHE_ASSIGN_OR_RETURN(Storage storage, StorageOf(value));
  if (!(Rows(value) == *rows_)) return No("an operand has other rows");
  const int64_t width = part.head_dim > 0 ? part.head_dim : RowWidth(value);
  int step = part.program.Load({.operand = operand, .width = width, .storage = storage});
  part.steps[value] = step;
  return step;
}

absl::StatusOr<int> RowTranslator::Operand(mlir::Value value, const std::string& layout) {
  LATHE_ASSIGN_OR_RETURN(Binding binding, InputBinding(dispatch_, value, layout));
  auto [it, is_new] = operands_.emplace(binding.index, 0);
  if (is_new) it->second = Bind(binding);
  return it->second;
}

int RowTranslator::Bind(const Binding& binding) {
  bindings_.push_back(binding);
  return static_cast<int>(bindings_.size()) - 1;
}

}  // namespace lathe
