// WeightScope: a place in the checkpoint's tree of names. Code paths are checkpoint paths:
//   WeightScope layer = b.Weights("model").In("layers").In(3);
//   Value w = layer.In("self_attn").In("q_proj").Param("weight", {n, k});  //
//   model.layers.3.self_attn.q_proj.weight
#pragma once

#include <cstdint>
#include <string>

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "mlir/IR/Value.h"

namespace lathe {

class GraphBuilder;

class WeightScope {
 public:
  WeightScope In(llvm::StringRef name) const;
  WeightScope In(int64_t index) const;
  // `name` may be one that puts matrices together: "experts.*.up_proj.weight" (weight_name.h).
  // Declares the weight (once, however often it is asked for) and gives its value; inside a layer's
  // body a parameter of the body.
  mlir::Value Param(llvm::StringRef name, llvm::ArrayRef<int64_t> shape) const;
  // "model.layers.3.self_attn"; relative to the layer inside its body.
  const std::string& path() const { return path_; }

 private:
  friend class GraphBuilder;
  WeightScope(GraphBuilder* builder, size_t frame, std::string path)
      : builder_(builder), frame_(frame), path_(std::move(path)) {}
  std::string Join(llvm::StringRef name) const;

  GraphBuilder* builder_;
  size_t frame_;  // the function under construction to which it belongs
  std::string path_;
};

}  // namespace lathe
