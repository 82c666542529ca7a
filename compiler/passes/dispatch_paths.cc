#include "compiler/passes/dispatch_paths.h"

#include "absl/strings/str_cat.h"

namespace lathe {
namespace {

// The paths of the calls that lead to `func`: "" for an entry.
std::vector<std::string> CallPaths(mlir::func::FuncOp func) {
  if (func.isPublic()) return {""};
  std::vector<std::string> paths;
  func->getParentOfType<mlir::ModuleOp>().walk([&](mlir::func::CallOp call) {
    if (call.getCallee() != func.getName()) return;
    for (const std::string& outer : CallPaths(call->getParentOfType<mlir::func::FuncOp>()))
      paths.push_back(absl::StrCat(outer, PathOfCall(call), "."));
  });
  return paths;
}

}  // namespace

std::string PathOfCall(mlir::func::CallOp call) {
  if (auto name = call.getLoc()->findInstanceOf<mlir::NameLoc>()) return name.getName().str();
  return call.getCallee().str();
}

std::vector<std::string> DispatchPaths(DispatchOp dispatch) {
  std::vector<std::string> paths = CallPaths(dispatch->getParentOfType<mlir::func::FuncOp>());
  for (std::string& path : paths) absl::StrAppend(&path, dispatch.getName().str());
  return paths;
}

}  // namespace lathe
