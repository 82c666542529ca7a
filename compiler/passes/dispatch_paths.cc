#include "compiler/passes/dispatch_paths.h"

#include <map>

#include "absl/strings/str_cat.h"

namespace lathe {
namespace {

// Layers in an entry need two. What a dump may hold beyond has no paths instead of too many.
constexpr int kMaxDepth = 16;

// The paths of the calls that lead to a function: "" for an entry. Each function is asked once, so
// that calls that meet again and again cost no more, and recursion ends.
class CallPaths {
 public:
  explicit CallPaths(mlir::ModuleOp module) : module_(module) {}

  const std::vector<std::string>& To(mlir::func::FuncOp func, int depth = 0) {
    const auto [it, is_new] = known_.try_emplace(func.getOperation());
    std::vector<std::string>& paths = it->second;
    if (!is_new || depth == kMaxDepth) return paths;
    if (func.isPublic()) {
      paths = {""};
      return paths;
    }
    module_.walk([&](mlir::func::CallOp call) {
      auto caller = call->getParentOfType<mlir::func::FuncOp>();
      if (call.getCallee() != func.getName() || !caller) return;
      for (const std::string& outer : To(caller, depth + 1))
        paths.push_back(absl::StrCat(outer, PathOfCall(call), "."));
    });
    return paths;
  }

 private:
  mlir::ModuleOp module_;
  std::map<mlir::Operation*, std::vector<std::string>> known_;
};

}  // namespace

std::string PathOfCall(mlir::func::CallOp call) {
  if (auto name = call.getLoc()->findInstanceOf<mlir::NameLoc>()) return name.getName().str();
  return call.getCallee().str();
}

std::vector<std::string> DispatchPaths(DispatchOp dispatch) {
  auto func = dispatch->getParentOfType<mlir::func::FuncOp>();
  if (!func) return {};
  std::vector<std::string> paths = CallPaths(dispatch->getParentOfType<mlir::ModuleOp>()).To(func);
  for (std::string& path : paths) absl::StrAppend(&path, dispatch.getName().str());
  return paths;
}

}  // namespace lathe
