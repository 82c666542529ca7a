#include "compiler/select/candidates.h"

#include <array>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "compiler/select/tiles.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

constexpr std::array kCandidates = {
#define LATHE_CANDIDATE(name, target, match) Candidate{name, target, match},
#include "compiler/select/candidates.def"
#undef LATHE_CANDIDATE
};

}  // namespace

absl::Span<const Candidate> AllCandidates() { return kCandidates; }

absl::StatusOr<KernelChoice> Match(const Candidate& candidate, DispatchOp dispatch) {
  LATHE_ASSIGN_OR_RETURN(KernelChoice choice, candidate.match(dispatch));
  if (!choice.tiling && HasTiles(dispatch))
    return absl::FailedPreconditionError("has no tile that attribute tiles could set");
  for (int64_t result = 0; result < dispatch->getNumResults(); ++result) {
    bool is_written = llvm::any_of(choice.bindings, [&](const Binding& binding) {
      return binding.kind == Binding::Kind::kOutput && binding.index == result;
    });
    if (!is_written) {
      return absl::FailedPreconditionError(
          absl::StrCat("does not write result ", result, " of the dispatch"));
    }
  }
  return choice;
}

absl::StatusOr<Candidate> FindCandidate(TargetKind target, absl::string_view name) {
  std::vector<absl::string_view> names;
  for (const Candidate& candidate : kCandidates) {
    if (candidate.target != target) continue;
    if (candidate.name == name) return candidate;
    names.push_back(candidate.name);
  }
  return absl::NotFoundError(absl::StrCat(
      "no kernel is called \"", name,
      "\" for this target; there are: ", names.empty() ? "none" : absl::StrJoin(names, ", ")));
}

absl::StatusOr<std::string> ChosenKernelName(DispatchOp dispatch, const Target& target) {
  auto kernels = dispatch->getAttrOfType<mlir::DictionaryAttr>("kernels");
  auto name = kernels ? kernels.getAs<mlir::StringAttr>(target.name) : mlir::StringAttr();
  if (!name) {
    return absl::InvalidArgumentError(absl::StrCat("dispatch ", dispatch.getName().str(),
                                                   " has no kernel for target ", target.name,
                                                   ": run phase select for it first"));
  }
  return name.getValue().str();
}

absl::StatusOr<KernelChoice> ChosenKernel(DispatchOp dispatch, const Target& target) {
  LATHE_ASSIGN_OR_RETURN(std::string name, ChosenKernelName(dispatch, target));
  LATHE_ASSIGN_OR_RETURN(Candidate candidate, FindCandidate(target.kind, name), "dispatch ",
                         dispatch.getName().str());
  LATHE_ASSIGN_OR_RETURN(KernelChoice choice, Match(candidate, dispatch), "dispatch ",
                         dispatch.getName().str(), " as ", name);
  return choice;
}

}  // namespace lathe
