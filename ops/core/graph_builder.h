// GraphBuilder: builds the module of a model. It is an OpBuilder, so the families' build functions
// take it, and it keeps what a model needs besides: entries with named inputs and outputs, weights
// by checkpoint path, one function per kind of layer.
//   GraphBuilder b(&context, {.family = "qwen3", .max_context = 2048}, dtype_of);
//   b.BeginEntry("step");
//   Value tokens = b.Input("tokens", b.Tensor(DType::kI32, {"tokens"}));
//   ...
//   x = b.Layer("decoder_layer", {{"x", x}, {"cos", cos}}, b.Weights("model").In("layers").In(i),
//               [&](mlir::ValueRange in, const WeightScope& w) { return DecoderLayer(b, w, in[0],
//               in[1]); });
//   b.Output("logits", logits);
//   b.EndEntry();
//   LATHE_ASSIGN_OR_RETURN(auto module, b.Finish());
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/OwningOpRef.h"
#include "ops/core/extent.h"
#include "ops/core/weight_scope.h"

namespace lathe {

struct GraphInfo {
  std::string family;
  int64_t max_context = 0;
};

// A cache group as the model wants it.
struct CacheSpec {
  std::string name = "kv";
  int64_t layers = 0;
  int64_t kv_heads = 0;
  int64_t head_dim = 0;
  DType dtype = DType::kBF16;
  int64_t page = 64;
  int64_t window = 0;
};

// What the model asks of the checkpoint; the name may put matrices together
// (runtime/base/weight_name.h).
struct ParamInfo {
  std::string name;
  std::vector<int64_t> shape;
};

class GraphBuilder : public mlir::ImplicitLocOpBuilder {
 public:
  // The dtype in which the checkpoint stores a tensor. None, or one that the IR does not know, is
  // built as f32: the caller compares params() with the checkpoint and names all that is missing or
  // of another kind.
  using DTypeLookup = std::function<std::optional<DType>(const std::string& name)>;
  struct NamedValue {
    llvm::StringRef name;
    mlir::Value value;
  };
  using LayerBody =
      llvm::function_ref<mlir::Value(mlir::ValueRange inputs, const WeightScope& weights)>;

  // The context must have the dialect loaded: ops/dialect.h LoadDialects.
  GraphBuilder(mlir::MLIRContext* context, const GraphInfo& info, DTypeLookup dtype_of);

  mlir::RankedTensorType Tensor(DType dtype, llvm::ArrayRef<Extent> extents);
  mlir::Type Cache(const CacheSpec& spec);

  // Between BeginEntry and EndEntry inputs and outputs may be declared at any place.
  void BeginEntry(llvm::StringRef name);
  mlir::Value Input(llvm::StringRef name, mlir::Type type);
  void Output(llvm::StringRef name, mlir::Value value);
  void EndEntry();

  // A table of f32 that the compiler knows; the name stands for it in dumps and in the artifact.
  mlir::Value Constant(llvm::StringRef name, llvm::ArrayRef<int64_t> shape,
                       llvm::ArrayRef<float> values);

  // The root of a part of the checkpoint, "" for all of it.
  WeightScope Weights(llvm::StringRef path);

  // Calls the function of layers of this kind with the weights under `weights`. `body` makes the
  // function when there is none yet for the kind, the types of the inputs and the dtypes of the
  // weights; so the kind's name must say all else on which the body depends.
  mlir::Value Layer(llvm::StringRef kind, llvm::ArrayRef<NamedValue> inputs,
                    const WeightScope& weights, LayerBody body);

  // All weights declared so far, in order.
  const std::vector<ParamInfo>& params() const { return params_; }

  // The verified module. InvalidArgument with the verifier's words when the shapes do not fit
  // together: a config that contradicts itself.
  absl::StatusOr<mlir::OwningOpRef<mlir::ModuleOp>> Finish();

 private:
  friend class WeightScope;
  struct LayerParam {
    std::string path;  // below the layer
    std::vector<int64_t> shape;
    DType dtype;
  };
  struct LayerFunction {
    mlir::func::FuncOp function;
    llvm::SmallVector<mlir::Type> inputs;
    std::vector<LayerParam> params;
  };
  // A function under construction.
  struct Frame {
    mlir::func::FuncOp function;
    bool is_layer = false;
    std::string prefix;  // the layer's path in the checkpoint, for lookups of dtypes
    std::map<std::string, mlir::Value> weights;
    std::vector<LayerParam> params;
    std::vector<std::string> output_names;
    llvm::SmallVector<mlir::Value> outputs;
  };

  mlir::Value Param(size_t frame, const std::string& path, llvm::ArrayRef<int64_t> shape);
  mlir::Value DeclaredWeight(const std::string& path, llvm::ArrayRef<int64_t> shape);
  mlir::Value LayerArgument(Frame& frame, const std::string& path, llvm::ArrayRef<int64_t> shape);
  DType WeightDType(const std::string& path) const;
  std::string Absolute(const Frame& frame, const std::string& path) const;
  const LayerFunction* FindLayer(llvm::StringRef kind, llvm::ArrayRef<NamedValue> inputs,
                                 const WeightScope& weights) const;
  const LayerFunction& MakeLayer(llvm::StringRef kind, llvm::ArrayRef<NamedValue> inputs,
                                 const WeightScope& weights, LayerBody body);
  mlir::func::FuncOp MakeFunction(llvm::StringRef name, bool is_private);
  mlir::Value AddArgument(mlir::func::FuncOp function, llvm::StringRef name, mlir::Type type);

  mlir::OwningOpRef<mlir::ModuleOp> module_;
  DTypeLookup dtype_of_;
  std::string family_;
  std::vector<ParamInfo> params_;
  std::map<std::string, mlir::Type> declared_;
  mlir::Operation* last_param_ = nullptr;
  std::map<std::string, std::vector<LayerFunction>> layers_;
  std::vector<Frame> frames_;  // the innermost function last
};

// While it lives, new ops are located at the scope's path.
class LocationScope {
 public:
  LocationScope(GraphBuilder& builder, const WeightScope& weights);
  ~LocationScope() { builder_.setLoc(saved_); }
  LocationScope(const LocationScope&) = delete;
  LocationScope& operator=(const LocationScope&) = delete;

 private:
  GraphBuilder& builder_;
  mlir::Location saved_;
};

}  // namespace lathe
