#include "ops/core/graph_builder.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "ops/core/dialect.h"
#include "runtime/base/check.h"
#include "runtime/base/weight_name.h"

namespace lathe {
namespace {

using mlir::func::FuncOp;

mlir::Location PathLocation(mlir::MLIRContext* context, llvm::StringRef path) {
  if (path.empty()) return mlir::UnknownLoc::get(context);
  return mlir::NameLoc::get(mlir::StringAttr::get(context, path));
}

}  // namespace

GraphBuilder::GraphBuilder(mlir::MLIRContext* context, const GraphInfo& info, DTypeLookup dtype_of)
    : ImplicitLocOpBuilder(mlir::UnknownLoc::get(context), context),
      module_(mlir::ModuleOp::create(mlir::UnknownLoc::get(context))),
      dtype_of_(std::move(dtype_of)),
      family_(info.family) {
  LATHE_CHECK(context->getLoadedDialect<LatheDialect>() != nullptr) << "load the dialect first";
  (*module_)->setAttr("lathe.family", getStringAttr(info.family));
  (*module_)->setAttr("lathe.max_context", getI64IntegerAttr(info.max_context));
}

mlir::RankedTensorType GraphBuilder::Tensor(DType dtype, llvm::ArrayRef<Extent> extents) {
  return MakeTensorType(getContext(), extents, ElementType(getContext(), dtype));
}

mlir::Type GraphBuilder::Cache(const CacheSpec& spec) {
  return KvCacheType::get(getContext(), spec.name, spec.layers, spec.kv_heads, spec.head_dim,
                          ElementType(getContext(), spec.dtype), spec.page, spec.window);
}

// ---- functions ------------------------------------------------------------------------------

// Layers stand before the entry that calls them; the builder goes on inside the new function.
FuncOp GraphBuilder::MakeFunction(llvm::StringRef name, bool is_private) {
  if (frames_.empty()) {
    setInsertionPointToEnd(module_->getBody());
  } else {
    setInsertionPoint(frames_.front().function);
  }
  auto function = FuncOp::create(*this, name, getFunctionType({}, {}));
  if (is_private) function.setPrivate();
  setInsertionPointToStart(function.addEntryBlock());
  return function;
}

mlir::Value GraphBuilder::AddArgument(FuncOp function, llvm::StringRef name, mlir::Type type) {
  auto attributes = getDictionaryAttr(getNamedAttr("lathe.name", getStringAttr(name)));
  unsigned index = function.getNumArguments();
  mlir::Location location = mlir::NameLoc::get(getStringAttr(name));
  LATHE_CHECK(succeeded(function.insertArgument(index, type, attributes, location)))
      << "argument " << name.str();
  return function.getArgument(index);
}

void GraphBuilder::BeginEntry(llvm::StringRef name) {
  LATHE_CHECK(frames_.empty()) << "entry " << name.str() << " inside another";
  setLoc(mlir::UnknownLoc::get(getContext()));
  FuncOp function = MakeFunction(name, /*is_private=*/false);
  frames_.emplace_back().function = function;
}

mlir::Value GraphBuilder::Input(llvm::StringRef name, mlir::Type type) {
  LATHE_CHECK(frames_.size() == 1) << "input " << name.str() << " outside an entry";
  return AddArgument(frames_[0].function, name, type);
}

void GraphBuilder::Output(llvm::StringRef name, mlir::Value value) {
  LATHE_CHECK(frames_.size() == 1) << "output " << name.str() << " outside an entry";
  frames_[0].output_names.push_back(name.str());
  frames_[0].outputs.push_back(value);
}

void GraphBuilder::EndEntry() {
  LATHE_CHECK(frames_.size() == 1) << "no entry to end";
  Frame& frame = frames_[0];
  mlir::func::ReturnOp::create(*this, frame.outputs);
  FuncOp function = frame.function;
  function.setFunctionType(
      getFunctionType(function.getArgumentTypes(), mlir::ValueRange(frame.outputs).getTypes()));
  for (size_t i = 0; i < frame.output_names.size(); ++i) {
    function.setResultAttr(i, "lathe.name", getStringAttr(frame.output_names[i]));
  }
  frames_.clear();
}

mlir::Value GraphBuilder::Constant(llvm::StringRef name, llvm::ArrayRef<int64_t> shape,
                                   llvm::ArrayRef<float> values) {
  auto type = mlir::RankedTensorType::get(shape, getF32Type());
  LATHE_CHECK(type.getNumElements() == static_cast<int64_t>(values.size()))
      << "constant " << name.str() << " has " << values.size() << " values";
  return ConstantOp::create(*this, name, mlir::DenseElementsAttr::get(type, values));
}

// ---- weights --------------------------------------------------------------------------------

WeightScope GraphBuilder::Weights(llvm::StringRef path) {
  LATHE_CHECK(!frames_.empty()) << "weights outside an entry";
  return {this, frames_.size() - 1, path.str()};
}

std::string GraphBuilder::Absolute(const Frame& frame, const std::string& path) const {
  return frame.prefix.empty() ? path : frame.prefix + "." + path;
}

DType GraphBuilder::WeightDType(const std::string& path) const {
  const absl::StatusOr<WeightName> name = WeightName::Parse(path);
  LATHE_CHECK(name.ok()) << name.status().ToString();
  std::optional<DType> dtype = dtype_of_(name->TensorOf(0));
  bool known = dtype == DType::kBF16 || dtype == DType::kF16;
  return known ? *dtype : DType::kF32;
}

mlir::Value GraphBuilder::Param(size_t frame, const std::string& path,
                                llvm::ArrayRef<int64_t> shape) {
  LATHE_CHECK(frame + 1 == frames_.size())
      << path << ": a layer's body must take weights from the scope that it is given";
  Frame& current = frames_.back();
  auto known = current.weights.find(path);
  if (known != current.weights.end()) {
    LATHE_CHECK(TensorTypeOf(known->second).getShape() == shape) << path << " has two shapes";
    return known->second;
  }
  mlir::Value value =
      current.is_layer ? LayerArgument(current, path, shape) : DeclaredWeight(path, shape);
  current.weights[path] = value;
  return value;
}

mlir::Value GraphBuilder::LayerArgument(Frame& frame, const std::string& path,
                                        llvm::ArrayRef<int64_t> shape) {
  DType dtype = WeightDType(Absolute(frame, path));
  frame.params.push_back({path, shape.vec(), dtype});
  auto type = mlir::RankedTensorType::get(shape, ElementType(getContext(), dtype));
  return AddArgument(frame.function, path, type);
}

mlir::Value GraphBuilder::DeclaredWeight(const std::string& path, llvm::ArrayRef<int64_t> shape) {
  auto type = mlir::RankedTensorType::get(shape, ElementType(getContext(), WeightDType(path)));
  auto [it, is_new] = declared_.try_emplace(path, type);
  LATHE_CHECK(it->second == type) << path << " is declared with two types";
  mlir::Location location = PathLocation(getContext(), path);
  if (is_new) {
    InsertionGuard guard(*this);
    if (last_param_ != nullptr) {
      setInsertionPointAfter(last_param_);
    } else {
      setInsertionPointToStart(module_->getBody());
    }
    last_param_ = ParamOp::create(*this, location, path, type, mlir::StringAttr());
    params_.push_back({path, shape.vec()});
  }
  return WeightOp::create(*this, location, type, path);
}

// ---- layers ---------------------------------------------------------------------------------

mlir::Value GraphBuilder::Layer(llvm::StringRef kind, llvm::ArrayRef<NamedValue> inputs,
                                const WeightScope& weights, LayerBody body) {
  LATHE_CHECK(!frames_.empty()) << "layer " << kind.str() << " outside an entry";
  const LayerFunction* layer = FindLayer(kind, inputs, weights);
  if (layer == nullptr) layer = &MakeLayer(kind, inputs, weights, body);
  llvm::SmallVector<mlir::Value> operands;
  for (const NamedValue& input : inputs) operands.push_back(input.value);
  for (const LayerParam& param : layer->params)
    operands.push_back(weights.Param(param.path, param.shape));
  mlir::Location location = PathLocation(getContext(), weights.path());
  return mlir::func::CallOp::create(*this, location, layer->function, operands).getResult(0);
}

const GraphBuilder::LayerFunction* GraphBuilder::FindLayer(llvm::StringRef kind,
                                                           llvm::ArrayRef<NamedValue> inputs,
                                                           const WeightScope& weights) const {
  auto it = layers_.find(kind.str());
  if (it == layers_.end()) return nullptr;
  auto same_type = [](const NamedValue& input, mlir::Type type) {
    return input.value.getType() == type;
  };
  for (const LayerFunction& layer : it->second) {
    auto same_dtype = [&](const LayerParam& param) {
      std::string path = Absolute(frames_.back(), weights.Join(param.path));
      return WeightDType(path) == param.dtype;
    };
    if (llvm::equal(inputs, layer.inputs, same_type) && llvm::all_of(layer.params, same_dtype)) {
      return &layer;
    }
  }
  return nullptr;
}

const GraphBuilder::LayerFunction& GraphBuilder::MakeLayer(llvm::StringRef kind,
                                                           llvm::ArrayRef<NamedValue> inputs,
                                                           const WeightScope& weights,
                                                           LayerBody body) {
  InsertionGuard guard(*this);
  mlir::Location saved = getLoc();
  setLoc(mlir::UnknownLoc::get(getContext()));
  size_t variant = layers_[kind.str()].size();
  std::string name = variant == 0 ? kind.str() : absl::StrCat(kind.str(), "_", variant);
  Frame frame;
  frame.prefix = Absolute(frames_.back(), weights.path());
  frame.function = MakeFunction(name, /*is_private=*/true);
  frame.is_layer = true;
  for (const NamedValue& input : inputs)
    AddArgument(frame.function, input.name, input.value.getType());
  FuncOp function = frame.function;
  frames_.push_back(std::move(frame));

  // Arguments for weights are added while the body is built; the inputs are the first ones.
  llvm::SmallVector<mlir::Value> arguments(function.getArguments());
  mlir::Value result = body(arguments, WeightScope(this, frames_.size() - 1, ""));
  mlir::func::ReturnOp::create(*this, result);
  function.setFunctionType(getFunctionType(function.getArgumentTypes(), result.getType()));

  LayerFunction layer{function, {}, std::move(frames_.back().params)};
  for (const NamedValue& input : inputs) layer.inputs.push_back(input.value.getType());
  frames_.pop_back();
  setLoc(saved);
  return layers_[kind.str()].emplace_back(std::move(layer));
}

// ---- the end --------------------------------------------------------------------------------

absl::StatusOr<mlir::OwningOpRef<mlir::ModuleOp>> GraphBuilder::Finish() {
  LATHE_CHECK(frames_.empty()) << "an entry was not ended";
  std::string problems;
  mlir::ScopedDiagnosticHandler handler(getContext(), [&](mlir::Diagnostic& diagnostic) {
    llvm::raw_string_ostream stream(problems);
    if (!problems.empty()) stream << "; ";
    stream << diagnostic.getLocation() << ": " << diagnostic;
    return mlir::success();
  });
  if (failed(mlir::verify(*module_))) {
    return absl::InvalidArgumentError(
        absl::StrCat("the config of this ", family_, " model contradicts itself: ", problems));
  }
  return std::move(module_);
}

LocationScope::LocationScope(GraphBuilder& builder, const WeightScope& weights)
    : builder_(builder), saved_(builder.getLoc()) {
  builder.setLoc(PathLocation(builder.getContext(), weights.path()));
}

}  // namespace lathe
