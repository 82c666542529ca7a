#include "compiler/problem/problem.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "compiler/problem/isolate.h"
#include "llvm/Support/raw_ostream.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "ops/attention/attention_ops.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/strings.h"

namespace lathe {
namespace {

absl::StatusOr<std::vector<DispatchOp>> Dispatches(mlir::ModuleOp module) {
  std::vector<DispatchOp> dispatches;
  module.walk([&](DispatchOp dispatch) { dispatches.push_back(dispatch); });
  if (dispatches.empty())
    return absl::FailedPreconditionError("the module has no dispatch: run phase fuse first");
  return dispatches;
}

absl::Status NoSuchDispatch(std::vector<DispatchOp>& dispatches, absl::string_view name) {
  // The names, and every end of them that would have been accepted.
  std::vector<std::string> known;
  for (DispatchOp dispatch : dispatches) {
    const std::string full = dispatch.getName().str();
    known.push_back(full);
    for (size_t at = full.find_first_of(".:"); at != std::string::npos;
         at = full.find_first_of(".:", at + 1))
      known.push_back(full.substr(at + 1));
  }
  const std::string nearest = Nearest(name, known);
  return absl::NotFoundError(absl::StrCat(
      "no dispatch is called ", Quoted(name), " and none ends so",
      nearest.empty() ? absl::StrCat("; the first of ", dispatches.size(), " is ", Quoted(known[0]))
                      : absl::StrCat(", did you mean ", nearest, "?")));
}

// Text that is equal for problems that differ in names, numbers of weights and cache layer only.
std::string EqualityKey(mlir::ModuleOp problem) {
  mlir::OwningOpRef<mlir::ModuleOp> copy(problem.clone());
  mlir::Builder builder(copy->getContext());
  std::map<std::string, std::string> params;
  for (auto param : copy->getOps<ParamOp>()) {
    std::string plain = absl::StrCat("p", params.size());
    params[param.getSymName().str()] = plain;
    param.setSymName(plain);
  }
  copy->walk([&](mlir::Operation* op) {
    if (auto weight = llvm::dyn_cast<WeightOp>(op)) {
      weight.setParam(params.at(weight.getParam().str()));
    } else if (auto dispatch = llvm::dyn_cast<DispatchOp>(op)) {
      dispatch.setNameAttr(builder.getStringAttr(""));
    } else if (auto layer = llvm::dyn_cast<CacheLayerOp>(op)) {
      layer.setIndex(0);
      layer.removeModelLayerAttr();
    }
  });
  std::string key;
  llvm::raw_string_ostream out(key);
  copy->print(out);
  return key;
}

}  // namespace

absl::StatusOr<std::vector<Problem>> ExtractProblems(mlir::ModuleOp module) {
  LATHE_ASSIGN_OR_RETURN(std::vector<DispatchOp> dispatches, Dispatches(module));
  const CallSites calls(module);
  std::vector<Problem> problems;
  std::map<std::string, size_t> known;
  for (DispatchOp dispatch : dispatches) {
    LATHE_ASSIGN_OR_RETURN(mlir::OwningOpRef<mlir::ModuleOp> alone, Isolate(dispatch, calls));
    auto [it, is_new] = known.emplace(EqualityKey(*alone), problems.size());
    const std::string name = dispatch.getName().str();
    if (is_new) problems.push_back({name, {}, std::move(alone)});
    problems[it->second].dispatches.push_back(name);
  }
  return problems;
}

absl::StatusOr<Problem> ExtractProblem(mlir::ModuleOp module, absl::string_view name) {
  LATHE_ASSIGN_OR_RETURN(std::vector<DispatchOp> dispatches, Dispatches(module));
  auto find = [&](auto matches) {
    return std::find_if(dispatches.begin(), dispatches.end(),
                        [&](DispatchOp dispatch) { return matches(dispatch.getName().str()); });
  };
  auto found = find([&](const std::string& full) { return full == name; });
  if (found == dispatches.end()) {
    // At a border of the name: "down_proj" ends "mlp.down_proj" but not "mlp.updown_proj".
    found = find([&](absl::string_view full) {
      return absl::ConsumeSuffix(&full, name) &&
             (absl::EndsWith(full, ".") || absl::EndsWith(full, ":"));
    });
  }
  if (found == dispatches.end()) {
    return NoSuchDispatch(dispatches, name);
  }
  const std::string full = found->getName().str();
  LATHE_ASSIGN_OR_RETURN(mlir::OwningOpRef<mlir::ModuleOp> alone,
                         Isolate(*found, CallSites(module)));
  return Problem{full, {full}, std::move(alone)};
}

std::string ProblemText(const Problem& problem) {
  constexpr size_t kMaxNames = 8;
  absl::StatusOr<DispatchOp> dispatch = DispatchOfProblem(*problem.module);
  const bool has_kernel = dispatch.ok() && (*dispatch)->hasAttr("kernels");
  std::string text = absl::StrCat(
      "// Dispatch ", problem.name,
      " alone: `lathe bench THIS_FILE` compiles, checks and times it.\n",
      "// Into a whole compilation it enters with --start-from=", has_kernel ? "lower" : "select",
      ".\n");
  if (problem.dispatches.size() > 1) {
    absl::StrAppend(&text, "// It stands for ", problem.dispatches.size(), " equal dispatches:\n");
    for (size_t i = 0; i < std::min(problem.dispatches.size(), kMaxNames); ++i)
      absl::StrAppend(&text, "//   ", problem.dispatches[i], "\n");
    if (problem.dispatches.size() > kMaxNames)
      absl::StrAppend(&text, "//   and ", problem.dispatches.size() - kMaxNames, " more\n");
  }
  llvm::raw_string_ostream out(text);
  mlir::OpPrintingFlags flags;
  flags.enableDebugInfo(true, /*prettyForm=*/false);
  mlir::ModuleOp module = *problem.module;
  module->print(out, flags);
  text += "\n";
  return text;
}

absl::StatusOr<std::map<std::string, int64_t>> ExampleSymbols(mlir::ModuleOp module) {
  std::map<std::string, int64_t> values;
  mlir::Attribute attribute = module->getAttr(kExampleAttribute);
  if (!attribute) return values;
  auto example = llvm::dyn_cast<mlir::DictionaryAttr>(attribute);
  if (!example)
    return absl::InvalidArgumentError("lathe.example is no dictionary, expected {tokens = 1, ...}");
  for (const mlir::NamedAttribute& entry : example) {
    auto value = llvm::dyn_cast<mlir::IntegerAttr>(entry.getValue());
    if (!value || !value.getValue().isSignedIntN(63) || value.getValue().getSExtValue() < 1) {
      return absl::InvalidArgumentError(absl::StrCat("lathe.example: ", entry.getName().str(),
                                                     " is no integer above 0 of 63 bits"));
    }
    values[entry.getName().str()] = value.getValue().getSExtValue();
  }
  return values;
}

absl::StatusOr<DispatchOp> DispatchOfProblem(mlir::ModuleOp module) {
  auto entries = module.getOps<mlir::func::FuncOp>();
  auto step = module.lookupSymbol<mlir::func::FuncOp>("step");
  if (!step || !llvm::hasSingleElement(entries) || step.isExternal())
    return absl::InvalidArgumentError("a problem has one function, the entry @step");
  auto dispatches = step.front().getOps<DispatchOp>();
  if (!llvm::hasSingleElement(dispatches)) {
    return absl::InvalidArgumentError(
        absl::StrCat("a problem has one dispatch, @step holds ",
                     std::distance(dispatches.begin(), dispatches.end())));
  }
  return *dispatches.begin();
}

}  // namespace lathe
