#include "compiler/select/dispatch_view.h"

#include "absl/strings/str_cat.h"
#include "compiler/lower/weight_format.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "ops/attention/attention_ops.h"
#include "ops/elementwise/elementwise_ops.h"
#include "ops/linear/linear_ops.h"
#include "ops/moe/moe_ops.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

// The ops of type Op that make `value`: itself, or what calls pass for it, in the order of the
// calls.
template <typename Op>
llvm::SmallVector<Op> Sources(mlir::Value value) {
  llvm::SmallVector<Op> sources;
  llvm::SetVector<mlir::Value> reached;
  reached.insert(value);
  for (size_t i = 0; i < reached.size(); ++i) {
    if (auto op = reached[i].getDefiningOp<Op>()) {
      sources.push_back(op);
      continue;
    }
    auto argument = llvm::dyn_cast<mlir::BlockArgument>(reached[i]);
    auto func = argument ? llvm::dyn_cast<mlir::func::FuncOp>(argument.getOwner()->getParentOp())
                         : mlir::func::FuncOp();
    if (!func) continue;
    func->getParentOfType<mlir::ModuleOp>().walk([&](mlir::func::CallOp call) {
      if (call.getCallee() == func.getName())
        reached.insert(call.getOperand(argument.getArgNumber()));
    });
  }
  return sources;
}

// Whether a matmul reads `value` as its weight, in a dispatch, or in a function that it is passed
// to.
bool IsMatmulWeight(mlir::Value value, llvm::SmallPtrSetImpl<mlir::Operation*>& visited_calls) {
  for (mlir::OpOperand& use : value.getUses()) {
    mlir::Operation* user = use.getOwner();
    if (auto product = llvm::dyn_cast<GroupedMatmulOp>(user);
        product && product.getWeight() == value)
      return true;
    if (auto matmul = llvm::dyn_cast<MatmulOp>(user); matmul && matmul.getWeight() == value)
      return true;
    if (auto dispatch = llvm::dyn_cast<DispatchOp>(user)) {
      if (IsMatmulWeight(dispatch.block().getArgument(use.getOperandNumber()), visited_calls))
        return true;
    }
    if (auto call = llvm::dyn_cast<mlir::func::CallOp>(user);
        call && visited_calls.insert(call).second) {
      auto callee = call->getParentOfType<mlir::ModuleOp>().lookupSymbol<mlir::func::FuncOp>(
          call.getCallee());
      if (callee && !callee.isExternal() &&
          IsMatmulWeight(callee.getArgument(use.getOperandNumber()), visited_calls)) {
        return true;
      }
    }
  }
  return false;
}

bool IsMatmulWeight(WeightOp weight) {
  auto module = weight->getParentOfType<mlir::ModuleOp>();
  auto param = module.lookupSymbol<ParamOp>(weight.getParam());
  bool found = param && param->hasAttr(kPackedAttribute);
  module.walk([&](WeightOp other) {
    if (found || other.getParam() != weight.getParam()) return;
    llvm::SmallPtrSet<mlir::Operation*, 8> visited_calls;
    found = IsMatmulWeight(other.getValue(), visited_calls);
  });
  return found;
}

}  // namespace

mlir::Value StripReshapes(mlir::Value value) {
  while (auto reshape = value.getDefiningOp<ReshapeOp>()) value = reshape.getX();
  return value;
}

std::optional<int64_t> OperandNumber(DispatchOp dispatch, mlir::Value value) {
  auto argument = llvm::dyn_cast<mlir::BlockArgument>(StripReshapes(value));
  if (!argument || argument.getOwner() != &dispatch.block()) return std::nullopt;
  return argument.getArgNumber();
}

std::optional<int64_t> ResultNumber(DispatchOp dispatch, mlir::Value value) {
  mlir::Value memory = StripReshapes(value);
  for (auto [number, yielded] : llvm::enumerate(dispatch.yield().getValues())) {
    if (StripReshapes(yielded) == memory) return static_cast<int64_t>(number);
  }
  return std::nullopt;
}

absl::StatusOr<Binding> InputBinding(DispatchOp dispatch, mlir::Value value, std::string layout) {
  std::optional<int64_t> number = OperandNumber(dispatch, value);
  if (!number)
    return absl::FailedPreconditionError(
        "an operand of the anchor is computed inside the dispatch");
  return Binding{Binding::Kind::kInput, *number, std::move(layout), false};
}

absl::StatusOr<Binding> OutputBinding(DispatchOp dispatch, mlir::Value value) {
  std::optional<int64_t> number = ResultNumber(dispatch, value);
  if (!number)
    return absl::FailedPreconditionError(
        "what the anchor computes is not a result of the dispatch");
  return Binding{Binding::Kind::kOutput, *number, "rows", true};
}

absl::StatusOr<Storage> StorageOf(mlir::Value value) {
  if (auto format = GroupQuantOf(value.getType())) {
    return absl::FailedPreconditionError(
        absl::StrCat("an operand is ", Describe(*format), ", expected f32 or bf16"));
  }
  mlir::Type element = TensorTypeOf(value).getElementType();
  if (element.isBF16()) return Storage::kBF16;
  if (element.isF32()) return Storage::kF32;
  return absl::FailedPreconditionError("an operand is neither f32 nor bf16");
}

int64_t RowWidth(mlir::Value value) {
  int64_t width = 1;
  for (int64_t extent : llvm::cast<mlir::RankedTensorType>(value.getType()).getShape().drop_front())
    width *= extent;
  return width;
}

SymExpr Rows(mlir::Value value) {
  return Extents(llvm::cast<mlir::RankedTensorType>(value.getType())).front().expr();
}

absl::StatusOr<KvCacheType> SourceCache(DispatchOp dispatch, int64_t number) {
  llvm::SmallVector<CacheLayerOp> sources = Sources<CacheLayerOp>(dispatch.getInputs()[number]);
  if (sources.empty())
    return absl::FailedPreconditionError("the cache is not a layer of a cache group");
  auto cache = llvm::cast<KvCacheType>(sources.front().getCache().getType());
  for (CacheLayerOp source : sources) {
    auto other = llvm::cast<KvCacheType>(source.getCache().getType());
    if (other.getLayers() != cache.getLayers()) {
      return absl::FailedPreconditionError(
          "one layer function serves cache groups of different page sizes");
    }
  }
  return cache;
}

absl::StatusOr<std::string> StoredLayout(DispatchOp dispatch, int64_t number) {
  std::string layout;
  for (WeightOp weight : Sources<WeightOp>(dispatch.getInputs()[number])) {
    std::string own = "rows";
    // Small integers are packed whoever reads them: there is one layout for each format.
    if (GroupQuantOf(weight.getValue().getType()) || IsMatmulWeight(weight)) {
      auto type = llvm::cast<mlir::RankedTensorType>(weight.getValue().getType());
      LATHE_ASSIGN_OR_RETURN(WeightFormat format, WeightFormatOf(type));
      own = std::string(LayoutName(format));
    }
    if (!layout.empty() && layout != own) {
      return absl::FailedPreconditionError(
          absl::StrCat("weight ", weight.getParam().str(), " is stored as ", own,
                       ", but others that this dispatch serves as ", layout));
    }
    layout = own;
  }
  return layout.empty() ? "rows" : layout;
}

bool IsExact(DispatchOp dispatch) {
  if (dispatch->hasAttr("exact")) return true;
  auto module = dispatch->getParentOfType<mlir::ModuleOp>();
  auto precision = module->getAttrOfType<mlir::StringAttr>("lathe.precision");
  return !precision || precision.getValue() != "bf16";
}

}  // namespace lathe
