// --lathe-select-kernels: for each dispatch and target, the first candidate that can run it.
// Attributes: `kernels` holds the names by target, `notes` every candidate's answer, so that
// inspect can say why.
#include "absl/strings/str_cat.h"
#include "compiler/select/candidates.h"
#include "compiler/select/passes.h"
#include "compiler/target/target.h"
#include "mlir/IR/BuiltinOps.h"

namespace lathe {
namespace {

struct SelectKernels : mlir::PassWrapper<SelectKernels, mlir::OperationPass<mlir::ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(SelectKernels)
  SelectKernels() = default;
  explicit SelectKernels(const std::vector<std::string>& names) { targets = names; }
  SelectKernels(const SelectKernels& other) : PassWrapper(other) { targets = other.targets; }
  llvm::StringRef getArgument() const final { return "lathe-select-kernels"; }
  llvm::StringRef getDescription() const final {
    return "choose a kernel for each dispatch and target";
  }

  ListOption<std::string> targets{*this, "targets", llvm::cl::desc("names of targets, as cpu")};

  void runOnOperation() final {
    std::vector<Target> found;
    for (const std::string& name : targets) {
      absl::StatusOr<Target> target = FindTarget(name);
      if (!target.ok()) {
        getOperation().emitError() << std::string(target.status().message());
        return signalPassFailure();
      }
      found.push_back(*std::move(target));
    }
    mlir::WalkResult result = getOperation().walk([&](DispatchOp dispatch) {
      return mlir::succeeded(Select(dispatch, found)) ? mlir::WalkResult::advance()
                                                      : mlir::WalkResult::interrupt();
    });
    if (result.wasInterrupted()) signalPassFailure();
  }

 private:
  mlir::LogicalResult Select(DispatchOp dispatch, const std::vector<Target>& found) {
    mlir::Builder builder(&getContext());
    llvm::SmallVector<mlir::NamedAttribute> kernels;
    llvm::SmallVector<mlir::Attribute> notes;
    for (const Target& target : found) {
      std::string chosen;
      std::vector<std::string> answers;
      for (const Candidate& candidate : AllCandidates()) {
        if (candidate.target != target.kind) continue;
        if (!chosen.empty()) {
          answers.push_back(absl::StrCat(candidate.name, ": not asked, ", chosen, " comes first"));
          continue;
        }
        absl::StatusOr<KernelChoice> choice = Match(candidate, dispatch);
        answers.push_back(absl::StrCat(candidate.name, ": ",
                                       choice.ok()
                                           ? absl::StrCat("taken, ", choice->key)
                                           : absl::StrCat("no, ", choice.status().message())));
        if (choice.ok()) chosen = std::string(candidate.name);
      }
      if (chosen.empty()) {
        mlir::InFlightDiagnostic error =
            dispatch.emitError() << "phase select: target " << target.name
                                 << " has no kernel for dispatch '" << dispatch.getName() << "'";
        if (answers.empty())
          error << ": no candidates are listed for this kind of target "
                   "(compiler/select/candidates.def)";
        for (const std::string& answer : answers) error.attachNote() << answer;
        return error;
      }
      kernels.push_back(builder.getNamedAttr(target.name, builder.getStringAttr(chosen)));
      for (const std::string& answer : answers)
        notes.push_back(builder.getStringAttr(absl::StrCat(target.name, ": ", answer)));
    }
    dispatch->setAttr("kernels", builder.getDictionaryAttr(kernels));
    dispatch->setAttr("notes", builder.getArrayAttr(notes));
    return mlir::success();
  }
};

}  // namespace

std::unique_ptr<mlir::Pass> CreateSelectKernelsPass(std::vector<std::string> targets) {
  return std::make_unique<SelectKernels>(targets);
}

}  // namespace lathe
