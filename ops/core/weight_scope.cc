#include "ops/core/weight_scope.h"

#include "ops/core/graph_builder.h"

namespace lathe {

std::string WeightScope::Join(llvm::StringRef name) const {
  return path_.empty() ? name.str() : path_ + "." + name.str();
}

WeightScope WeightScope::In(llvm::StringRef name) const { return {builder_, frame_, Join(name)}; }

WeightScope WeightScope::In(int64_t index) const { return In(std::to_string(index)); }

mlir::Value WeightScope::Param(llvm::StringRef name, llvm::ArrayRef<int64_t> shape) const {
  return builder_->Param(frame_, Join(name), shape);
}

}  // namespace lathe
