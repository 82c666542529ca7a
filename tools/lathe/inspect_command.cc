// lathe inspect: what an artifact holds.
#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>

#include "absl/strings/str_cat.h"
#include "compiler/codegen/cpu/hot_loops.h"
#include "runtime/artifact/artifact_reader.h"
#include "runtime/artifact/artifact_text.h"
#include "runtime/artifact/quantization_text.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/strings.h"
#include "tools/common/command.h"
#include "tools/common/flags.h"
#include "tools/common/machine_limits.h"
#include "tools/common/standard_output.h"
#include "tools/lathe/commands.h"
#include "tools/lathe/inspect/dispatch_report.h"
#include "tools/lathe/inspect/ir_text.h"
#include "tools/lathe/inspect/kernel_text.h"
#include "tools/lathe/inspect/step_sizes.h"
#include "tools/lathe/inspect/tiles_in_force.h"
#include "tools/lathe/tuning_file.h"

namespace lathe {
namespace {

struct Options {
  std::string artifact;
  bool program = false;
  bool memory = false;
  bool quantization = false;
  bool verify = false;
  bool dispatches = false;
  bool tuning = false;
  std::string dispatch;
  std::vector<std::string> symbols;
  std::string limits;
  int64_t threads = 1;
  std::string ir;
  std::string assembly;
  std::string llvm;
  std::string level;
  int verbosity = 0;
};

FlagTable Declare(Options& o) {
  FlagTable flags("lathe inspect", "ARTIFACT [flags]",
                  "Shows what an artifact holds; without flags its summary and memory table. Text "
                  "goes to stdout.");
  flags.Positional("ARTIFACT", &o.artifact, "file made by lathe compile");
  flags.Bool("program", &o.program,
             "the launches of a step: kernel, work items; with -v operands and the reasons for "
             "each kernel");
  flags.Bool("memory", &o.memory, "bytes by use");
  flags.Bool("quantization", &o.quantization,
             "what int8 and int4 took from each weight, worst first");
  flags.Bool("verify", &o.verify, "read the whole file and compare every checksum");

  flags.Group("Work and limits");
  flags.Bool("dispatches", &o.dispatches,
             "a table of a step that decodes and of one that reads a prompt: how often each kind "
             "of dispatch runs, its FLOPs, bytes and intensity, its kernel");
  flags.String("dispatch", &o.dispatch, {.form = "NAME", .absent = "none"},
               "all about one dispatch: its cost, its kernel and the reasons against others, its "
               "code at each level with the counts of its inner loops. With --ir its IR alone");
  flags.Bool("tuning", &o.tuning,
             "the tile of each dispatch that has one, as lathe compile --tuning reads it");
  flags.StringList("symbol", &o.symbols,
                   {.form = "NAME=N", .absent = "one row, and a prompt of 512"},
                   "a size of the step that costs are shown for: tokens, sequences, logit_rows, "
                   "cached_keys, ...");
  flags.String("limits", &o.limits, {.form = "FILE", .absent = "no predictions"},
               "also the time that a machine needs at least, from what `lathe bench --limits "
               "--json=FILE` measured on it");
  flags.Int("threads", &o.threads, {.unit = "threads", .min = 1, .max = 1024},
            "take the limits of so many");

  flags.Group("IR and code");
  flags.String("ir", &o.ir, {.form = "PHASE", .absent = "not shown"},
               "the module after a phase (normalize, place, quantize, fuse, select, lower, plan) "
               "or after all, one after the other; with -v with the location of each op");
  flags.String("llvm", &o.llvm, {.form = "NAME", .absent = "not shown"},
               "LLVM IR of a kernel, or of the kernel of a dispatch, compiled again from the IR "
               "that the artifact keeps");
  flags.String("asm", &o.assembly, {.form = "NAME", .absent = "not shown"},
               "assembly of a kernel, or of the kernel of a dispatch, by the names of --program; "
               "comments mark the inner loop of each function");
  flags.String(
      "level", &o.level, {.form = "LEVEL", .absent = "all"},
      "feature level of --asm, --llvm, --tuning and --dispatch, and of the units whose peaks "
      "limit (default there: the best that --limits knows): x86-64-v3, x86-64-v4, "
      "x86-64-v4-bf16");
  flags.Verbosity(&o.verbosity, {"operands and reasons in --program, locations in --ir"});
  flags.Example("lathe inspect q.lathe --dispatches --limits=limits.json",
                "where a step must spend its time");
  flags.Example("lathe inspect q.lathe --program -v", "which kernel runs each dispatch, and why");
  flags.Example("lathe inspect q.lathe --dispatch=model.layers.0.mlp.down_proj --ir=all",
                "what each phase made of one dispatch");
  flags.Example("lathe inspect q.lathe --asm model.layers.0.self_attn.o_proj --level=x86-64-v4",
                "its machine code");
  return flags;
}

absl::StatusOr<std::string> AssemblyText(const Artifact& artifact, const Options& o) {
  LATHE_ASSIGN_OR_RETURN(std::string symbol, FindKernel(artifact.manifest(), o.assembly));
  LATHE_ASSIGN_OR_RETURN(std::vector<const artifact::Code*> codes,
                         CodeOfLevel(artifact.manifest(), o.level));
  std::string out;
  for (const artifact::Code* code : codes) {
    LATHE_ASSIGN_OR_RETURN(std::string text, KernelAssembly(artifact, *code, symbol));
    absl::StrAppend(&out, "; ", code->feature_level(), "\n", MarkHotLoops(text));
  }
  return out;
}

absl::StatusOr<std::string> LlvmText(const Artifact& artifact, const Options& o) {
  LATHE_ASSIGN_OR_RETURN(std::string symbol, FindKernel(artifact.manifest(), o.llvm));
  LATHE_ASSIGN_OR_RETURN(std::vector<const artifact::Code*> codes,
                         CodeOfLevel(artifact.manifest(), o.level));
  std::string out;
  LATHE_ASSIGN_OR_RETURN(std::vector<CpuObject> objects, CompileAgain(artifact, codes, symbol));
  for (size_t i = 0; i < codes.size(); ++i)
    absl::StrAppend(&out, "; ", codes[i]->feature_level(), "\n", objects[i].llvm_ir);
  return out;
}

absl::StatusOr<std::string> PhaseText(const Artifact& artifact, const std::string& phase,
                                      const Options& o) {
  if (!o.dispatch.empty()) return DispatchIr(artifact, phase, o.dispatch, o.level);
  LATHE_ASSIGN_OR_RETURN(absl::string_view text, IrSection(artifact, phase));
  return o.verbosity > 0 ? std::string(text) : WithoutLocations(text);
}

absl::StatusOr<std::string> IrText(const Artifact& artifact, const Options& o) {
  if (o.ir != "all") return PhaseText(artifact, o.ir, o);
  std::vector<std::string> phases = PhasesOf(artifact.manifest());
  // The error of a phase that is not there names those that are: none.
  if (phases.empty()) return PhaseText(artifact, o.ir, o);
  std::string out;
  for (const std::string& phase : phases) {
    LATHE_ASSIGN_OR_RETURN(std::string text, PhaseText(artifact, phase, o));
    absl::StrAppend(&out, "// ---- after phase ", phase, "\n", text);
  }
  return out;
}

// What costs are shown for: a step that decodes and one that reads, unless the flags say.
absl::StatusOr<std::vector<StepSizes>> ExampleSteps(const artifact::Manifest& manifest,
                                                    const Options& o) {
  std::vector<StepSizes> steps;
  LATHE_ASSIGN_OR_RETURN(StepSizes given, ReadStepSizes(manifest, o.symbols), "--symbol");
  steps.push_back(std::move(given));
  const auto& known = manifest.symbols();
  const bool has_tokens = std::find(known.begin(), known.end(), "tokens") != known.end();
  if (o.symbols.empty() && has_tokens) {
    LATHE_ASSIGN_OR_RETURN(StepSizes prompt, ReadStepSizes(manifest, {"tokens=512"}));
    steps.push_back(std::move(prompt));
  }
  return steps;
}

// Tile, inner loops and size of one kernel at each level.
absl::StatusOr<std::string> CodeText(const Artifact& artifact, const std::string& symbol,
                                     const std::string& dispatch, const Options& o) {
  LATHE_ASSIGN_OR_RETURN(std::vector<const artifact::Code*> codes,
                         CodeOfLevel(artifact.manifest(), o.level));
  std::string out;
  // Without IR there is neither a tile to tell nor code to compile.
  const std::map<std::string, DispatchTile> tiles =
      TilesOfDispatch(artifact, dispatch).value_or(std::map<std::string, DispatchTile>());
  const absl::StatusOr<std::vector<CpuObject>> objects = CompileAgain(artifact, codes, symbol);
  for (size_t i = 0; i < codes.size(); ++i) {
    const artifact::Code* code = codes[i];
    absl::StrAppend(&out, "  ", code->feature_level());
    if (objects.ok()) {
      LATHE_ASSIGN_OR_RETURN(uint64_t bytes, InstructionBytes((*objects)[i]));
      absl::StrAppend(&out, ": ", bytes, " bytes of instructions");
    }
    LATHE_ASSIGN_OR_RETURN(std::string assembly, KernelAssembly(artifact, *code, symbol));
    if (const auto tile = tiles.find(code->feature_level()); tile != tiles.end()) {
      absl::StrAppend(&out, "; tile ", TilingText(tile->second.tiling), "\n");
      for (const std::string& reason : tile->second.reasons)
        absl::StrAppend(&out, "    ", reason, "\n");
      absl::StrAppend(&out, "    inner loops:\n");
    } else {
      absl::StrAppend(&out, "; inner loops:\n");
    }
    for (const HotLoop& loop : FindHotLoops(assembly))
      absl::StrAppend(&out, "    ", loop.function, ": ", CountsText(loop.counts), "\n");
  }
  return out;
}

absl::StatusOr<std::string> DispatchText(const Artifact& artifact, const Options& o,
                                         const std::optional<Machine>& machine) {
  const artifact::Manifest& manifest = artifact.manifest();
  LATHE_ASSIGN_OR_RETURN(std::string symbol, FindKernel(manifest, o.dispatch));
  LATHE_ASSIGN_OR_RETURN(std::vector<StepSizes> steps, ExampleSteps(manifest, o));
  std::string out;
  for (const artifact::Program& program : manifest.programs()) {
    std::vector<const artifact::Command*> users;
    const artifact::Command* shown = nullptr;
    for (const artifact::Command& command : program.commands()) {
      if (program.kernels(static_cast<int>(command.kernel())).symbol() != symbol) continue;
      users.push_back(&command);
      if (command.name() == o.dispatch) shown = &command;
    }
    if (users.empty()) continue;
    // Asked for by its kernel: any of those that share it.
    if (shown == nullptr) shown = users.front();
    LATHE_ASSIGN_OR_RETURN(std::string cost, CostText(manifest, program, *shown, steps, machine));
    LATHE_ASSIGN_OR_RETURN(std::string code, CodeText(artifact, symbol, shown->name(), o));
    absl::StrAppend(&out, "dispatch ", shown->name(), ", entry ", program.entry(), " for ",
                    program.target(), "\n  kernel   ", symbol, ", which ", users.size(),
                    users.size() == 1 ? " dispatch runs\n" : " dispatches run\n", cost);
    for (const std::string& note : shown->notes()) absl::StrAppend(&out, "  why      ", note, "\n");
    absl::StrAppend(&out, code);
  }
  return out;
}

absl::StatusOr<std::string> DispatchesText(const Artifact& artifact, const Options& o,
                                           const std::optional<Machine>& machine) {
  LATHE_ASSIGN_OR_RETURN(std::vector<StepSizes> steps, ExampleSteps(artifact.manifest(), o));
  std::string out;
  for (const artifact::Program& program : artifact.manifest().programs()) {
    for (const StepSizes& sizes : steps) {
      LATHE_ASSIGN_OR_RETURN(std::string table, DispatchTable(program, sizes, machine));
      absl::StrAppend(&out, table);
    }
  }
  return out;
}

// Appends what `text` computes, or returns its error under the artifact's name.
absl::Status AppendOr(const absl::StatusOr<std::string>& text, const Options& o, std::string& out) {
  LATHE_RETURN_IF_ERROR(text.status(), o.artifact);
  absl::StrAppend(&out, *text);
  return absl::OkStatus();
}

absl::Status Run(const Options& o) {
  LATHE_ASSIGN_OR_RETURN(Artifact artifact, Artifact::Open(o.artifact));
  std::optional<Machine> machine;
  if (!o.limits.empty()) {
    LATHE_ASSIGN_OR_RETURN(Roofline limits,
                           ReadMachineLimits(o.limits, static_cast<int>(o.threads)), "--limits");
    machine = {limits, o.level.empty() ? PredictedLevel(artifact.manifest(), limits) : o.level};
  }
  std::string out;
  if (o.verify) {
    LATHE_RETURN_IF_ERROR(artifact.VerifyAll());
    absl::StrAppend(&out, o.artifact, ": every checksum is right\n");
  }
  if (!o.ir.empty()) LATHE_RETURN_IF_ERROR(AppendOr(IrText(artifact, o), o, out));
  if (!o.llvm.empty()) LATHE_RETURN_IF_ERROR(AppendOr(LlvmText(artifact, o), o, out));
  if (!o.assembly.empty()) LATHE_RETURN_IF_ERROR(AppendOr(AssemblyText(artifact, o), o, out));
  if (!o.dispatch.empty() && o.ir.empty())
    LATHE_RETURN_IF_ERROR(AppendOr(DispatchText(artifact, o, machine), o, out));
  if (o.tuning) {
    LATHE_ASSIGN_OR_RETURN(std::vector<TuningRule> rules, TilesInForce(artifact, o.level),
                           o.artifact);
    absl::StrAppend(&out, TuningText(rules));
  }
  if (o.dispatches) LATHE_RETURN_IF_ERROR(AppendOr(DispatchesText(artifact, o, machine), o, out));
  if (o.program) {
    for (const artifact::Program& program : artifact.manifest().programs()) {
      absl::StrAppend(&out, ProgramText(artifact.manifest(), program, o.verbosity > 0));
    }
  }
  if (o.quantization) {
    const auto& weights = artifact.manifest().weights();
    std::string text = QuantizationText({weights.begin(), weights.end()}, SIZE_MAX);
    absl::StrAppend(&out, text.empty() ? "no weight is stored as int8 or int4\n" : text);
  }
  if (o.memory) absl::StrAppend(&out, MemoryText(artifact.manifest()));
  return WriteStdout(out.empty() ? SummaryText(artifact) : out);
}

}  // namespace

int InspectCommand(absl::Span<const std::string> args) {
  Options options;
  FlagTable flags = Declare(options);
  return RunWithFlags("lathe inspect", flags, args,
                      [&] { return ReportStatus("lathe inspect", Run(options)); });
}

}  // namespace lathe
