#include "test/op_fuzz/case.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "ops/core/dialect.h"
#include "runtime/base/status_macros.h"
#include "test/op_fuzz/draws.h"

namespace lathe::op_fuzz {
namespace {

constexpr int64_t kNumSequences = 2;

// Where the rows of a step stand.
struct Placement {
  std::vector<int32_t> positions;
  std::vector<int32_t> sequences;
};

Placement PlaceRows(const CaseRun& run, size_t step) {
  int64_t lengths[kNumSequences] = {};
  Placement placed;
  for (size_t i = 0; i <= step; ++i) {
    placed = {};
    Draws draws(run.seed + i, "placement");
    const int64_t first = draws.Below(run.tokens[i] + 1);
    const int64_t padding = draws.OneIn(4) ? draws.Below(run.tokens[i] + 1) : -1;
    for (int64_t row = 0; row < run.tokens[i]; ++row) {
      const int64_t sequence = row < first ? 0 : 1;
      const bool is_padding = row == padding;
      placed.positions.push_back(is_padding ? -1 : static_cast<int32_t>(lengths[sequence]));
      placed.sequences.push_back(is_padding && draws.OneIn(2) ? -1
                                                              : static_cast<int32_t>(sequence));
      if (!is_padding) ++lengths[sequence];
    }
  }
  return placed;
}

// The run with as many rows in each step as a type of static rows asks for.
CaseRun WithRows(CaseRun run, mlir::RankedTensorType type) {
  if (!type.isDynamicDim(0)) std::fill(run.tokens.begin(), run.tokens.end(), type.getDimSize(0));
  return run;
}

absl::StatusOr<std::vector<int64_t>> ShapeOf(mlir::RankedTensorType type, const CaseRun& run,
                                             size_t step) {
  std::vector<int64_t> shape;
  for (const Extent& extent : Extents(type)) {
    if (extent.is_static()) {
      shape.push_back(extent.size);
    } else if (extent.symbol == "tokens") {
      shape.push_back(run.tokens[step]);
    } else if (extent.symbol == "logit_rows") {
      shape.push_back(run.logit_rows);
    } else {
      return absl::InvalidArgumentError(absl::StrCat(
          "extent '", extent.symbol.str(), "' is not known here, expected tokens or logit_rows"));
    }
  }
  return shape;
}

// Indices lie in and just outside of what they choose from.
int32_t Index(Draws& draws, const std::string& name, const CaseRun& run, size_t step) {
  if (absl::StartsWith(name, "rows")) {
    return static_cast<int32_t>(draws.Below(run.tokens[step] + 2) - 1);
  }
  return static_cast<int32_t>(draws.Below(40) - 1);
}

// "noise.9.x": factors within 2^-9 of 1. "shift.9.x": numbers within 2^-9 of 0 (noise.h).
struct Perturbation {
  double center;
  double size;
};
std::optional<Perturbation> PerturbationOf(const std::string& name) {
  const std::vector<std::string> words = absl::StrSplit(name, '.');
  int exponent = 0;
  if (words.size() != 3 || !absl::SimpleAtoi(words[1], &exponent)) return std::nullopt;
  if (words[0] == "noise") return Perturbation{1.0, std::ldexp(1.0, -exponent)};
  if (words[0] == "shift") return Perturbation{0.0, std::ldexp(1.0, -exponent)};
  return std::nullopt;
}

HostTensor Tensor(mlir::RankedTensorType type, std::vector<int64_t> shape, const std::string& name,
                  const CaseRun& run, size_t step) {
  const std::optional<Perturbation> perturbation = PerturbationOf(name);
  Draws draws(run.seed + step, perturbation ? absl::StrCat(name, ".", run.noise_seed) : name);
  HostTensor tensor(*DTypeOf(type.getElementType()), std::move(shape));
  for (float& value : tensor.floats()) {
    value = draws.Unit();
    if (perturbation) value = static_cast<float>(perturbation->center + perturbation->size * value);
  }
  for (int32_t& value : tensor.ints()) value = Index(draws, name, run, step);
  tensor.RoundToDType();
  return tensor;
}

}  // namespace

absl::StatusOr<Interpreter::NamedTensors> StepInputs(mlir::ModuleOp module, const CaseRun& run,
                                                     size_t step) {
  auto entry = module.lookupSymbol<mlir::func::FuncOp>("step");
  if (!entry) return absl::InvalidArgumentError("the module has no entry @step");
  Interpreter::NamedTensors inputs;
  for (mlir::BlockArgument argument : entry.getArguments()) {
    auto type = llvm::dyn_cast<mlir::RankedTensorType>(argument.getType());
    if (!type) continue;
    auto name = entry.getArgAttrOfType<mlir::StringAttr>(argument.getArgNumber(), "lathe.name");
    if (!name || !DTypeOf(type.getElementType()))
      return absl::InvalidArgumentError("an input of @step has no name or another type");
    LATHE_ASSIGN_OR_RETURN(std::vector<int64_t> shape, ShapeOf(type, run, step), name.str());
    if (name == "positions" || name == "row_sequence") {
      const Placement placed = PlaceRows(WithRows(run, type), step);
      inputs[name.str()] =
          HostTensor::Ints(shape, name == "positions" ? placed.positions : placed.sequences);
    } else {
      inputs[name.str()] = Tensor(type, shape, name.str(), run, step);
    }
  }
  return inputs;
}

testing::TensorMap CaseWeights(mlir::ModuleOp module, uint64_t seed) {
  testing::TensorMap weights;
  for (auto param : module.getOps<ParamOp>()) {
    auto type = llvm::cast<mlir::RankedTensorType>(param.getType());
    const std::string name = param.getSymName().str();
    Draws draws(seed, name);
    HostTensor tensor(*DTypeOf(type.getElementType()), type.getShape().vec());
    const float size =
        type.getRank() < 2 ? 1.0f : std::sqrt(3.0f / static_cast<float>(tensor.width()));
    for (float& value : tensor.floats()) value = size * draws.Unit();
    tensor.RoundToDType();
    weights.Add(name, tensor);
  }
  return weights;
}

}  // namespace lathe::op_fuzz
