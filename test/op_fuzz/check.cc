#include "test/op_fuzz/check.h"

#include "absl/strings/str_cat.h"
#include "compiler/pipeline/diagnostics.h"
#include "compiler/pipeline/pipeline.h"
#include "ops/core/dialect.h"
#include "runtime/base/status_macros.h"
#include "test/op_fuzz/compiled.h"
#include "test/op_fuzz/tolerance.h"

namespace lathe::op_fuzz {
namespace {

constexpr int kManyThreads = 3;

// The types of all weights and caches: phase quantize changes nothing else that can be computed.
std::string StoredTypes(mlir::ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  for (auto param : module.getOps<ParamOp>()) stream << param.getType() << "\n";
  module.walk([&](mlir::func::FuncOp func) { stream << func.getFunctionType() << "\n"; });
  return text;
}

class Checker {
 public:
  Checker(mlir::ModuleOp module, const CaseRun& run, const Plant& plant)
      : original_(module),
        run_(run),
        plant_(plant),
        weights_(CaseWeights(module, run.seed)),
        module_(module.clone()) {
    options_.storage.precision = run.precision;
    options_.storage.weights = run.weights;
  }

  Verdict Run() {
    absl::StatusOr<StepTensors> reference = RunReference(original_, weights_, run_);
    if (!reference.ok()) {
      Say(Verdict::Kind::kUseless, "reference", reference.status().ToString());
      return verdict_;
    }
    reference_ = *std::move(reference);
    // A quantised weight is refused by the interpreter where no kernel could read it either, so
    // the passes are followed as far as the references go.
    for (Phase phase : {Phase::kNormalize, Phase::kPlace, Phase::kQuantize, Phase::kFuse}) {
      if (!RunPasses(phase)) return verdict_;
      if (phase == Phase::kNormalize && plant_) plant_(*module_);
      if (!CompareBits(phase)) return verdict_;
      if (phase == Phase::kQuantize) quantized_ = module_->clone();
    }
    if (!run_.compiles) return verdict_;
    if (!RunPasses(Phase::kSelect) || !CompareBits(Phase::kSelect)) return verdict_;
    if (RunPasses(Phase::kLower) && RunPasses(Phase::kPlan)) CheckCode();
    return verdict_;
  }

 private:
  bool Say(Verdict::Kind kind, absl::string_view stage, const std::string& text) {
    verdict_.kind = kind;
    verdict_.stage = std::string(stage);
    verdict_.text = text;
    verdict_.lines.push_back(absl::StrCat(stage, ": ", text));
    return kind == Verdict::Kind::kSame;
  }

  bool RunPasses(Phase phase) {
    types_before_ = StoredTypes(*module_);
    absl::Status status = RunPhase(phase, *module_, options_);
    if (status.ok()) return true;
    return Say(Verdict::Kind::kRefused, PhaseName(phase),
               absl::StrCat("refused: ", status.message()));
  }

  bool CompareBits(Phase phase) {
    absl::StatusOr<StepTensors> now = RunReference(*module_, weights_, run_);
    if (!now.ok()) {
      return Say(Verdict::Kind::kDiffers, PhaseName(phase),
                 absl::StrCat("cannot be run any more: ", now.status().message()));
    }
    if (phase == Phase::kQuantize && StoredTypes(*module_) != types_before_) {
      reference_ = *std::move(now);
      return Say(Verdict::Kind::kSame, PhaseName(phase), "other storage, other numbers");
    }
    const std::string difference = FirstDifference(*now, reference_);
    if (difference.empty()) return Say(Verdict::Kind::kSame, PhaseName(phase), "the same bits");
    return Say(Verdict::Kind::kDiffers, PhaseName(phase), difference);
  }

  absl::StatusOr<StepTensors> Inputs() {
    StepTensors inputs;
    for (size_t step = 0; step < run_.tokens.size(); ++step) {
      LATHE_ASSIGN_OR_RETURN(inputs.emplace_back(), StepInputs(original_, run_, step));
    }
    return inputs;
  }

  void CheckCode() {
    absl::StatusOr<StepTensors> inputs = Inputs();
    absl::StatusOr<std::unique_ptr<CompiledCase>> compiled = CompiledCase::Make(*module_, weights_);
    if (!inputs.ok() || !compiled.ok()) {
      Say(Verdict::Kind::kRefused, "emit",
          absl::StrCat("refused: ", (inputs.ok() ? compiled.status() : inputs.status()).message()));
      return;
    }
    for (const std::string& level : LevelsHere()) {
      if (!CheckLevel(**compiled, level, *inputs)) return;
    }
  }

  bool CheckLevel(CompiledCase& compiled, const std::string& level, const StepTensors& inputs) {
    absl::StatusOr<StepTensors> one = compiled.Run(level, 1, inputs);
    absl::StatusOr<StepTensors> many = compiled.Run(level, kManyThreads, inputs);
    if (!one.ok() || !many.ok()) {
      return Say(Verdict::Kind::kDiffers, level,
                 absl::StrCat("cannot be run: ", (one.ok() ? many : one).status().message()));
    }
    std::string difference = FirstDifference(*many, *one);
    if (!difference.empty()) {
      return Say(Verdict::Kind::kDiffers, level,
                 absl::StrCat("on ", kManyThreads, " threads ", difference));
    }
    NoiseLevel noise;
    if (run_.precision == "bf16" && level == "x86-64-v4-bf16") noise.product_bits = 8;
    absl::StatusOr<Tolerance> tolerance = Tolerance::Measure(*quantized_, weights_, run_, noise);
    if (!tolerance.ok()) {
      return Say(Verdict::Kind::kUseless, level, std::string(tolerance.status().message()));
    }
    difference = tolerance->FirstBreach(*one);
    if (difference.empty()) return Say(Verdict::Kind::kSame, level, "within the noise");
    return Say(Verdict::Kind::kDiffers, level, difference);
  }

  mlir::ModuleOp original_;
  const CaseRun& run_;
  const Plant& plant_;
  testing::TensorMap weights_;
  mlir::OwningOpRef<mlir::ModuleOp> module_;
  mlir::OwningOpRef<mlir::ModuleOp> quantized_;  // what the code's results are compared with
  CompileOptions options_;
  std::string types_before_;
  StepTensors reference_;
  Verdict verdict_;
};

}  // namespace

Verdict CheckCase(mlir::ModuleOp module, const CaseRun& run, const Plant& plant) {
  return Checker(module, run, plant).Run();
}

}  // namespace lathe::op_fuzz
