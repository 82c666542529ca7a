#include "test/op_fuzz/tolerance.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "ops/core/dialect.h"
#include "ops/sampling/sampling_ops.h"
#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"

namespace lathe::op_fuzz {
namespace {

// Noise is drawn this often; the largest movement of any element of a row, times the factor, is
// what the row may move by.
constexpr int kNumSamples = 5;
constexpr double kFactor = 6.0;
// Of the largest number of a row: where no noise arrives, results are the same but for one rounding
// more or less.
constexpr double kFloor = 0x1p-21;

bool IsChoiceRow(absl::string_view name) { return absl::StartsWith(name, "choice."); }

// Adds what each argmax reads to the outputs of @step, under the name of its ids.
void ShowChoices(mlir::ModuleOp module) {
  auto entry = module.lookupSymbol<mlir::func::FuncOp>("step");
  mlir::Operation* terminator = entry.front().getTerminator();
  std::vector<std::pair<std::string, mlir::Value>> added;
  for (mlir::OpOperand& operand : terminator->getOpOperands()) {
    auto argmax = operand.get().getDefiningOp<ArgmaxOp>();
    if (!argmax) continue;
    auto name =
        entry.getResultAttrOfType<mlir::StringAttr>(operand.getOperandNumber(), "lathe.name");
    added.emplace_back(absl::StrCat("choice.", name.str()), argmax.getX());
  }
  const unsigned first = entry.getNumResults();
  for (const auto& [name, value] : added)
    terminator->insertOperands(terminator->getNumOperands(), value);
  entry.setFunctionType(mlir::FunctionType::get(entry.getContext(), entry.getArgumentTypes(),
                                                terminator->getOperandTypes()));
  for (size_t i = 0; i < added.size(); ++i) {
    entry.setResultAttr(first + static_cast<unsigned>(i), "lathe.name",
                        mlir::StringAttr::get(entry.getContext(), added[i].first));
  }
}

std::string Place(const HostTensor& tensor, int64_t element) {
  std::vector<int64_t> index(static_cast<size_t>(tensor.rank()));
  for (int64_t axis = tensor.rank() - 1; axis >= 0; --axis) {
    index[static_cast<size_t>(axis)] = element % tensor.dim(axis);
    element /= tensor.dim(axis);
  }
  return absl::StrCat("[", absl::StrJoin(index, ", "), "]");
}

std::string FloatBreach(size_t step, const std::string& name, const HostTensor& actual,
                        int64_t element, float expected, double bound) {
  const float found = actual.floats()[static_cast<size_t>(element)];
  return absl::StrFormat("%s%s of step %d is %.9g, expected %.9g%s", name, Place(actual, element),
                         step, found, expected,
                         bound > 0 ? absl::StrFormat(" (at most %.3g off)", bound) : "");
}

// Elements of a row: all behind the first extent.
int64_t RowSize(const HostTensor& tensor) {
  return tensor.rank() == 0 || tensor.dim(0) == 0 ? 1 : tensor.num_elements() / tensor.dim(0);
}

bool IsSame(float a, float b) {
  return std::memcmp(&a, &b, sizeof(a)) == 0 || (std::isnan(a) && std::isnan(b));
}

absl::string_view MissingOutput() { return "the outputs have other names or shapes"; }

bool HaveOneForm(const Interpreter::NamedTensors& a, const std::string& name, const HostTensor& b) {
  auto found = a.find(name);
  return found != a.end() && found->second.shape() == b.shape() &&
         found->second.dtype() == b.dtype();
}

}  // namespace

absl::StatusOr<StepTensors> RunReference(mlir::ModuleOp module, const TensorSource& weights,
                                         const CaseRun& run) {
  Interpreter interpreter(module, weights);
  KvState state;
  StepTensors outputs;
  for (size_t step = 0; step < run.tokens.size(); ++step) {
    LATHE_ASSIGN_OR_RETURN(Interpreter::NamedTensors inputs, StepInputs(module, run, step));
    LATHE_ASSIGN_OR_RETURN(outputs.emplace_back(), interpreter.Run("step", inputs, state));
  }
  return outputs;
}

std::string FirstDifference(const StepTensors& actual, const StepTensors& expected) {
  for (size_t step = 0; step < expected.size(); ++step) {
    for (const auto& [name, tensor] : expected[step]) {
      if (!HaveOneForm(actual[step], name, tensor)) return std::string(MissingOutput());
      const HostTensor& found = actual[step].at(name);
      for (int64_t i = 0; i < static_cast<int64_t>(tensor.floats().size()); ++i) {
        if (!IsSame(found.floats()[i], tensor.floats()[i]))
          return FloatBreach(step, name, found, i, tensor.floats()[i], 0);
      }
      for (int64_t i = 0; i < static_cast<int64_t>(tensor.ints().size()); ++i) {
        if (found.ints()[i] != tensor.ints()[i]) {
          return absl::StrCat(name, Place(found, i), " of step ", step, " is ", found.ints()[i],
                              ", expected ", tensor.ints()[i]);
        }
      }
    }
  }
  return "";
}

absl::StatusOr<Tolerance> Tolerance::Measure(mlir::ModuleOp module, const TensorSource& weights,
                                             const CaseRun& run, const NoiseLevel& level) {
  mlir::OwningOpRef<mlir::ModuleOp> shown(module.clone());
  ShowChoices(*shown);
  Tolerance result;
  LATHE_ASSIGN_OR_RETURN(result.reference_, RunReference(*shown, weights, run));
  mlir::OwningOpRef<mlir::ModuleOp> noisy = WithNoise(*shown, level);
  result.bounds_.resize(run.tokens.size());
  for (int sample = 0; sample < kNumSamples; ++sample) {
    CaseRun noise = run;
    noise.noise_seed = static_cast<uint64_t>(sample) + 1;
    LATHE_ASSIGN_OR_RETURN(StepTensors moved, RunReference(*noisy, weights, noise), "with noise");
    for (size_t step = 0; step < moved.size(); ++step) {
      for (const auto& [name, tensor] : moved[step]) {
        if (tensor.dtype() == DType::kI32) continue;
        const HostTensor& still = result.reference_[step].at(name);
        std::vector<double>& bounds = result.bounds_[step][name];
        const int64_t size = RowSize(tensor);
        bounds.resize(tensor.floats().size() / size);
        for (size_t i = 0; i < tensor.floats().size(); ++i) {
          const double value = still.floats()[i];
          const double moves = std::abs(tensor.floats()[i] - value);
          const double bound = std::max(kFactor * moves, kFloor * std::abs(value));
          double& row = bounds[i / size];
          // What is no number says nothing about a row.
          row =
              std::isfinite(bound) ? std::max(row, bound) : std::numeric_limits<double>::infinity();
        }
      }
    }
  }
  return result;
}

std::string Tolerance::FirstBreach(const StepTensors& actual) const {
  for (size_t step = 0; step < reference_.size(); ++step) {
    for (const auto& [name, tensor] : reference_[step]) {
      if (IsChoiceRow(name)) continue;
      if (!HaveOneForm(actual[step], name, tensor)) return std::string(MissingOutput());
      const HostTensor& found = actual[step].at(name);
      std::string breach = tensor.dtype() == DType::kI32 ? BreachOfIds(step, name, found)
                                                         : BreachOfFloats(step, name, found);
      if (!breach.empty()) return breach;
    }
  }
  return "";
}

std::string Tolerance::BreachOfFloats(size_t step, const std::string& name,
                                      const HostTensor& actual) const {
  const HostTensor& expected = reference_[step].at(name);
  const std::vector<double>& bounds = bounds_[step].at(name);
  const int64_t size = RowSize(expected);
  for (int64_t i = 0; i < static_cast<int64_t>(expected.floats().size()); ++i) {
    const double bound = bounds[static_cast<size_t>(i / size)];
    if (std::isinf(bound) || IsSame(actual.floats()[i], expected.floats()[i])) continue;
    // Not a comparison that no number passes.
    const double off = std::abs(static_cast<double>(actual.floats()[i]) - expected.floats()[i]);
    if (!(off <= bound)) return FloatBreach(step, name, actual, i, expected.floats()[i], bound);
  }
  return "";
}

std::string Tolerance::BreachOfIds(size_t step, const std::string& name,
                                   const HostTensor& actual) const {
  const HostTensor& expected = reference_[step].at(name);
  const std::string row_name = absl::StrCat("choice.", name);
  const bool has_rows = reference_[step].contains(row_name);
  for (int64_t i = 0; i < static_cast<int64_t>(expected.ints().size()); ++i) {
    const int32_t id = actual.ints()[i];
    const int32_t best = expected.ints()[i];
    if (id == best) continue;
    if (has_rows && id >= 0 && best >= 0) {
      const HostTensor& rows = reference_[step].at(row_name);
      const double bound = bounds_[step].at(row_name)[static_cast<size_t>(i)];
      const int64_t first = i * rows.width();
      if (id < rows.width() && std::abs(static_cast<double>(rows.floats()[first + id]) -
                                        rows.floats()[first + best]) <= 2 * bound)
        continue;
    }
    return absl::StrCat(name, Place(actual, i), " of step ", step, " is ", id, ", expected ", best);
  }
  return "";
}

}  // namespace lathe::op_fuzz
