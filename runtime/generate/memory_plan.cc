#include "runtime/generate/memory_plan.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "runtime/artifact/artifact_writer.h"
#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/strings.h"
#include "runtime/generate/sequence.h"
#include "runtime/program/expr.h"

namespace lathe {
namespace {

// An upper limit of what the process holds besides: program, libraries, heap, the tables made at
// load, what a thread's stack touches. lathe-run with the demo model holds 8 MiB in all at the end
// of a short run; with one of 0.6 billion parameters, before the first step, 17 MiB with its share
// of code and tokenizer, and 10 KiB more with each thread.
constexpr uint64_t kProcessBytes = uint64_t{16} << 20;
constexpr uint64_t kThreadBytes = uint64_t{128} << 10;

// Bounds that keep counts of rows and pages far inside their types (generator.cc has the same).
constexpr int64_t kMostSequences = 1 << 16;
constexpr int64_t kMostStepRows = 1 << 20;
constexpr int64_t kMostPoolTokens = int64_t{1} << 40;

uint64_t Sum(uint64_t a, uint64_t b) {
  uint64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? std::numeric_limits<uint64_t>::max() : sum;
}

uint64_t Product(uint64_t a, int64_t b) {
  uint64_t product = 0;
  return __builtin_mul_overflow(a, static_cast<uint64_t>(b), &product)
             ? std::numeric_limits<uint64_t>::max()
             : product;
}

absl::Status CheckOption(absl::string_view name, int64_t value, int64_t most) {
  if (value >= 1 && value <= most) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(name, " is ", value, ", expected 1 to ", most));
}

absl::Status CheckOptions(const MemoryOptions& options, int64_t max_context) {
  LATHE_RETURN_IF_ERROR(CheckOption("--context", options.context.value_or(1), max_context));
  LATHE_RETURN_IF_ERROR(CheckOption("the number of sequences", options.sequences, kMostSequences));
  LATHE_RETURN_IF_ERROR(CheckOption("the rows of a step", options.step_rows, kMostStepRows));
  LATHE_RETURN_IF_ERROR(
      CheckOption("the tokens of the pools", options.pool_tokens.value_or(1), kMostPoolTokens));
  return CheckOption("the number of threads", options.threads, 1 << 16);
}

// The largest value in [1, most] for which `fits`, which stays false once it is; 0 when there is
// none.
int64_t Largest(int64_t most, absl::FunctionRef<bool(int64_t)> fits) {
  int64_t low = 0;
  int64_t high = most;
  while (low < high) {
    const int64_t middle = low + (high - low + 1) / 2;
    if (fits(middle)) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

std::optional<int64_t> NoneIfZero(int64_t value) {
  return value == 0 ? std::nullopt : std::optional<int64_t>(value);
}

// What does not change with sizes, read once.
class Planner {
 public:
  static absl::StatusOr<Planner> Create(const artifact::Manifest& manifest,
                                        const MemoryOptions& options);

  PoolSize size() const {
    return {.context = options_.context.value_or(manifest_.max_context()),
            .sequences = options_.sequences,
            .pool_tokens = options_.pool_tokens,
            .step_rows = options_.step_rows};
  }
  absl::StatusOr<MemoryPlan> Plan(const PoolSize& size) const;
  // A size that cannot be counted does not fit.
  bool Fits(const PoolSize& size) const {
    absl::StatusOr<MemoryPlan> plan = Plan(size);
    return plan.ok() && plan->total_bytes() <= *options_.memory_bytes;
  }
  int64_t LargestBatch(PoolSize size, int64_t most) const {
    return Largest(most, [&](int64_t sequences) {
      size.sequences = sequences;
      return Fits(size);
    });
  }
  int64_t LargestContext(PoolSize size) const {
    return Largest(manifest_.max_context(), [&](int64_t context) {
      size.context = context;
      return Fits(size);
    });
  }
  int64_t LargestPool(PoolSize size, int64_t most) const {
    return Largest(most, [&](int64_t tokens) {
      size.pool_tokens = tokens;
      return Fits(size);
    });
  }
  absl::Status DoesNotFit(const MemoryPlan& one) const;

 private:
  Planner(const artifact::Manifest& manifest, const MemoryOptions& options)
      : manifest_(manifest), options_(options) {}
  absl::Status ReadProgram();
  void ReadSections();
  absl::StatusOr<uint64_t> WorkspaceBytes(const PoolSize& size) const;

  const artifact::Manifest& manifest_;
  const MemoryOptions& options_;
  std::vector<KvGroupLayout> layouts_;
  ExprTable exprs_;
  uint32_t workspace_ = 0;
  MemoryPlan fixed_;  // without sizes
};

absl::StatusOr<Planner> Planner::Create(const artifact::Manifest& manifest,
                                        const MemoryOptions& options) {
  LATHE_RETURN_IF_ERROR(CheckOption("max_context of the manifest", manifest.max_context(),
                                    std::numeric_limits<int32_t>::max()));
  LATHE_RETURN_IF_ERROR(CheckOptions(options, manifest.max_context()));
  Planner planner(manifest, options);
  for (const artifact::KvCacheGroup& group : manifest.kv_groups()) {
    LATHE_ASSIGN_OR_RETURN(KvGroupLayout layout, KvGroupLayout::FromManifest(group));
    planner.layouts_.push_back(std::move(layout));
  }
  LATHE_RETURN_IF_ERROR(planner.ReadProgram());
  planner.ReadSections();
  planner.fixed_.threads = options.threads;
  planner.fixed_.process_bytes = kProcessBytes + Product(kThreadBytes, options.threads);
  return planner;
}

absl::Status Planner::ReadProgram() {
  const auto& programs = manifest_.programs();
  const auto program =
      std::find_if(programs.begin(), programs.end(), [this](const artifact::Program& candidate) {
        return candidate.entry() == options_.entry && candidate.target() == options_.target;
      });
  if (program == programs.end()) {
    return absl::NotFoundError(absl::StrCat("the artifact has no entry ", Quoted(options_.entry),
                                            " for target ", options_.target));
  }
  workspace_ = exprs_.Intern(program->workspace_bytes());
  uint64_t scratch = 0;
  for (const artifact::Kernel& kernel : program->kernels())
    scratch = std::max<uint64_t>(scratch, kernel.scratch_bytes());
  fixed_.scratch_bytes = Product(scratch, options_.threads);
  return absl::OkStatus();
}

// Sections that are read while the model runs: of the code one level is taken, the largest at
// worst.
void Planner::ReadSections() {
  uint64_t code = 0;
  for (const artifact::Code& candidate : manifest_.code()) {
    if (candidate.target() != options_.target) continue;
    code =
        std::max<uint64_t>(code, manifest_.sections(static_cast<int>(candidate.section())).size());
  }
  fixed_.code_bytes = code;
  for (const artifact::Section& section : manifest_.sections()) {
    if (section.name() == kWeightsSection) fixed_.weight_bytes = section.size();
    if (section.name() == "tokenizer" || section.name() == "chat_template")
      fixed_.code_bytes = Sum(fixed_.code_bytes, section.size());
  }
}

absl::StatusOr<uint64_t> Planner::WorkspaceBytes(const PoolSize& size) const {
  std::vector<int64_t> symbols(static_cast<size_t>(manifest_.symbols_size()), 0);
  for (int i = 0; i < manifest_.symbols_size(); ++i) {
    const std::string& name = manifest_.symbols(i);
    if (name == "tokens") symbols[static_cast<size_t>(i)] = MostStepRows(size);
    if (name == "sequences" || name == "logit_rows")
      symbols[static_cast<size_t>(i)] = size.sequences;
  }
  for (size_t i = 0; i < layouts_.size(); ++i) {
    const uint32_t symbol = manifest_.kv_groups(static_cast<int>(i)).max_pages_symbol();
    symbols[symbol] = layouts_[i].NumPages(size.context);
  }
  std::vector<int64_t> values(exprs_.size());
  LATHE_RETURN_IF_ERROR(exprs_.Evaluate(symbols, absl::MakeSpan(values)), "the workspace");
  return static_cast<uint64_t>(values[workspace_]);
}

absl::StatusOr<MemoryPlan> Planner::Plan(const PoolSize& size) const {
  MemoryPlan plan = fixed_;
  plan.size = size;
  plan.most_step_rows = MostStepRows(size);
  LATHE_ASSIGN_OR_RETURN(plan.workspace_bytes, WorkspaceBytes(size));
  for (const KvGroupLayout& layout : layouts_) {
    plan.groups.push_back(
        {.name = layout.name,
         .page_tokens = layout.page_tokens,
         .window = layout.window,
         .page_bytes = static_cast<uint64_t>(layout.page_bytes),
         .pages_per_sequence = layout.PagesFor(size.context, size.step_rows + kPrefillBlock),
         .num_pages = PoolPages(layout, size)});
  }
  return plan;
}

std::string WholeMebibytes(uint64_t bytes) {
  return absl::StrCat((bytes >> 20) + ((bytes & ((1 << 20) - 1)) != 0 ? 1 : 0), "M");
}

// `one`: the plan of one sequence.
absl::Status Planner::DoesNotFit(const MemoryPlan& one) const {
  const int64_t context = LargestContext(one.size);
  return absl::ResourceExhaustedError(absl::StrCat(
      "--memory is ", HumanBytes(*options_.memory_bytes), ", but one sequence of ",
      one.size.context, " tokens takes ", HumanBytes(one.total_bytes()), ": weights ",
      HumanBytes(one.weight_bytes), ", keys and values ", HumanBytes(one.pool_bytes()),
      ", the rest ", HumanBytes(one.fixed_bytes() - std::min(one.fixed_bytes(), one.weight_bytes)),
      "; give --memory=", WholeMebibytes(one.total_bytes()),
      context > 0 ? absl::StrCat(" or --context=", context)
                  : ", for no context at all fits into what is there"));
}

}  // namespace

int64_t PoolPages(const KvGroupLayout& layout, const PoolSize& size) {
  const int64_t full =
      layout.PagesFor(size.context, size.step_rows + kPrefillBlock) * size.sequences;
  if (!size.pool_tokens.has_value()) return full;
  return std::min(full, layout.NumPages(*size.pool_tokens) + size.sequences - 1);
}

// One row for each sequence that decodes, and blocks of prefill up to step_rows, at least one.
int64_t MostStepRows(const PoolSize& size) {
  const int64_t rows = std::max(size.step_rows, size.sequences - 1 + kPrefillBlock);
  return std::min(rows, size.context * size.sequences);
}

uint64_t MemoryPlan::fixed_bytes() const {
  uint64_t sum = process_bytes;
  for (uint64_t part : {weight_bytes, code_bytes, workspace_bytes, scratch_bytes})
    sum = Sum(sum, part);
  return sum;
}

uint64_t MemoryPlan::pool_bytes() const {
  uint64_t sum = 0;
  for (const GroupMemory& group : groups)
    sum = Sum(sum, Product(group.page_bytes, group.num_pages));
  return sum;
}

uint64_t MemoryPlan::sequence_bytes() const {
  uint64_t sum = 0;
  for (const GroupMemory& group : groups)
    sum = Sum(sum, Product(group.page_bytes, group.pages_per_sequence));
  return sum;
}

uint64_t MemoryPlan::token_bytes() const {
  uint64_t sum = 0;
  for (const GroupMemory& group : groups) sum = Sum(sum, group.token_bytes());
  return sum;
}

uint64_t MemoryPlan::total_bytes() const { return Sum(fixed_bytes(), pool_bytes()); }

absl::StatusOr<MemoryPlan> PlanMemory(const artifact::Manifest& manifest,
                                      const MemoryOptions& options) {
  LATHE_ASSIGN_OR_RETURN(const Planner planner, Planner::Create(manifest, options));
  const PoolSize size = planner.size();
  LATHE_ASSIGN_OR_RETURN(MemoryPlan plan, planner.Plan(size));
  if (!options.memory_bytes.has_value()) return plan;
  plan.largest_batch = NoneIfZero(planner.LargestBatch(size, kMostSequences));
  plan.largest_context = NoneIfZero(planner.LargestContext(size));
  return plan;
}

absl::StatusOr<MemoryPlan> FitMemory(const artifact::Manifest& manifest,
                                     const MemoryOptions& options) {
  LATHE_CHECK(options.memory_bytes.has_value()) << "no memory to fit into";
  LATHE_ASSIGN_OR_RETURN(const Planner planner, Planner::Create(manifest, options));
  PoolSize size = planner.size();
  const int64_t full = size.context * size.sequences;
  const int64_t wanted = std::min(size.pool_tokens.value_or(full), full);
  // Without room for one request there is no point in the others.
  const int64_t least = std::min(wanted, size.context);
  size.pool_tokens = least;
  size.sequences = planner.LargestBatch(size, size.sequences);
  if (size.sequences == 0) {
    LATHE_ASSIGN_OR_RETURN(const MemoryPlan one,
                           planner.Plan({.context = least, .step_rows = size.step_rows}));
    return planner.DoesNotFit(one);
  }
  size.pool_tokens = planner.LargestPool(size, wanted);
  return planner.Plan(size);
}

}  // namespace lathe
