#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "compiler/passes/dispatch_paths.h"
#include "compiler/select/candidates.h"
#include "compiler/select/tiles.h"
#include "compiler/select/tuning.h"
#include "compiler/target/target.h"
#include "mlir/IR/BuiltinOps.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/strings.h"

namespace lathe {
namespace {

// Whether `rule` names the dispatch: all of its paths, or none.
absl::StatusOr<bool> Names(const TuningRule& rule, const std::vector<std::string>& paths) {
  const std::string* in = nullptr;
  const std::string* out = nullptr;
  for (const std::string& path : paths) (GlobMatches(rule.dispatch, path) ? in : out) = &path;
  if (in == nullptr || out == nullptr) return in != nullptr;
  return absl::InvalidArgumentError(absl::StrCat(
      "dispatch ", Quoted(rule.dispatch), " matches ", *in, " but not ", *out,
      ", and layers share one body and its kernels; name them all, with * in place of the number"));
}

absl::Status Override(const TuningRule& rule, MatmulTiling& tiling) {
  for (const auto& [name, value] : rule.numbers) {
    const auto field = std::find_if(kTilingFields.begin(), kTilingFields.end(),
                                    [&](const TilingField& f) { return f.name == name; });
    if (field == kTilingFields.end())
      return absl::InvalidArgumentError(absl::StrCat("there is no number ", Quoted(name)));
    tiling.*field->number = value;
  }
  return absl::OkStatus();
}

// The note of the kernel that was taken shows its key, which holds the tile now.
void UpdateNotes(DispatchOp dispatch, const Target& target, const std::string& kernel,
                 const std::string& key) {
  const std::string head = absl::StrCat(target.name, ": ", kernel, ": taken, ");
  mlir::Builder builder(dispatch->getContext());
  llvm::SmallVector<mlir::Attribute> notes;
  if (auto old = dispatch->getAttrOfType<mlir::ArrayAttr>("notes")) {
    for (mlir::Attribute note : old) {
      auto text = llvm::dyn_cast<mlir::StringAttr>(note);
      const bool is_taken = text && text.getValue().starts_with(head);
      notes.push_back(is_taken ? builder.getStringAttr(head + key) : note);
    }
  }
  dispatch->setAttr("notes", builder.getArrayAttr(notes));
}

// Applies rules to one dispatch after the other and remembers which took hold.
class Tuner {
 public:
  Tuner(const std::vector<TuningRule>& rules, const Target& target)
      : rules_(rules), target_(target), is_used_(rules.size(), false) {}

  absl::Status CheckRules() const {
    for (size_t i = 0; i < rules_.size(); ++i)
      LATHE_RETURN_IF_ERROR(FindLevel(target_, rules_[i].level).status(), "rule ", i + 1);
    return absl::OkStatus();
  }

  absl::Status Tune(DispatchOp dispatch) {
    LATHE_ASSIGN_OR_RETURN(KernelChoice choice, ChosenKernel(dispatch, target_));
    if (!choice.tiling) return absl::OkStatus();
    const std::vector<std::string> paths = DispatchPaths(dispatch);
    tunable_.insert(tunable_.end(), paths.begin(), paths.end());
    LATHE_ASSIGN_OR_RETURN(Tiles tiles, ReadTiles(dispatch));
    bool is_tuned = false;
    for (size_t i = 0; i < rules_.size(); ++i) {
      const TuningRule& rule = rules_[i];
      if (!GlobMatches(rule.kernel, choice.key)) continue;
      LATHE_ASSIGN_OR_RETURN(const bool is_named, Names(rule, paths), "rule ", i + 1);
      if (!is_named) continue;
      LATHE_ASSIGN_OR_RETURN(const CpuLevel level, FindLevel(target_, rule.level));
      MatmulTiling& tiling = tiles.emplace(rule.level, choice.tiling(level)).first->second;
      LATHE_RETURN_IF_ERROR(Override(rule, tiling), "rule ", i + 1);
      SetTiles(dispatch, tiles);
      // Matching again checks that the tile fits.
      LATHE_RETURN_IF_ERROR(ChosenKernel(dispatch, target_).status(), "rule ", i + 1);
      is_used_[i] = is_tuned = true;
    }
    if (!is_tuned) return absl::OkStatus();
    num_dispatches_ += static_cast<int64_t>(paths.size());
    LATHE_ASSIGN_OR_RETURN(KernelChoice tuned, ChosenKernel(dispatch, target_));
    LATHE_ASSIGN_OR_RETURN(std::string kernel, ChosenKernelName(dispatch, target_));
    UpdateNotes(dispatch, target_, kernel, tuned.key);
    return absl::OkStatus();
  }

  TuningReport Report() const {
    TuningReport report{
        .num_rules = rules_.size(), .num_dispatches = num_dispatches_, .unused = {}};
    for (size_t i = 0; i < rules_.size(); ++i) {
      if (!is_used_[i]) report.unused.push_back({i + 1, Nearest(rules_[i].dispatch, tunable_)});
    }
    return report;
  }

 private:
  const std::vector<TuningRule>& rules_;
  const Target& target_;
  std::vector<bool> is_used_;
  std::vector<std::string> tunable_;  // paths of dispatches that have a tile
  int64_t num_dispatches_ = 0;
};

struct ApplyTuning : mlir::PassWrapper<ApplyTuning, mlir::OperationPass<mlir::ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ApplyTuning)
  ApplyTuning(std::vector<TuningRule> rules, std::vector<std::string> targets,
              std::function<void(const TuningReport&)> on_report)
      : rules_(std::move(rules)), targets_(std::move(targets)), on_report_(std::move(on_report)) {}
  llvm::StringRef getArgument() const final { return "lathe-apply-tuning"; }
  llvm::StringRef getDescription() const final { return "set tiles by the rules of a tuning file"; }

  void runOnOperation() final {
    for (const std::string& name : targets_) {
      absl::StatusOr<Target> target = FindTarget(name);
      if (!target.ok()) return Fail(getOperation(), target.status());
      if (target->kind != TargetKind::kCpu) continue;
      Tuner tuner(rules_, *target);
      absl::Status checked = tuner.CheckRules();
      if (!checked.ok()) return Fail(getOperation(), checked);
      mlir::WalkResult result = getOperation().walk([&](DispatchOp dispatch) {
        absl::Status tuned = tuner.Tune(dispatch);
        if (tuned.ok()) return mlir::WalkResult::advance();
        Fail(dispatch, tuned);
        return mlir::WalkResult::interrupt();
      });
      if (result.wasInterrupted()) return;
      on_report_(tuner.Report());
    }
  }

 private:
  void Fail(mlir::Operation* op, const absl::Status& status) {
    op->emitError() << "tuning: " << std::string(status.message());
    signalPassFailure();
  }

  std::vector<TuningRule> rules_;
  std::vector<std::string> targets_;
  std::function<void(const TuningReport&)> on_report_;
};

}  // namespace

std::string ReportText(const TuningReport& report) {
  std::string text =
      absl::StrCat("tuning: ", report.num_rules - report.unused.size(), " of ", report.num_rules,
                   " rules used, ", report.num_dispatches, " dispatches");
  for (const TuningReport::UnusedRule& rule : report.unused) {
    absl::StrAppend(&text, "; rule ", rule.number, " matched nothing");
    if (!rule.nearest.empty()) absl::StrAppend(&text, ", the nearest is ", rule.nearest);
  }
  return text;
}

std::unique_ptr<mlir::Pass> CreateApplyTuningPass(
    std::vector<TuningRule> rules, std::vector<std::string> targets,
    std::function<void(const TuningReport&)> on_report) {
  return std::make_unique<ApplyTuning>(std::move(rules), std::move(targets), std::move(on_report));
}

}  // namespace lathe
