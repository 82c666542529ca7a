#include "compiler/interpret/interpreter.h"

#include <deque>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/Support/raw_ostream.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "ops/core/dialect.h"
#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/weight_name.h"

namespace lathe {

// One run of an entry: the state, and what the symbols of extents stand for.
class Execution {
 public:
  Execution(Interpreter& interpreter, KvState& state) : interpreter_(interpreter), state_(state) {}

  absl::StatusOr<Interpreter::NamedTensors> RunEntry(mlir::func::FuncOp function,
                                                     const Interpreter::NamedTensors& inputs);

 private:
  class Frame;
  struct Argument {
    const HostTensor* tensor = nullptr;
    KvHandle kv;
  };

  absl::StatusOr<std::vector<Argument>> BindInputs(mlir::func::FuncOp function,
                                                   const Interpreter::NamedTensors& inputs);
  absl::Status BindShape(llvm::StringRef name, mlir::RankedTensorType type,
                         const HostTensor& tensor);
  absl::StatusOr<std::vector<HostTensor>> Call(mlir::func::FuncOp function,
                                               const std::vector<Argument>& arguments);
  absl::Status RunBlock(mlir::Block& block, Frame& frame);
  absl::Status RunOp(mlir::Operation& op, Frame& frame);
  absl::Status RunCall(mlir::func::CallOp call, Frame& frame);
  absl::Status RunDispatch(DispatchOp dispatch, Frame& frame);

  Interpreter& interpreter_;
  KvState& state_;
  std::map<std::string, int64_t> extents_;
  int depth_ = 0;
};

// The values of one call of a function.
class Execution::Frame final : public EvalContext {
 public:
  explicit Frame(Execution& execution) : execution_(execution) {}

  void Bind(mlir::Value value, const Argument& argument) {
    if (llvm::isa<mlir::RankedTensorType>(value.getType())) {
      tensors_[value] = argument.tensor;
    } else {
      SetKv(value, argument.kv);
    }
  }
  Argument ArgumentOf(mlir::Value value) const {
    if (llvm::isa<mlir::RankedTensorType>(value.getType())) return {&Tensor(value), {}};
    return {nullptr, Kv(value)};
  }

  const HostTensor& Tensor(mlir::Value value) const override {
    auto it = tensors_.find(value);
    LATHE_CHECK(it != tensors_.end()) << "an operand without a value";
    return *it->second;
  }
  void SetTensor(mlir::Value result, HostTensor tensor) override {
    tensors_[result] = &owned_.emplace_back(std::move(tensor));
  }
  void SetTensorRef(mlir::Value result, const HostTensor* tensor) override {
    tensors_[result] = tensor;
  }
  const KvHandle& Kv(mlir::Value value) const override {
    auto it = caches_.find(value);
    LATHE_CHECK(it != caches_.end()) << "a cache without a handle";
    return it->second;
  }
  void SetKv(mlir::Value result, KvHandle handle) override { caches_[result] = std::move(handle); }
  KvState& kv_state() override { return execution_.state_; }
  absl::StatusOr<const HostTensor*> Weight(llvm::StringRef name,
                                           mlir::RankedTensorType type) override {
    return execution_.interpreter_.Weight(name, type);
  }
  absl::StatusOr<std::vector<int64_t>> Shape(mlir::RankedTensorType type) const override {
    std::vector<int64_t> shape;
    for (const Extent& extent : Extents(type)) {
      LATHE_ASSIGN_OR_RETURN(int64_t size, extent.expr().Evaluate(execution_.extents_));
      shape.push_back(size);
    }
    return shape;
  }
  Accumulate accumulate() const override { return execution_.interpreter_.accumulate_; }

 private:
  Execution& execution_;
  std::deque<HostTensor> owned_;  // addresses stay while it grows
  llvm::DenseMap<mlir::Value, const HostTensor*> tensors_;
  llvm::DenseMap<mlir::Value, KvHandle> caches_;
};

namespace {

// The weight `name` as `shape`, put together where its name says so. Errors: those of FindPart;
// InvalidArgument for a tensor of another shape.
absl::StatusOr<HostTensor> ReadWeight(const TensorSource& source, const std::string& name,
                                      llvm::ArrayRef<int64_t> shape) {
  LATHE_ASSIGN_OR_RETURN(const WeightName parsed, WeightName::Parse(name));
  const bool has_parts = parsed.is_stack() || parsed.rows.has_value();
  const llvm::ArrayRef<int64_t> part_shape = has_parts ? shape.drop_front() : shape;
  HostTensor whole(DType::kF32, shape.vec());
  size_t end = 0;
  for (int64_t i = 0; i < (has_parts ? shape.front() : 1); ++i) {
    LATHE_ASSIGN_OR_RETURN(const TensorView view, FindPart(source, name, i));
    const std::string tensor = parsed.TensorOf(i);
    if (llvm::ArrayRef<int64_t>(view.shape) != part_shape) {
      return absl::InvalidArgumentError(absl::StrCat(
          tensor, ": ", Describe(view), " in ", source.Origin(tensor), ", declared as ",
          Describe(llvm::SmallVector<Extent>(part_shape.begin(), part_shape.end()))));
    }
    LATHE_ASSIGN_OR_RETURN(HostTensor part, HostTensor::FromView(view), tensor);
    if (!has_parts) return part;
    absl::c_copy(part.floats(), whole.floats().begin() + static_cast<ptrdiff_t>(end));
    end += part.floats().size();
  }
  return whole;
}

// Calls may nest this deep: layers in an entry need two; more than this is a module that calls
// itself.
constexpr int kMaxCallDepth = 64;

std::string ArgumentName(mlir::func::FuncOp function, unsigned index) {
  auto name = function.getArgAttrOfType<mlir::StringAttr>(index, "lathe.name");
  return name ? name.str() : absl::StrCat("arg", index);
}

std::string ResultName(mlir::func::FuncOp function, unsigned index) {
  auto name = function.getResultAttrOfType<mlir::StringAttr>(index, "lathe.name");
  return name ? name.str() : absl::StrCat("result", index);
}

std::string Where(mlir::Operation& op) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << op.getName().getStringRef();
  if (!llvm::isa<mlir::UnknownLoc>(op.getLoc())) stream << " at " << op.getLoc();
  return text;
}

}  // namespace

absl::StatusOr<Interpreter::NamedTensors> Execution::RunEntry(
    mlir::func::FuncOp function, const Interpreter::NamedTensors& inputs) {
  LATHE_ASSIGN_OR_RETURN(std::vector<Argument> arguments, BindInputs(function, inputs));
  LATHE_ASSIGN_OR_RETURN(std::vector<HostTensor> results, Call(function, arguments));
  Interpreter::NamedTensors outputs;
  for (size_t i = 0; i < results.size(); ++i) {
    outputs[ResultName(function, i)] = std::move(results[i]);
  }
  return outputs;
}

absl::StatusOr<std::vector<Execution::Argument>> Execution::BindInputs(
    mlir::func::FuncOp function, const Interpreter::NamedTensors& inputs) {
  std::vector<Argument> arguments;
  std::map<std::string, bool> used;
  for (auto [index, type] : llvm::enumerate(function.getArgumentTypes())) {
    if (auto cache = llvm::dyn_cast<KvCacheType>(type)) {
      arguments.push_back({nullptr, {cache.getName().str(), -1}});
      continue;
    }
    auto tensor_type = llvm::dyn_cast<mlir::RankedTensorType>(type);
    std::string name = ArgumentName(function, index);
    if (!tensor_type || !HasNamedExtents(tensor_type)) {
      return absl::UnimplementedError(
          absl::StrCat("input '", name, "' is neither a cache nor a tensor with named extents"));
    }
    auto it = inputs.find(name);
    if (it == inputs.end()) {
      return absl::InvalidArgumentError(absl::StrCat("input '", name, "' is missing"));
    }
    LATHE_RETURN_IF_ERROR(BindShape(name, tensor_type, it->second));
    used[name] = true;
    arguments.push_back({&it->second, {}});
  }
  for (const auto& [name, tensor] : inputs) {
    if (!used.contains(name)) {
      return absl::InvalidArgumentError(absl::StrCat("the entry has no input '", name, "'"));
    }
  }
  return arguments;
}

absl::Status Execution::BindShape(llvm::StringRef name, mlir::RankedTensorType type,
                                  const HostTensor& tensor) {
  auto mismatch = [&](absl::string_view why) {
    return absl::InvalidArgumentError(absl::StrCat("input '", name.str(), "' is ", Describe(tensor),
                                                   ", expected ", DescribeShape(type), why));
  };
  if (tensor.dtype() != DTypeOf(type.getElementType())) return mismatch(" of another element type");
  if (tensor.rank() != type.getRank()) return mismatch("");
  llvm::SmallVector<Extent> extents = Extents(type);
  for (size_t axis = 0; axis < extents.size(); ++axis) {
    const Extent& extent = extents[axis];
    int64_t size = tensor.shape()[axis];
    if (extent.is_static() && size != extent.size) return mismatch("");
    if (extent.is_static()) continue;
    auto [it, is_new] = extents_.try_emplace(extent.symbol.str(), size);
    if (it->second != size) {
      return mismatch(
          absl::StrCat(", and ", extent.symbol.str(), " is ", it->second, " in an earlier input"));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<HostTensor>> Execution::Call(mlir::func::FuncOp function,
                                                        const std::vector<Argument>& arguments) {
  std::string name = absl::StrCat("@", function.getName().str());
  if (function.isExternal() || !function.getBody().hasOneBlock()) {
    return absl::UnimplementedError(absl::StrCat(
        name, " has no body of one block: the interpreter runs modules down to phase select"));
  }
  if (++depth_ > kMaxCallDepth) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, " calls nest deeper than ", kMaxCallDepth));
  }
  Frame frame(*this);
  for (auto [value, argument] : llvm::zip_equal(function.getArguments(), arguments)) {
    frame.Bind(value, argument);
  }
  mlir::Block& block = function.getBody().front();
  LATHE_RETURN_IF_ERROR(RunBlock(block, frame), name);
  --depth_;
  std::vector<HostTensor> results;
  for (mlir::Value value : block.getTerminator()->getOperands()) {
    if (!llvm::isa<mlir::RankedTensorType>(value.getType())) {
      return absl::UnimplementedError(absl::StrCat(name, " returns what is not a tensor"));
    }
    results.push_back(frame.Tensor(value));
  }
  return results;
}

absl::Status Execution::RunBlock(mlir::Block& block, Frame& frame) {
  for (mlir::Operation& op : block.without_terminator()) {
    LATHE_RETURN_IF_ERROR(RunOp(op, frame), Where(op));
  }
  return absl::OkStatus();
}

absl::Status Execution::RunOp(mlir::Operation& op, Frame& frame) {
  if (auto call = llvm::dyn_cast<mlir::func::CallOp>(op)) return RunCall(call, frame);
  if (auto dispatch = llvm::dyn_cast<DispatchOp>(op)) return RunDispatch(dispatch, frame);
  auto evaluable = llvm::dyn_cast<Evaluable>(op);
  if (!evaluable) return absl::UnimplementedError("the op has no reference to run");
  return evaluable.Evaluate(frame);
}

absl::Status Execution::RunCall(mlir::func::CallOp call, Frame& frame) {
  auto callee = interpreter_.symbols_.lookup<mlir::func::FuncOp>(call.getCallee());
  LATHE_CHECK(callee) << "a verified call without a callee";
  std::vector<Argument> arguments;
  for (mlir::Value operand : call.getOperands()) arguments.push_back(frame.ArgumentOf(operand));
  LATHE_ASSIGN_OR_RETURN(std::vector<HostTensor> results, Call(callee, arguments));
  for (auto [value, tensor] : llvm::zip_equal(call.getResults(), results)) {
    frame.SetTensor(value, std::move(tensor));
  }
  return absl::OkStatus();
}

// The region's values live in the frame of the function around it.
absl::Status Execution::RunDispatch(DispatchOp dispatch, Frame& frame) {
  for (auto [argument, input] :
       llvm::zip_equal(dispatch.block().getArguments(), dispatch.getInputs())) {
    frame.Bind(argument, frame.ArgumentOf(input));
  }
  LATHE_RETURN_IF_ERROR(RunBlock(dispatch.block(), frame), dispatch.getName().str());
  for (auto [result, value] :
       llvm::zip_equal(dispatch.getResults(), dispatch.yield().getValues())) {
    frame.Bind(result, frame.ArgumentOf(value));
  }
  return absl::OkStatus();
}

// ---- Interpreter ----------------------------------------------------------------------------

Interpreter::Interpreter(mlir::ModuleOp module, const TensorSource& weights, Accumulate accumulate)
    : symbols_(module), weights_(weights), accumulate_(accumulate) {}

absl::StatusOr<const HostTensor*> Interpreter::Weight(llvm::StringRef name,
                                                      mlir::RankedTensorType type) {
  auto known = widened_.find(name.str());
  if (known != widened_.end()) return &known->second;
  LATHE_ASSIGN_OR_RETURN(HostTensor tensor, ReadWeight(weights_, name.str(), type.getShape()));
  if (auto format = GroupQuantOf(type)) {
    tensor = QuantizedValues(*format, tensor);
  } else {
    tensor = tensor.Cast(*DTypeOf(type.getElementType()));
  }
  return &widened_.emplace(name.str(), std::move(tensor)).first->second;
}

absl::StatusOr<Interpreter::NamedTensors> Interpreter::Run(llvm::StringRef entry,
                                                           const NamedTensors& inputs,
                                                           KvState& state) {
  auto function = symbols_.lookup<mlir::func::FuncOp>(entry);
  if (!function) {
    return absl::NotFoundError(absl::StrCat("the module has no entry @", entry.str()));
  }
  return Execution(*this, state).RunEntry(function, inputs);
}

}  // namespace lathe
