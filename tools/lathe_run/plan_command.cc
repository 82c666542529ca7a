#include "tools/lathe_run/plan_command.h"

#include <optional>

#include "runtime/artifact/artifact_reader.h"
#include "runtime/base/cpu_count.h"
#include "runtime/base/status_macros.h"
#include "runtime/generate/memory_plan.h"
#include "tools/common/command.h"
#include "tools/common/flags.h"
#include "tools/common/standard_output.h"
#include "tools/lathe_run/memory_budget.h"
#include "tools/lathe_run/plan_text.h"

namespace lathe {
namespace {

constexpr char kName[] = "lathe-run";

struct PlanOptions {
  std::string artifact = {};
  std::optional<int64_t> memory = std::nullopt;
  std::optional<int64_t> context = std::nullopt;
  int64_t sequences = 1;
  int64_t step_rows = 512;
  std::optional<int64_t> threads = std::nullopt;
  bool json = false;
};

FlagTable PlanFlags(PlanOptions& options) {
  FlagTable flags("lathe-run plan", "ARTIFACT [flags]",
                  "Says what running a model takes of memory, and how many sequences of how many "
                  "tokens fit into it. Runs nothing.");
  flags.Positional("ARTIFACT", &options.artifact, "the .lathe file that `lathe compile` wrote");
  flags.OptionalBytes("memory", &options.memory, "what is free, less a tenth",
                      "what there is for all of it");
  flags.OptionalInt(
      "context", &options.context,
      {.unit = "tokens", .min = 1, .max = 1 << 30, .absent = "all that the model was made for"},
      "of each sequence, prompt and answer");
  flags.Int("sequences", &options.sequences, {.unit = "sequences", .min = 1, .max = 1 << 16},
            "that run at once");
  flags.Int("step-rows", &options.step_rows, {.unit = "rows", .min = 1, .max = 1 << 20},
            "that a step of prefill aims at");
  flags.OptionalInt(
      "threads", &options.threads,
      {.unit = "threads", .min = 1, .max = 1024, .absent = "the CPUs that the process may use"},
      "compute with");
  flags.Bool("json", &options.json, "print the plan as one line of JSON, in bytes");
  flags.Example("lathe-run plan qwen.lathe --memory=8G --context=4096 --sequences=8",
                "whether eight users find room, and how many would");
  return flags;
}

absl::Status Execute(const PlanOptions& options) {
  LATHE_ASSIGN_OR_RETURN(const Artifact artifact, Artifact::Open(options.artifact));
  LATHE_ASSIGN_OR_RETURN(const MemoryBudget budget, ReadMemoryBudget(options.memory));
  LATHE_ASSIGN_OR_RETURN(
      const MemoryPlan plan,
      PlanMemory(artifact.manifest(), {.threads = options.threads.value_or(AvailableCpus()),
                                       .context = options.context,
                                       .sequences = options.sequences,
                                       .step_rows = options.step_rows,
                                       .memory_bytes = budget.bytes}),
      options.artifact);
  return WriteStdout(options.json ? PlanJson(plan, budget) : PlanText(plan, budget));
}

}  // namespace

int PlanCommand(absl::Span<const std::string> args) {
  PlanOptions options;
  FlagTable flags = PlanFlags(options);
  return RunWithFlags(kName, flags, args, [&] { return ReportStatus(kName, Execute(options)); });
}

}  // namespace lathe
