// lathe compile: model folder -> artifact.
#include <cstdint>
#include <cstdio>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "compiler/pipeline/compile.h"
#include "compiler/target/target.h"
#include "runtime/artifact/quantization_text.h"
#include "runtime/base/cpu_count.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/strings.h"
#include "tools/common/command.h"
#include "tools/common/flags.h"
#include "tools/common/progress_line.h"
#include "tools/common/standard_output.h"
#include "tools/lathe/commands.h"
#include "tools/lathe/load_model.h"
#include "tools/lathe/storage_flags.h"
#include "tools/lathe/tuning_file.h"

namespace lathe {
namespace {

struct Options {
  LoadOptions load;
  std::string output;
  std::string targets = "cpu";
  StorageFlags storage;
  bool allow_unused = false;
  bool keep_ir = true;
  std::string tuning;
  std::string dump_dir;
  std::string module;
  std::string start_from;
  std::string stop_after;
  int64_t threads = 0;
  int verbosity = 0;
};

FlagTable Declare(Options& o) {
  FlagTable flags("lathe compile", "FOLDER -o ARTIFACT [flags]",
                  "Compiles a Hugging Face model folder (config.json, safetensors, tokenizer.json) "
                  "into one artifact that lathe-run "
                  "executes. Needs neither a GPU nor a network. The same input gives the same "
                  "bytes; nothing is written under the "
                  "artifact's name unless all of it succeeded.");
  flags.Positional("FOLDER", &o.load.folder, "model folder");
  flags.String(
      "output", &o.output,
      {.form = "FILE", .letter = 'o', .absent = "FOLDER's name with .lathe, in the current folder"},
      "the artifact to write");
  flags.Group("What is compiled");
  flags.String("target", &o.targets, {.form = "LIST"},
               "machines to compile for, with commas between: cpu, cuda:sm_90a");
  flags.Bool("probes", &o.load.probes,
             "also return every layer's input, for comparisons (lathe-run run --dump-tensors)");
  flags.String("cases", &o.load.cases,
               {.form = "FILE", .absent = "FOLDER/cases.json where there is one"},
               "test cases to put inside, for lathe-run run --check: a JSON list of {name, "
               "prompt_ids, greedy_ids}");
  flags.StringList("ignore-config-key", &o.load.ignored_config_keys, {.form = "KEY"},
                   "treat a key of config.json or generation_config.json as absent");
  flags.Bool("allow-unused", &o.allow_unused, "tensors that the model does not use are no error");
  flags.Group("How weights are stored");
  DeclareStorageFlags(o.storage, flags);
  flags.Group("Tuning and looking inside");
  flags.String(
      "tuning", &o.tuning, {.form = "FILE", .absent = "tiles by the target's description"},
      "force tiles of kernels: a JSON list of {\"dispatch\": \"model.layers.*.mlp.down_proj\", "
      "\"level\": \"x86-64-v4\", \"rows\": 8, ...}. lathe inspect ARTIFACT --tuning prints "
      "what is in force in that form; docs/tuning.md tells what the numbers are");
  flags.String("dump-dir", &o.dump_dir, {.form = "DIR", .absent = "no dumps"},
               "write the module after each phase and, in dispatches/, a folder for each kind of "
               "dispatch: a problem that lathe bench runs alone, kernel, LLVM IR, assembly");
  flags.String("stop-after", &o.stop_after, {.form = "PHASE", .absent = "emit"},
               absl::StrCat("last phase: ", PhaseNames()));
  flags.String("start-from", &o.start_from, {.form = "PHASE", .absent = "normalize"},
               "first phase; with --module, the phase after the one whose dump it is");
  flags.String("module", &o.module, {.form = "FILE", .absent = "built from config.json"},
               "an edited dump to compile instead of the module that FOLDER's configuration gives");
  flags.Bool("keep-ir", &o.keep_ir,
             "keep the module of each phase in the artifact, for lathe inspect --ir");
  flags.Group("How");
  flags.Int("threads", &o.threads, {.unit = "threads", .min = 0, .max = 1024},
            "0: one for each processor");
  flags.Verbosity(&o.verbosity, {"phases with times; the error of every quantised tensor"});
  flags.Example("lathe compile Qwen3-0.6B -o q.lathe", "for CPUs, as the checkpoint stores it");
  flags.Example("lathe compile Qwen3-0.6B -o q4.lathe --weights=int4",
                "a third of the size; the report says what each tensor lost");
  flags.Example("lathe compile Qwen3-0.6B -o q.lathe --dump-dir=dumps", "look at every phase");
  flags.Example("lathe compile Qwen3-0.6B -o q.lathe --tuning=tiles.json",
                "with other tiles than the description of the machine gives");
  flags.Example(
      "lathe compile Qwen3-0.6B -o q.lathe --module=dumps/3.fuse.mlir --start-from=select",
      "after an edit");
  return flags;
}

// Tensors whose quantisation error is told without -v.
constexpr size_t kWorstTensors = 5;

void Say(const std::string& line) { WriteStderr(line + "\n"); }

// What the command line alone decides, before any file is read. Errors are wrong use.
absl::StatusOr<CompileOptions> ToCompileOptions(const Options& o,
                                                absl::Span<const std::string> args) {
  CompileOptions options;
  options.targets = absl::StrSplit(o.targets, ',', absl::SkipEmpty());
  if (options.targets.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("--target: names no machine, expected some of ",
                                                   absl::StrJoin(TargetNames(), ", ")));
  }
  for (const std::string& name : options.targets) {
    LATHE_RETURN_IF_ERROR(FindTarget(name).status(), "--target");
  }
  options.threads = o.threads > 0 ? static_cast<int>(o.threads) : AvailableCpus();
  if (!o.start_from.empty()) {
    LATHE_ASSIGN_OR_RETURN(options.start_from, ParsePhase(o.start_from), "--start-from");
  }
  if (!o.stop_after.empty()) {
    LATHE_ASSIGN_OR_RETURN(options.stop_after, ParsePhase(o.stop_after), "--stop-after");
  }
  if (options.start_from && options.stop_after && *options.start_from > *options.stop_after) {
    return absl::InvalidArgumentError(
        absl::StrCat("--start-from=", o.start_from, " comes after --stop-after=", o.stop_after,
                     ", so no phase would run; the order is ", PhaseNames()));
  }
  if (!o.tuning.empty() && options.start_from && *options.start_from > Phase::kSelect) {
    return absl::InvalidArgumentError(
        absl::StrCat("--tuning works in phase select, which --start-from=", o.start_from,
                     " leaves out; start from select, or edit the attribute tiles in the dump"));
  }
  LATHE_ASSIGN_OR_RETURN(options.storage, ToStoragePolicy(o.storage));
  options.dump_dir = o.dump_dir;
  options.keep_ir = o.keep_ir;
  options.command_line = absl::StrCat("lathe compile ", absl::StrJoin(args, " "));
  if (o.verbosity > 0) {
    options.on_phase = [](Phase phase, double seconds) {
      std::fprintf(stderr, "%-10s %8.3f s\n", std::string(PhaseName(phase)).c_str(), seconds);
    };
  }
  return options;
}

// The flags that shape the artifact, in one order and without paths: part of its identity.
std::string CanonicalOptions(const Options& o, const CompileOptions& compile) {
  std::string storage = CanonicalFlags(compile.storage);
  std::string tuning = CanonicalTuning(compile.tuning);
  return absl::StrCat("--target=", absl::StrJoin(compile.targets, ","),
                      " --precision=", compile.storage.precision, storage.empty() ? "" : " ",
                      storage, o.load.probes ? " --probes" : "", tuning.empty() ? "" : " ", tuning);
}

// Said before the work and not after it.
absl::Status CheckOutput(const std::string& path) {
  std::filesystem::path folder = std::filesystem::path(path).parent_path();
  std::error_code ignored;
  if (folder.empty() || std::filesystem::is_directory(folder, ignored)) return absl::OkStatus();
  return absl::NotFoundError(absl::StrCat("cannot write ", path, ": there is no folder ",
                                          folder.string(), "; make it first"));
}

absl::Status Run(Options o, CompileOptions options) {
  LATHE_RETURN_IF_ERROR(CheckOutput(o.output));
  if (!o.tuning.empty()) {
    LATHE_ASSIGN_OR_RETURN(options.tuning, ReadTuning(o.tuning), "--tuning");
    options.on_tuning = [](const TuningReport& report) { Say(ReportText(report)); };
  }
  LATHE_ASSIGN_OR_RETURN(LoadedModel loaded, LoadModel(o.load));
  for (const std::string& warning : loaded.warnings) Say("warning: " + warning);
  CheckReport report = CheckModel(loaded, o.allow_unused, /*scan_values=*/false, 1);
  LATHE_RETURN_IF_ERROR(ToStatus(report), o.load.folder);
  for (const CheckProblem& warning : report.warnings)
    Say(absl::StrCat("warning: ", warning.tensor, ": ", warning.text));
  LATHE_ASSIGN_OR_RETURN(Attachments attachments, LoadAttachments(o.load, loaded));
  if (o.output.empty()) o.output = attachments.model_name + ".lathe";
  options.storage = ResolvePrecision(o.storage, options.storage, *loaded.checkpoint);
  options.reproducer = o.output + ".reproducer.mlir";
  if (!o.module.empty()) {
    LATHE_ASSIGN_OR_RETURN(loaded.model.module, ReadModule(loaded.context.get(), o.module));
  }
  attachments.options = CanonicalOptions(o, options);
  CompileReport compiled;
  {
    ProgressLine progress("packing weights");
    options.on_weights = [&](uint64_t done, uint64_t total) { progress.Update(done, total); };
    LATHE_ASSIGN_OR_RETURN(compiled, Compile(*loaded.model.module, *loaded.tensors,
                                             std::move(attachments), options, o.output));
  }
  if (!compiled.emitted) return absl::OkStatus();
  const EmitReport& emitted = *compiled.emitted;
  if (o.verbosity > 0) {
    // The two halves of phase emit.
    std::fprintf(stderr, "%-10s %8.3f s\n%-10s %8.3f s\n", "kernels", emitted.kernels_s, "weights",
                 emitted.weights_s);
  }
  Say(absl::StrCat(
      "wrote ", o.output, ": ", HumanBytes(emitted.artifact_bytes), " (weights ",
      HumanBytes(emitted.weight_bytes), ", ",
      options.storage.weights.empty() ? options.storage.precision : options.storage.weights, "), ",
      emitted.num_commands, " launches a step, ", emitted.num_kernels, " kernels"));
  WriteStderr(QuantizationText(emitted.weights, o.verbosity > 0 ? SIZE_MAX : kWorstTensors));
  return absl::OkStatus();
}

}  // namespace

int CompileCommand(absl::Span<const std::string> args) {
  Options options;
  FlagTable flags = Declare(options);
  return RunWithFlags("lathe compile", flags, args, [&] {
    absl::StatusOr<CompileOptions> compile = ToCompileOptions(options, args);
    if (!compile.ok()) return ReportWrongUse("lathe compile", compile.status());
    return ReportStatus("lathe compile", Run(std::move(options), *std::move(compile)));
  });
}

}  // namespace lathe
