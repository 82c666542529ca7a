// --lathe-lower-dispatches: writes the body of every kernel that the dispatches chose, once for
// each feature level of the target. Dispatches with equal keys share one kernel, so the work does
// not grow with the number of layers. Attribute `symbols` on a dispatch names its kernel by target.
#include "absl/strings/str_cat.h"
#include "compiler/codegen/kernel_modules.h"
#include "compiler/codegen/passes.h"
#include "compiler/lower/kernel_builder.h"
#include "compiler/select/candidates.h"
#include "compiler/target/target.h"
#include "llvm/ADT/MapVector.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

namespace lathe {
namespace {

struct LowerDispatches : mlir::PassWrapper<LowerDispatches, mlir::OperationPass<mlir::ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(LowerDispatches)
  LowerDispatches() = default;
  explicit LowerDispatches(const std::vector<std::string>& names) { targets = names; }
  LowerDispatches(const LowerDispatches& other) : PassWrapper(other) { targets = other.targets; }
  llvm::StringRef getArgument() const final { return "lathe-lower-dispatches"; }
  llvm::StringRef getDescription() const final { return "write the kernels of all dispatches"; }
  void getDependentDialects(mlir::DialectRegistry& registry) const final {
    registry.insert<mlir::LLVM::LLVMDialect, mlir::scf::SCFDialect, mlir::vector::VectorDialect,
                    mlir::arith::ArithDialect, mlir::math::MathDialect>();
  }

  ListOption<std::string> targets{*this, "targets", llvm::cl::desc("names of targets, as cpu")};

  void runOnOperation() final {
    for (const std::string& name : targets) {
      absl::StatusOr<Target> target = FindTarget(name);
      if (!target.ok()) {
        getOperation().emitError() << std::string(target.status().message());
        return signalPassFailure();
      }
      if (mlir::failed(LowerFor(*target))) return signalPassFailure();
    }
  }

 private:
  using Kernels = llvm::MapVector<std::string, KernelChoice, std::map<std::string, unsigned>>;

  mlir::LogicalResult LowerFor(const Target& target) {
    if (mlir::ModuleOp old = FindKernels(getOperation(), target)) old.erase();
    Kernels kernels;
    mlir::WalkResult result = getOperation().walk([&](DispatchOp dispatch) {
      absl::StatusOr<KernelChoice> choice = ChosenKernel(dispatch, target);
      if (!choice.ok()) {
        dispatch.emitError() << "phase lower: " << std::string(choice.status().message());
        return mlir::WalkResult::interrupt();
      }
      std::string symbol = KernelSymbol(*ChosenKernelName(dispatch, target), *choice);
      SetSymbol(dispatch, target, symbol);
      kernels.insert({symbol, *std::move(choice)});
      return mlir::WalkResult::advance();
    });
    if (result.wasInterrupted()) return mlir::failure();
    mlir::ModuleOp parent = CreateKernels(getOperation(), target);
    for (const CpuLevel& level : target.levels) EmitLevel(parent, level, kernels);
    return mlir::success();
  }

  void EmitLevel(mlir::ModuleOp parent, const CpuLevel& level, const Kernels& kernels) {
    mlir::OpBuilder builder = mlir::OpBuilder::atBlockEnd(parent.getBody());
    auto level_module = mlir::ModuleOp::create(builder, parent.getLoc(), level.name);
    for (const auto& [symbol, choice] : kernels) {
      builder.setInsertionPointToEnd(level_module.getBody());
      auto body = mlir::ModuleOp::create(builder, parent.getLoc(), symbol);
      body->setAttr("lathe.key", builder.getStringAttr(choice.key));
      body->setAttr("lathe.scratch_bytes", builder.getI64IntegerAttr(choice.scratch_bytes));
      KernelBuilder kernel_builder(body, level);
      choice.emit(kernel_builder, symbol);
    }
  }

  void SetSymbol(DispatchOp dispatch, const Target& target, const std::string& symbol) {
    mlir::Builder builder(&getContext());
    mlir::NamedAttrList symbols(dispatch->getAttrOfType<mlir::DictionaryAttr>("symbols"));
    symbols.set(target.name, builder.getStringAttr(symbol));
    dispatch->setAttr("symbols", symbols.getDictionary(&getContext()));
  }
};

}  // namespace

std::unique_ptr<mlir::Pass> CreateLowerDispatchesPass(std::vector<std::string> targets) {
  return std::make_unique<LowerDispatches>(targets);
}

}  // namespace lathe
