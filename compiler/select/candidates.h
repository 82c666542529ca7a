// The kernels that a dispatch may become. Each candidate looks at a dispatch and either says how it
// would run it, or why it cannot; the first that can, in the order of candidates.def, is taken, and
// every answer is kept as a note on the dispatch.
#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "compiler/select/kernel_choice.h"
#include "compiler/target/target.h"
#include "ops/core/dialect.h"

namespace lathe {

struct Candidate {
  absl::string_view name;
  TargetKind target;
  // FailedPrecondition is a "no" with its reason.
  absl::StatusOr<KernelChoice> (*match)(DispatchOp dispatch);
};

absl::Span<const Candidate> AllCandidates();

// How `candidate` would run `dispatch`: its own answer, and a "no" for a kernel that would leave a
// result of the dispatch unwritten.
absl::StatusOr<KernelChoice> Match(const Candidate& candidate, DispatchOp dispatch);

// The candidate called `name` for a kind of target; NotFound names those that there are.
absl::StatusOr<Candidate> FindCandidate(TargetKind target, absl::string_view name);

// The kernel that phase select chose for `dispatch` on `target` (attribute kernels), matched again:
// the attribute holds the name only, so that an edited dump can name another one.
absl::StatusOr<KernelChoice> ChosenKernel(DispatchOp dispatch, const Target& target);
// The name alone ("matmul").
absl::StatusOr<std::string> ChosenKernelName(DispatchOp dispatch, const Target& target);

// The candidates of the CPU target, each in its own file.
absl::StatusOr<KernelChoice> MatchCpuMatmul(DispatchOp dispatch);
absl::StatusOr<KernelChoice> MatchCpuAttention(DispatchOp dispatch);
absl::StatusOr<KernelChoice> MatchCpuRopeTable(DispatchOp dispatch);
absl::StatusOr<KernelChoice> MatchCpuArgmax(DispatchOp dispatch);
absl::StatusOr<KernelChoice> MatchCpuSample(DispatchOp dispatch);
absl::StatusOr<KernelChoice> MatchCpuGroupedMatmul(DispatchOp dispatch);
absl::StatusOr<KernelChoice> MatchCpuMoeRoute(DispatchOp dispatch);
absl::StatusOr<KernelChoice> MatchCpuMoeDispatch(DispatchOp dispatch);
absl::StatusOr<KernelChoice> MatchCpuMoeCombine(DispatchOp dispatch);
absl::StatusOr<KernelChoice> MatchCpuRowwise(DispatchOp dispatch);

}  // namespace lathe
