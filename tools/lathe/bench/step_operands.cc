#include "tools/lathe/bench/step_operands.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "absl/strings/str_cat.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "ops/core/dialect.h"
#include "ops/core/extent.h"
#include "ops/moe/moe_ops.h"
#include "ops/sampling/source/choose_row.h"
#include "runtime/base/status_macros.h"
#include "tools/lathe/bench/random_numbers.h"

namespace lathe {
namespace {

// What memory holds.
constexpr int64_t kMaxElements = int64_t{1} << 30;

// The smallest table of the problem that an id could be a row of.
int64_t Vocabulary(mlir::ModuleOp problem) {
  int64_t rows = std::numeric_limits<int32_t>::max();
  for (auto param : problem.getOps<ParamOp>()) {
    auto type = llvm::cast<mlir::RankedTensorType>(param.getType());
    if (type.getRank() == 2) rows = std::min(rows, type.getDimSize(0));
  }
  return rows;
}

absl::StatusOr<std::vector<int64_t>> ShapeOf(const std::string& name, mlir::RankedTensorType type,
                                             const SymbolValues& symbols) {
  std::vector<int64_t> shape;
  int64_t elements = 1;
  for (const Extent& extent : Extents(type)) {
    if (!extent.is_static() && !symbols.contains(extent.symbol.str())) {
      return absl::InvalidArgumentError(
          absl::StrCat("input ", name, ": no value for the symbol ", extent.symbol.str(),
                       "; give --symbol ", extent.symbol.str(), "=N or put it into lathe.example"));
    }
    shape.push_back(extent.is_static() ? extent.size : symbols.at(extent.symbol.str()));
    if (shape.back() < 0 || (shape.back() > 0 && elements > kMaxElements / shape.back()))
      return absl::InvalidArgumentError(absl::StrCat("input ", name, " is too large"));
    elements *= shape.back();
  }
  return shape;
}

// Rows that are drawn as chats are: temperature 0.6, top-p 0.95, and top-k 20 among their numbers.
void FillSettings(absl::Span<float> settings) {
  for (size_t row = 0; row < settings.size(); row += sampling::kNumSettings) {
    settings[row + sampling::kTemperature] = 0.6f;
    settings[row + sampling::kTopP] = 0.95f;
    settings[row + sampling::kMinP] = 0;
    settings[row + sampling::kRepetitionPenalty] = 1;
    settings[row + sampling::kFrequencyPenalty] = 0;
    settings[row + sampling::kPresencePenalty] = 0;
  }
}

std::vector<char> ToBytes(const HostTensor& tensor) {
  const auto count = static_cast<size_t>(tensor.num_elements());
  std::vector<char> bytes(count * ByteSize(tensor.dtype()));
  if (tensor.dtype() == DType::kI32) {
    std::memcpy(bytes.data(), tensor.ints().data(), bytes.size());
    return bytes;
  }
  for (size_t i = 0; i < count; ++i)
    StoreFloat(tensor.dtype(), tensor.floats()[i], bytes.data(), i);
  return bytes;
}

}  // namespace

absl::StatusOr<StepOperands> StepOperands::Make(mlir::ModuleOp problem, const SymbolValues& symbols,
                                                uint64_t seed) {
  StepOperands step;
  step.symbols_ = symbols;
  for (const char* name : {"sequences", "logit_rows", "sample_entries"})
    step.symbols_.emplace(name, 1);
  // A problem that knows no tokens (rows of logits alone) still has rows.
  step.symbols_.emplace("tokens",
                        std::max(step.symbols_["sequences"], step.symbols_["logit_rows"]));
  for (const auto& [name, value] : step.symbols_) {
    if (value < 1 || value > kLargestSymbolSize) {
      return absl::InvalidArgumentError(
          absl::StrCat("symbol ", name, " is ", value, ", expected 1 to ", kLargestSymbolSize));
    }
  }
  LATHE_RETURN_IF_ERROR(step.LayOutRows());
  step.CountExperts(problem);
  const int64_t vocabulary = Vocabulary(problem);
  auto entry = problem.lookupSymbol<mlir::func::FuncOp>("step");
  if (!entry) return absl::InvalidArgumentError("the module has no entry @step");
  for (mlir::BlockArgument argument : entry.getArguments()) {
    auto type = llvm::dyn_cast<mlir::RankedTensorType>(argument.getType());
    if (!type) continue;  // a cache group
    auto name = entry.getArgAttrOfType<mlir::StringAttr>(argument.getArgNumber(), "lathe.name");
    if (!name || !HasNamedExtents(type)) {
      return absl::InvalidArgumentError(absl::StrCat("argument ", argument.getArgNumber(),
                                                     " of @step has no lathe.name or an extent "
                                                     "without a name"));
    }
    LATHE_RETURN_IF_ERROR(step.AddInput(name.getValue().str(), type, vocabulary, seed));
  }
  return step;
}

absl::Status StepOperands::LayOutRows() {
  const int64_t tokens = symbols_.at("tokens");
  const int64_t sequences = symbols_.at("sequences");
  if (sequences > tokens) {
    return absl::InvalidArgumentError(
        absl::StrCat("symbol sequences is ", sequences, ", more than the ", tokens, " tokens"));
  }
  if (symbols_.at("logit_rows") > tokens) {
    return absl::InvalidArgumentError(absl::StrCat(
        "symbol logit_rows is ", symbols_.at("logit_rows"), ", more than the ", tokens, " tokens"));
  }
  const auto asked = symbols_.find("cached_keys");
  const int64_t keys = asked == symbols_.end() ? tokens : asked->second;
  int64_t attended = 0;
  int64_t cached = 0;
  for (int64_t i = 0; i < sequences; ++i) {
    const int64_t rows = tokens * (i + 1) / sequences - tokens * i / sequences;
    const int64_t length = std::max(rows, keys / sequences);
    rows_.push_back(rows);
    lengths_.push_back(length);
    cached += length;
    for (int64_t row = 0; row < rows; ++row) attended += length - row;
  }
  symbols_["cached_keys"] = cached;
  symbols_["attended_keys"] = attended;
  return absl::OkStatus();
}

void StepOperands::CountExperts(mlir::ModuleOp problem) {
  problem.walk([this](mlir::Operation* op) {
    if (auto dispatch = llvm::dyn_cast<MoeDispatchOp>(op)) {
      num_experts_ = static_cast<int64_t>(dispatch.getNumExperts());
      top_k_ = TensorTypeOf(dispatch.getExperts()).getDimSize(1);
    } else if (auto product = llvm::dyn_cast<GroupedMatmulOp>(op)) {
      num_experts_ = TensorTypeOf(product.getWeight()).getDimSize(0);
      top_k_ = TensorTypeOf(product.getY()).getDimSize(1);
    } else if (auto combine = llvm::dyn_cast<MoeCombineOp>(op)) {
      top_k_ = TensorTypeOf(combine.getWeights()).getDimSize(1);
    }
  });
  symbols_["active_experts"] = std::min(num_experts_, symbols_.at("tokens") * top_k_);
}

// Choices of experts that go around, and their order (ops/moe). False for other names.
bool StepOperands::ExpertIntegers(absl::string_view name, int64_t count,
                                  std::vector<int32_t>& values) const {
  const int64_t choices = symbols_.at("tokens") * top_k_;
  for (int64_t i = 0; i < count; ++i) {
    int64_t value = 0;
    if (name == "experts") {
      value = i % std::max<int64_t>(num_experts_, 1);
    } else if (name == "rows") {
      value = i / std::max<int64_t>(top_k_, 1);
    } else if (name == "places") {
      value = i;
    } else if (name == "ends") {
      value = choices * (i + 1) / count;
    } else {
      return false;
    }
    values.push_back(static_cast<int32_t>(value));
  }
  return true;
}

absl::StatusOr<std::vector<int32_t>> StepOperands::Integers(const std::string& name, int64_t count,
                                                            int64_t vocabulary,
                                                            uint64_t seed) const {
  std::vector<int32_t> values;
  const int64_t tokens = symbols_.at("tokens");
  // What another dispatch computes is "ends.2": its name, and which operand it is.
  const absl::string_view kind = absl::string_view(name).substr(0, name.find('.'));
  if (ExpertIntegers(kind, count, values)) return values;
  if (name == "tokens") {
    RandomNumbers numbers(seed, name);
    for (int64_t i = 0; i < count; ++i)
      values.push_back(static_cast<int32_t>(numbers.Below(vocabulary)));
  } else if (name == "positions" || name == "row_sequence") {
    for (size_t s = 0; s < rows_.size(); ++s) {
      for (int64_t row = 0; row < rows_[s]; ++row) {
        values.push_back(static_cast<int32_t>(name == "positions" ? lengths_[s] - rows_[s] + row
                                                                  : static_cast<int64_t>(s)));
      }
    }
  } else if (name == "row_offsets") {
    values.push_back(0);
    for (int64_t rows : rows_) values.push_back(values.back() + static_cast<int32_t>(rows));
  } else if (name == "logit_rows") {
    // Spread over the rows, the last among them.
    for (int64_t i = 0; i < count; ++i)
      values.push_back(static_cast<int32_t>(tokens * (i + 1) / count - 1));
  } else if (name == "id_limits") {
    values.assign(static_cast<size_t>(count), static_cast<int32_t>(vocabulary));
  } else if (name == "sample_numbers") {
    // Each row has a seed of its own, and no lists.
    values.assign(static_cast<size_t>(count), 0);
    for (size_t row = 0; row * sampling::kNumNumbers < values.size(); ++row) {
      values[row * sampling::kNumNumbers + sampling::kTopK] = 20;
      values[row * sampling::kNumNumbers + sampling::kSeed] = static_cast<int32_t>(row);
    }
  } else if (name == "sample_ids" || kind == "ids") {
    values.assign(static_cast<size_t>(count), 0);  // every table has a first row
  } else {
    return absl::UnimplementedError(absl::StrCat(
        "input ", name,
        " holds integers, and it is not known which ones make sense; "
        "known are tokens, positions, row_sequence, row_offsets, logit_rows, id_limits, "
        "sample_numbers and sample_ids"));
  }
  if (static_cast<int64_t>(values.size()) != count) {
    return absl::InvalidArgumentError(absl::StrCat(
        "input ", name, " has ", count, " numbers, but the step has ", values.size(), " of them"));
  }
  return values;
}

absl::Status StepOperands::AddInput(const std::string& name, mlir::RankedTensorType type,
                                    int64_t vocabulary, uint64_t seed) {
  LATHE_ASSIGN_OR_RETURN(std::vector<int64_t> shape, ShapeOf(name, type, symbols_));
  std::optional<DType> dtype = DTypeOf(type.getElementType());
  if (!dtype) return absl::UnimplementedError(absl::StrCat("input ", name, ": unknown type"));
  HostTensor tensor(*dtype, shape);
  if (*dtype == DType::kI32) {
    LATHE_ASSIGN_OR_RETURN(std::vector<int32_t> values,
                           Integers(name, tensor.num_elements(), vocabulary, seed));
    tensor = HostTensor::Ints(shape, std::move(values));
  } else if (name == "sample_settings") {
    FillSettings(tensor.floats());
  } else {
    RandomNumbers numbers(seed, name);
    for (float& value : tensor.floats()) value = numbers.Uniform();
    tensor.RoundToDType();
  }
  bytes_[name] = ToBytes(tensor);
  tensors_[name] = std::move(tensor);
  return absl::OkStatus();
}

std::vector<SymbolBinding> StepOperands::SymbolBindings() const {
  std::vector<SymbolBinding> bindings;
  for (const auto& [name, value] : symbols_) bindings.push_back({name, value});
  return bindings;
}

std::vector<InputBinding> StepOperands::InputBindings() const {
  std::vector<InputBinding> bindings;
  for (const auto& [name, bytes] : bytes_) bindings.push_back({name, bytes.data(), bytes.size()});
  return bindings;
}

}  // namespace lathe
