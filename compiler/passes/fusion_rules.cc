#include "compiler/passes/fusion_rules.h"

#include <algorithm>

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallPtrSet.h"
#include "llvm/ADT/StringExtras.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "ops/attention/attention_ops.h"
#include "ops/core/dialect.h"
#include "ops/core/extent.h"
#include "ops/elementwise/elementwise_ops.h"
#include "ops/linear/linear_ops.h"
#include "ops/moe/moe_ops.h"
#include "ops/norm/norm_ops.h"
#include "ops/rotary/rotary_ops.h"
#include "ops/sampling/sampling_ops.h"

namespace lathe {
namespace {

// The most matmuls that one kernel serves: q, k and v. More would only lengthen the kernel's
// operand list.
constexpr size_t kMaxSegments = 3;

// Whether `value` is defined before `op` in the same block, or outside of it.
bool IsDefinedBefore(mlir::Value value, mlir::Operation* op) {
  mlir::Operation* def = value.getDefiningOp();
  return def == nullptr || def->getBlock() != op->getBlock() || def->isBeforeInBlock(op);
}

bool AreDefinedBefore(mlir::ValueRange values, mlir::Operation* op) {
  return llvm::all_of(values, [&](mlir::Value v) { return IsDefinedBefore(v, op); });
}

// The checkpoint path in an op's location ("model.layers.3.mlp.up_proj"), or "".
std::string PathOf(mlir::Operation* op) {
  if (auto name = op->getLoc()->findInstanceOf<mlir::NameLoc>()) return name.getName().str();
  return "";
}

// "self_attn.q_proj", "self_attn.k_proj" -> "self_attn.q_proj+k_proj": the common prefix up to a
// dot is written once.
std::string JoinPaths(llvm::ArrayRef<std::string> paths) {
  if (paths.empty()) return "";
  std::string joined = paths[0];
  for (const std::string& path : paths.drop_front()) {
    size_t common = 0;
    while (common < std::min(path.size(), paths[0].size()) && path[common] == paths[0][common])
      ++common;
    size_t dot = path.rfind('.', common == 0 ? 0 : common - 1);
    joined += "+" + (dot == std::string::npos ? path : path.substr(dot + 1));
  }
  return joined;
}

// "self_attn:attention": the path of the first op that has one, then what the group does.
std::string WithPath(llvm::ArrayRef<mlir::Operation*> ops, const std::string& name) {
  for (mlir::Operation* op : ops) {
    std::string path = PathOf(op);
    if (!path.empty()) return path + ":" + name;
  }
  return name;
}

std::string NameOfMatmuls(llvm::ArrayRef<mlir::Operation*> ops) {
  std::vector<std::string> paths;
  for (mlir::Operation* op : ops) {
    std::string path = llvm::isa<MatmulOp>(op) ? PathOf(op) : "";
    if (!path.empty()) paths.push_back(path);
  }
  std::string name = JoinPaths(paths);
  return name.empty() ? WithPath(ops, "matmul") : name;
}

// A row-by-row group is named by its ops: "rms_norm.rope.kv_write"; repetitions and reshapes say
// nothing.
std::string NameOfRowwise(llvm::ArrayRef<mlir::Operation*> ops) {
  std::vector<std::string> parts;
  for (mlir::Operation* op : ops) {
    if (llvm::isa<ReshapeOp>(op)) continue;
    std::string mnemonic = op->getName().stripDialect().str();
    if (!llvm::is_contained(parts, mnemonic)) parts.push_back(mnemonic);
  }
  return WithPath(ops, llvm::join(parts, "."));
}

// The ops that work on each head of some matmuls' products by itself, as far as they can follow the
// matmuls at once.
class HeadSteps {
 public:
  explicit HeadSteps(llvm::ArrayRef<mlir::Operation*> matmuls)
      : first_(matmuls.front()), last_(matmuls.back()) {
    for (mlir::Operation* matmul : matmuls) product_of_[matmul->getResult(0)] = matmul;
  }

  // Whether `op` could be added: all that it reads of the products comes through ops that are here,
  // and the rest is there before the matmuls.
  bool Add(mlir::Operation* op) {
    if (ops_.contains(op)) return false;
    llvm::SmallPtrSet<mlir::Operation*, 2> products;
    for (mlir::Value operand : op->getOperands()) {
      auto product = product_of_.find(operand);
      if (product != product_of_.end()) {
        products.insert(product->second);
      } else if (!IsDefinedBefore(operand, first_)) {
        return false;
      }
    }
    if (!IsStep(op, products.size())) return false;
    ops_.insert(op);
    for (mlir::Value result : op->getResults()) product_of_[result] = *products.begin();
    return true;
  }

  // Whether they leave nothing to read to others but what no step reads: each product is split into
  // heads and goes nowhere else, and there is work for the heads.
  bool IsComplete(llvm::ArrayRef<mlir::Operation*> matmuls) const {
    for (mlir::Operation* matmul : matmuls) {
      if (!matmul->hasOneUse() || !ops_.contains(*matmul->user_begin())) return false;
    }
    for (mlir::Operation* op : ops_) {
      auto is_inside = [&](mlir::Operation* user) { return ops_.contains(user); };
      if (llvm::any_of(op->getUsers(), is_inside) && !llvm::all_of(op->getUsers(), is_inside))
        return false;
    }
    return !llvm::all_of(ops_, llvm::IsaPred<ReshapeOp>);
  }

  std::vector<mlir::Operation*> InOrder() const {
    std::vector<mlir::Operation*> ops(ops_.begin(), ops_.end());
    llvm::sort(ops, [](mlir::Operation* a, mlir::Operation* b) { return a->isBeforeInBlock(b); });
    return ops;
  }

 private:
  static bool IsHeads(mlir::Value value) {
    auto type = llvm::dyn_cast<mlir::RankedTensorType>(value.getType());
    return type && type.getRank() == 3;
  }

  bool IsStep(mlir::Operation* op, size_t products) const {
    if (auto write = llvm::dyn_cast<KvWriteOp>(op)) {
      return product_of_.contains(write.getKey()) && product_of_.contains(write.getValue()) &&
             CanWriteAtOnce(write);
    }
    if (products != 1) return false;
    if (llvm::isa<ReshapeOp>(op))
      return llvm::isa_and_nonnull<MatmulOp>(op->getOperand(0).getDefiningOp()) &&
             IsHeads(op->getResult(0));
    return llvm::isa<RmsNormOp, RopeOp, AddOp, SubOp, MulOp, ScaleOp, SiluOp>(op) &&
           IsHeads(op->getResult(0));
  }

  // One write, and nothing between that sees a cache.
  bool CanWriteAtOnce(KvWriteOp write) const {
    for (mlir::Operation* op = last_->getNextNode(); op != write; op = op->getNextNode()) {
      if (llvm::any_of(op->getOperandTypes(), llvm::IsaPred<KvLayerType, KvCacheType>))
        return false;
    }
    return true;
  }

  mlir::Operation* first_;
  mlir::Operation* last_;
  llvm::SmallPtrSet<mlir::Operation*, 16> ops_;
  llvm::DenseMap<mlir::Value, mlir::Operation*> product_of_;  // the matmul that a value comes from
};

class GroupFormer {
 public:
  explicit GroupFormer(mlir::Block& block) : block_(block) {}

  std::vector<FusionGroup> Run() {
    HoistStructural();
    // Anchors first, since they move ops towards them; the rest keeps its order between them.
    for (mlir::Operation& op : llvm::make_early_inc_range(block_)) {
      if (auto matmul = llvm::dyn_cast<MatmulOp>(op); matmul && !grouped_.contains(&op))
        GroupMatmuls(matmul);
      if (auto product = llvm::dyn_cast<GroupedMatmulOp>(op); product && !grouped_.contains(&op))
        GroupProducts(product);
      if (llvm::isa<AttentionOp, RopeTableOp, MoeRouteOp, MoeDispatchOp, MoeCombineOp>(op))
        GroupAlone(op);
    }
    for (ArgmaxOp argmax : llvm::to_vector(block_.getOps<ArgmaxOp>())) SplitChoice(argmax);
    for (mlir::Operation& op : block_) {
      if (llvm::isa<ArgmaxOp, ArgmaxByBlocksOp, SampleOp>(op)) GroupAlone(op);
    }
    CollectRowwise();
    std::vector<FusionGroup> groups = std::move(anchors_);
    groups.insert(groups.end(), rowwise_.begin(), rowwise_.end());
    llvm::sort(groups, [](const FusionGroup& a, const FusionGroup& b) {
      return a.ops.front()->isBeforeInBlock(b.ops.front());
    });
    return groups;
  }

 private:
  // Weights, constants and cache views depend on nothing: at the top of the block they never stand
  // between ops that could be one group.
  void HoistStructural() {
    mlir::Operation* top = &block_.front();
    for (mlir::Operation& op : llvm::make_early_inc_range(block_)) {
      if (!llvm::isa<WeightOp, ConstantOp, CacheLayerOp>(op)) continue;
      if (&op == top) {
        top = op.getNextNode();
      } else {
        op.moveBefore(top);
      }
    }
  }

  void GroupAlone(mlir::Operation& op) {
    std::string mnemonic = op.getName().stripDialect().str();
    anchors_.push_back({.ops = {&op}, .rule = mnemonic, .name = WithPath({&op}, mnemonic)});
    grouped_.insert(&op);
    TakeReshapes(anchors_.back());
  }

  // Rule 1: matmuls of the same rows share one launch: x is read once and there is work for every
  // thread even where one matrix is small. Rule 2: gate and up with their swiglu: neither half is
  // ever written to memory. Rule 3: the residual add of a single matmul: the product is added while
  // it is still in registers.
  void GroupMatmuls(MatmulOp first) {
    FusionGroup group;
    group.ops.push_back(first);
    group.is_exact = IsRouter(first);
    grouped_.insert(first);
    for (mlir::Operation* user : UsersInOrder(first.getX())) {
      auto sibling = llvm::dyn_cast<MatmulOp>(user);
      if (sibling && IsRouter(sibling) != group.is_exact) continue;
      if (!sibling || sibling == first || grouped_.contains(user) || sibling.getX() != first.getX())
        continue;
      if (group.ops.size() == kMaxSegments || !AreDefinedBefore(user->getOperands(), first))
        continue;
      if (!AreStoredAlike(first, sibling)) continue;
      user->moveAfter(group.ops.back());
      group.ops.push_back(user);
      grouped_.insert(user);
    }
    group.name = NameOfMatmuls(group.ops);
    group.rule = group.ops.size() > 1 ? "matmul_shared_input" : "matmul";
    if (group.ops.size() == 2) TakeSwiglu(group);
    if (group.ops.size() == 1) TakeResidual(group);
    if (llvm::all_of(group.ops, llvm::IsaPred<MatmulOp>)) TakeHeadSteps(group);
    TakeReshapes(group);
    TakeNorm(group, first);
    anchors_.push_back(std::move(group));
  }

  // Whether experts are chosen by the product: with rounded rows the choice would be another one.
  static bool IsRouter(MatmulOp product) {
    return llvm::any_of(product->getUsers(), llvm::IsaPred<MoeRouteOp>);
  }

  // Rule 8: the gate and up products of experts with their swiglu, as rule 2 for plain ones; all
  // others alone.
  void GroupProducts(GroupedMatmulOp first) {
    FusionGroup group{
        .ops = {first}, .rule = "grouped_matmul", .name = WithPath({first}, "grouped_matmul")};
    grouped_.insert(first);
    for (mlir::Operation* user : UsersInOrder(first.getX())) {
      auto sibling = llvm::dyn_cast<GroupedMatmulOp>(user);
      if (!sibling || grouped_.contains(user) || group.ops.size() == 2) continue;
      if (sibling.getX() != first.getX() || sibling.getRows() != first.getRows() ||
          sibling.getEnds() != first.getEnds() || !AreDefinedBefore(user->getOperands(), first) ||
          !MeetInSwiglu(first, sibling))
        continue;
      user->moveAfter(group.ops.back());
      group.ops.push_back(user);
      grouped_.insert(user);
    }
    if (group.ops.size() == 2) TakeSwiglu(group);
    anchors_.push_back(std::move(group));
  }

  static bool MeetInSwiglu(GroupedMatmulOp a, GroupedMatmulOp b) {
    if (!a.getY().hasOneUse() || !b.getY().hasOneUse()) return false;
    return *a.getY().user_begin() == *b.getY().user_begin() &&
           llvm::isa<SwigluOp>(*a.getY().user_begin()) &&
           a.getWeight().getType() == b.getWeight().getType();
  }

  void TakeSwiglu(FusionGroup& group) {
    mlir::Value gate = group.ops[0]->getResult(0);
    mlir::Value up = group.ops[1]->getResult(0);
    if (!gate.hasOneUse() || !up.hasOneUse()) return;
    auto swiglu = llvm::dyn_cast<SwigluOp>(*gate.user_begin());
    if (!swiglu || swiglu.getOperation() != *up.user_begin()) return;
    Take(group, swiglu, "+swiglu");
  }

  void TakeResidual(FusionGroup& group) {
    mlir::Value product = group.ops[0]->getResult(0);
    if (!product.hasOneUse()) return;
    auto add = llvm::dyn_cast<AddOp>(*product.user_begin());
    if (!add || add->getBlock() != &block_ || add.getType() != product.getType()) return;
    mlir::Value other = add->getOperand(0) == product ? add->getOperand(1) : add->getOperand(0);
    if (other == product || other.getType() != product.getType() ||
        !IsDefinedBefore(other, group.ops[0]))
      return;
    Take(group, add, "+residual");
  }

  // Rule 7: the choice of the largest column of a product. The product leaves the largest of each
  // block of columns while it has them in registers, and the choice reads these instead of all
  // columns.
  void SplitChoice(ArgmaxOp argmax) {
    auto product = argmax.getX().getDefiningOp<MatmulOp>();
    auto group = llvm::find_if(anchors_, [&](const FusionGroup& candidate) {
      return product && candidate.ops.back() == product &&
             llvm::count_if(candidate.ops, llvm::IsaPred<MatmulOp>) == 1;
    });
    if (group == anchors_.end()) return;
    mlir::OpBuilder builder(argmax);
    llvm::SmallVector<mlir::Value> ids = argmax.Decompose(builder);
    argmax->replaceAllUsesWith(ids);
    argmax->erase();
    Take(*group, ids[0].getDefiningOp<ArgmaxByBlocksOp>().getMaxima().getDefiningOp(),
         "+block_max");
  }

  void Take(FusionGroup& group, mlir::Operation* op, llvm::StringRef rule) {
    op->moveAfter(group.ops.back());
    group.ops.push_back(op);
    grouped_.insert(op);
    group.rule += rule;
  }

  // Rule 4: the norm of the rows that the matmuls read, where they alone read it: the normalised
  // rows are never written to memory, and there is one launch less to wait for.
  void TakeNorm(FusionGroup& group, MatmulOp first) {
    auto norm = first.getX().getDefiningOp<RmsNormOp>();
    // f32 matrices: other rows would need a conversion or a loop over their parts.
    if (!norm || norm->getBlock() != &block_ || norm.getX().getType() != norm.getY().getType() ||
        TensorTypeOf(norm.getX()).getRank() != 2)
      return;
    const bool is_read_elsewhere = llvm::any_of(norm->getUses(), [&](mlir::OpOperand& use) {
      auto matmul = llvm::dyn_cast<MatmulOp>(use.getOwner());
      return !matmul || matmul.getWeight() == use.get() || !llvm::is_contained(group.ops, matmul);
    });
    if (is_read_elsewhere) return;
    norm->moveBefore(group.ops.front());
    group.ops.insert(group.ops.begin(), norm);
    grouped_.insert(norm);
    group.rule = "norm+" + group.rule;
  }

  // Rule 5: what works on each head of the products by itself (norm, rotary embedding, the write to
  // the cache) runs on it while it is in a core's cache, and the products never go to memory. Not
  // where anything else reads what these ops pass to each other.
  void TakeHeadSteps(FusionGroup& group) {
    HeadSteps steps(group.ops);
    std::vector<mlir::Value> values;
    for (mlir::Operation* matmul : group.ops) values.push_back(matmul->getResult(0));
    for (size_t i = 0; i < values.size(); ++i) {
      for (mlir::Operation* user : UsersInOrder(values[i])) {
        if (grouped_.contains(user) || !steps.Add(user)) continue;
        llvm::append_range(values, user->getResults());
      }
    }
    if (!steps.IsComplete(group.ops)) return;
    for (mlir::Operation* op : steps.InOrder()) Take(group, op, "");
    group.rule += "+heads";
  }

  // Rule 6: a reshape moves no data. Where it is the only reader of what an anchor computes it
  // joins the anchor, or it could be left alone in a launch that copies.
  void TakeReshapes(FusionGroup& group) {
    for (mlir::Operation* op : std::vector<mlir::Operation*>(group.ops)) {
      if (op->getNumResults() != 1 || !op->getResult(0).hasOneUse()) continue;
      auto reshape = llvm::dyn_cast<ReshapeOp>(*op->getResult(0).user_begin());
      if (reshape && reshape->getBlock() == &block_ && !grouped_.contains(reshape))
        Take(group, reshape, "");
    }
  }

  // Rule 7: what is left between two anchors works row by row: neighbours with the same rows become
  // one loop over rows.
  void CollectRowwise() {
    FusionGroup current;
    std::string current_rows;
    auto close = [&] {
      if (current.ops.empty()) return;
      current.rule = "rowwise";
      current.name = NameOfRowwise(current.ops);
      rowwise_.push_back(std::move(current));
      current = {};
    };
    for (mlir::Operation& op : block_) {
      if (grouped_.contains(&op) || IsStructural(&op)) {
        close();
        continue;
      }
      std::string rows = RowsOf(&op);
      if (!current.ops.empty() && rows != current_rows) close();
      current.ops.push_back(&op);
      current_rows = rows;
    }
    close();
  }

  // One kernel reads weights of one type and format, and either every segment has a bias or none
  // has.
  static bool AreStoredAlike(MatmulOp a, MatmulOp b) {
    auto element_of = [](mlir::Value value) {
      return value ? mlir::getElementTypeOrSelf(value.getType()) : mlir::Type();
    };
    return element_of(a.getWeight()) == element_of(b.getWeight()) &&
           GroupQuantOf(a.getWeight().getType()) == GroupQuantOf(b.getWeight().getType()) &&
           element_of(a.getBias()) == element_of(b.getBias());
  }

  std::vector<mlir::Operation*> UsersInOrder(mlir::Value value) const {
    std::vector<mlir::Operation*> users;
    for (mlir::Operation* user : value.getUsers()) {
      if (user->getBlock() == &block_ && !llvm::is_contained(users, user)) users.push_back(user);
    }
    llvm::sort(users, [](mlir::Operation* a, mlir::Operation* b) { return a->isBeforeInBlock(b); });
    return users;
  }

  mlir::Block& block_;
  llvm::SmallPtrSet<mlir::Operation*, 32> grouped_;
  std::vector<FusionGroup> anchors_;
  std::vector<FusionGroup> rowwise_;
};

}  // namespace

bool IsStructural(mlir::Operation* op) {
  return op->hasTrait<mlir::OpTrait::IsTerminator>() ||
         llvm::isa<mlir::func::CallOp, WeightOp, ConstantOp, CacheLayerOp, DispatchOp>(op);
}

std::string RowsOf(mlir::Operation* op) {
  mlir::Value value;
  if (op->getNumResults() > 0) {
    value = op->getResult(0);
  } else if (auto write = llvm::dyn_cast<KvWriteOp>(op)) {
    value = write.getKey();
  } else {
    return "";
  }
  auto type = llvm::dyn_cast<mlir::RankedTensorType>(value.getType());
  if (!type || type.getRank() == 0) return "";
  return Extents(type).front().expr().ToString();
}

std::vector<FusionGroup> FormGroups(mlir::Block& block) { return GroupFormer(block).Run(); }

}  // namespace lathe
