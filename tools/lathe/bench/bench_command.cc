// lathe bench: how fast a model, one dispatch or the machine itself is.
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "compiler/pipeline/compile.h"
#include "compiler/problem/problem.h"
#include "runtime/artifact/artifact_reader.h"
#include "runtime/base/atomic_file.h"
#include "runtime/base/cpu_count.h"
#include "runtime/base/mapped_file.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/strings.h"
#include "tools/common/command.h"
#include "tools/common/flags.h"
#include "tools/common/standard_output.h"
#include "tools/common/symbol_sizes.h"
#include "tools/lathe/bench/dispatch_bench.h"
#include "tools/lathe/bench/limits_bench.h"
#include "tools/lathe/bench/model_bench.h"
#include "tools/lathe/bench/report.h"
#include "tools/lathe/commands.h"
#include "tools/lathe/inspect/ir_text.h"

namespace lathe {
namespace {

struct Options {
  std::string subject;
  std::string second;
  std::string dispatch;
  bool dispatches = false;
  std::vector<std::string> symbols;
  std::string threads;
  std::string level;
  int64_t repeat = 0;
  std::string clock = "wall";
  std::optional<bool> cold;
  bool check = true;
  std::string tolerance;
  int64_t seed = 1;
  bool limits = false;
  int64_t read_mib = 1024;
  std::optional<std::string> prefill;
  std::string batch = "1,8";
  int64_t steps = 8;
  int64_t context = 64;
  std::string json;
  bool compare = false;
};

void DeclareDispatch(Options& o, FlagTable& flags) {
  flags.Group("One dispatch");
  flags.String("dispatch", &o.dispatch, {.form = "NAME", .absent = "the whole model"},
               "of an artifact: a name of lathe inspect --program, or the end of one "
               "(mlp.down_proj is the first layer's)");
  flags.Bool("dispatches", &o.dispatches,
             "every different dispatch of an artifact, a line each; --symbol goes to those that "
             "have it");
  flags.StringList("symbol", &o.symbols, {.form = "NAME=N", .absent = "those of lathe.example"},
                   "size of the step: tokens, sequences, logit_rows, cached_keys (keys of all "
                   "sequences together)");
  flags.OptionalBool("cold", &o.cold,
                     "weights and caches come from memory: as many copies take turns as exceed "
                     "the caches; the default where reading decides (few rows)");
  flags.Bool("check", &o.check, "compare with the interpreter on the same random numbers first");
  flags.String("tolerance", &o.tolerance,
               {.form = "T", .absent = "0.0001, or 0.02 with weights or caches below f32"},
               "largest error that --check accepts, as a share of the largest number");
}

FlagTable Declare(Options& o) {
  FlagTable flags(
      "lathe bench", "ARTIFACT|PROBLEM.mlir|A.json B.json [flags]",
      "Measures a whole model (ARTIFACT), one dispatch of it (--dispatch, or a problem file of "
      "lathe compile --dump-dir), or the machine alone (--limits). Limits of the machine are "
      "measured in the same run and stand beside what was reached. Times are medians; on a machine "
      "that does other work too, --clock=cpu counts only our own.");
  flags.OptionalPositional("ARTIFACT", &o.subject,
                           "file made by lathe compile, a problem file (.mlir), or with --compare "
                           "the first report");
  flags.OptionalPositional("SECOND", &o.second, "the second report of --compare");
  flags.Bool("limits", &o.limits,
             "measure read bandwidth and the peaks of f32, int8, bf16 and f16 arithmetic");
  flags.Bool("compare", &o.compare, "print the ratio of each number of two reports of --json");
  flags.String("json", &o.json, {.form = "FILE", .absent = "none"},
               "also write the report as JSON, for --compare and for --limits of other commands");
  DeclareDispatch(o, flags);
  flags.Group("A whole model");
  flags.OptionalString("prefill", &o.prefill,
                       {.form = "LIST", .absent = "128,512 as far as the context reaches"},
                       "lengths of prompts in tokens; \"\": none");
  flags.String("batch", &o.batch, {.form = "LIST"}, "sequences decoded at once; \"\": none");
  flags.Int("steps", &o.steps, {.unit = "steps", .min = 1, .max = 100000},
            "decode steps in each of --repeat groups, between which limits are measured");
  flags.Int("context", &o.context, {.unit = "tokens", .min = 1, .max = 1 << 20},
            "tokens of each sequence before decode begins");
  flags.Group("How");
  flags.String("threads", &o.threads, {.form = "LIST", .absent = "one for each processor"},
               "numbers of threads, with commas between; a dispatch takes one number");
  flags.String("level", &o.level, {.form = "LEVEL", .absent = "what the CPU has"},
               "feature level: x86-64-v3, x86-64-v4, x86-64-v4-bf16");
  flags.Int("repeat", &o.repeat, {.unit = "times", .min = 0, .max = 100000},
            "samples for each median; 0: 9 for a dispatch, else 5");
  flags.Choice("clock", &o.clock, {"wall", "cpu"},
               "rates and shares by wall time, or by CPU time divided by the threads");
  flags.Int("read-mib", &o.read_mib, {.unit = "MiB", .min = 1, .max = 1 << 20},
            "memory that is read to measure its bandwidth");
  flags.Int("seed", &o.seed, {.min = 0}, "of all random numbers");
  flags.Example("lathe bench --limits --threads=1,2 --json=limits.json", "what the machine can do");
  flags.Example("lathe bench q.lathe --prefill=128,512 --batch=1,8 --threads=1",
                "tokens per second beside the limits");
  flags.Example("lathe bench q.lathe --dispatch=mlp.down_proj --symbol tokens=512",
                "one dispatch as in prefill: checked, then timed");
  flags.Example("lathe bench q.lathe --dispatches --threads=1 --json=before.json",
                "every kernel at one row: which is farthest from its limit?");
  flags.Example("lathe bench dumps/dispatches/lm_head/problem.mlir --threads=1",
                "a problem file, perhaps after an edit");
  flags.Example("lathe bench --compare before.json after.json", "what a change did");
  return flags;
}

absl::StatusOr<std::vector<int64_t>> ParseList(absl::string_view flag, absl::string_view text,
                                               int64_t max) {
  std::vector<int64_t> values;
  for (absl::string_view word : absl::StrSplit(text, ',', absl::SkipEmpty())) {
    int64_t value = 0;
    if (!absl::SimpleAtoi(word, &value) || value < 1 || value > max) {
      return absl::InvalidArgumentError(absl::StrCat("--", flag, ": ", Quoted(word),
                                                     " is no whole number from 1 to ", max,
                                                     " (several with commas between)"));
    }
    values.push_back(value);
  }
  return values;
}

// What the command line asks for, in the terms of the benchmarks.
struct Request {
  std::vector<int> threads;
  SymbolValues symbols;
  std::optional<double> tolerance;
  Clock clock = Clock::kWall;
  std::optional<std::vector<int64_t>> prefill;
  std::vector<int64_t> batch;
};

bool IsProblemFile(absl::string_view path) { return absl::EndsWith(path, ".mlir"); }

// Whether dispatches are measured, and not the whole model.
bool IsAboutDispatches(const Options& o) {
  return IsProblemFile(o.subject) || !o.dispatch.empty() || o.dispatches;
}

// Which words go together. Errors are wrong use.
absl::Status CheckWords(const Options& o, const Request& request) {
  const bool is_dispatch = IsAboutDispatches(o);
  if (o.compare) {
    if (!o.subject.empty() && !o.second.empty()) return absl::OkStatus();
    return absl::InvalidArgumentError("--compare takes two reports that --json wrote");
  }
  if (!o.second.empty())
    return absl::InvalidArgumentError(
        absl::StrCat("unexpected word ", Quoted(o.second), "; two files go with --compare"));
  if (o.limits && !o.subject.empty())
    return absl::InvalidArgumentError("--limits measures the machine and takes no file");
  if (!o.limits && o.subject.empty())
    return absl::InvalidArgumentError(
        "what is to be measured? An artifact, a problem file, or "
        "--limits for the machine; see `lathe bench --help`");
  if (IsProblemFile(o.subject) && (!o.dispatch.empty() || o.dispatches))
    return absl::InvalidArgumentError(
        "--dispatch and --dispatches go with an artifact; a problem file has one");
  if (!o.dispatch.empty() && o.dispatches)
    return absl::InvalidArgumentError("--dispatch names one, --dispatches means all: give one");
  if (!is_dispatch && !o.symbols.empty())
    return absl::InvalidArgumentError(
        "--symbol goes with --dispatch, --dispatches or a problem file");
  if (is_dispatch && request.threads.size() != 1)
    return absl::InvalidArgumentError("--threads: a dispatch is measured with one number");
  return absl::OkStatus();
}

absl::StatusOr<Request> ParseRequest(const Options& o) {
  Request request;
  LATHE_ASSIGN_OR_RETURN(std::vector<int64_t> threads, ParseList("threads", o.threads, 1024));
  for (int64_t count : threads) request.threads.push_back(static_cast<int>(count));
  if (request.threads.empty()) request.threads.push_back(AvailableCpus());
  LATHE_ASSIGN_OR_RETURN(request.symbols, ParseSymbolSizes(o.symbols), "--symbol");
  if (!o.tolerance.empty()) {
    double value = 0;
    if (!absl::SimpleAtod(o.tolerance, &value) || !(value >= 0)) {
      return absl::InvalidArgumentError(
          absl::StrCat("--tolerance: ", Quoted(o.tolerance), " is no number from 0 on"));
    }
    request.tolerance = value;
  }
  request.clock = o.clock == "cpu" ? Clock::kCpu : Clock::kWall;
  if (o.prefill) {
    LATHE_ASSIGN_OR_RETURN(request.prefill, ParseList("prefill", *o.prefill, 1 << 20));
  }
  LATHE_ASSIGN_OR_RETURN(request.batch, ParseList("batch", o.batch, 4096));
  LATHE_RETURN_IF_ERROR(CheckWords(o, request));
  return request;
}

// Problems, and the module or context in which they live.
struct Subjects {
  IrModule home;
  std::vector<Problem> problems;
};

absl::StatusOr<Subjects> ProblemOfFile(const std::string& path) {
  mlir::DialectRegistry registry;
  RegisterCompilerDialects(registry);
  Subjects subjects;
  subjects.home.context =
      std::make_unique<mlir::MLIRContext>(registry, mlir::MLIRContext::Threading::DISABLED);
  LATHE_ASSIGN_OR_RETURN(auto module, ReadModule(subjects.home.context.get(), path));
  subjects.problems.push_back({path, {path}, std::move(module)});
  return subjects;
}

// Of the planned module, in which the names of dispatches carry the layer.
absl::StatusOr<Subjects> ProblemsOfArtifact(const Options& o) {
  LATHE_ASSIGN_OR_RETURN(Artifact artifact, Artifact::Open(o.subject));
  Subjects subjects;
  LATHE_ASSIGN_OR_RETURN(subjects.home, ParseIr(artifact, "plan"), o.subject);
  if (o.dispatches) {
    LATHE_ASSIGN_OR_RETURN(subjects.problems, ExtractProblems(*subjects.home.module), o.subject);
    return subjects;
  }
  LATHE_ASSIGN_OR_RETURN(Problem problem, ExtractProblem(*subjects.home.module, o.dispatch),
                         o.subject);
  subjects.problems.push_back(std::move(problem));
  return subjects;
}

// Of all dispatches each takes the symbols that it has; one alone must have all.
absl::StatusOr<SymbolValues> SymbolsFor(const Problem& problem, const Options& o,
                                        const Request& request) {
  if (!o.dispatches) return request.symbols;
  LATHE_ASSIGN_OR_RETURN(SymbolValues symbols, ExampleSymbols(*problem.module));
  for (auto& [name, value] : symbols) {
    if (auto given = request.symbols.find(name); given != request.symbols.end())
      value = given->second;
  }
  return symbols;
}

absl::Status RunDispatches(const Options& o, const Request& request, Report& report) {
  LATHE_ASSIGN_OR_RETURN(Subjects subjects, IsProblemFile(o.subject) ? ProblemOfFile(o.subject)
                                                                     : ProblemsOfArtifact(o));
  subjects.home.context->loadAllAvailableDialects();
  DispatchBenchOptions options;
  options.level = o.level;
  options.threads = request.threads.front();
  if (o.repeat > 0) options.repeat = static_cast<int>(o.repeat);
  options.cold = o.cold;
  options.check = o.check;
  options.tolerance = request.tolerance;
  options.clock = request.clock;
  options.seed = static_cast<uint64_t>(o.seed);
  LATHE_ASSIGN_OR_RETURN(
      std::unique_ptr<LimitProbes> probes,
      LimitProbes::Create(
          {.threads = options.threads, .level = o.level, .read_bytes = o.read_mib << 20}));
  for (const Problem& problem : subjects.problems) {
    LATHE_ASSIGN_OR_RETURN(options.symbols, SymbolsFor(problem, o, request), problem.name);
    LATHE_RETURN_IF_ERROR(BenchDispatch(*problem.module, options, *probes, report), problem.name);
  }
  return absl::OkStatus();
}

absl::Status RunModel(const Options& o, const Request& request, Report& report) {
  ModelBenchOptions options;
  options.prefill = request.prefill;
  options.batch = request.batch;
  options.threads = request.threads;
  options.level = o.level;
  if (o.repeat > 0) options.repeat = static_cast<int>(o.repeat);
  options.decode_steps = o.steps;
  options.context = o.context;
  options.read_bytes = o.read_mib << 20;
  options.clock = request.clock;
  options.seed = static_cast<uint64_t>(o.seed);
  return BenchModel(o.subject, options, report);
}

absl::Status RunLimits(const Options& o, const Request& request, Report& report) {
  LimitsBenchOptions options;
  options.threads = request.threads;
  options.level = o.level;
  if (o.repeat > 0) options.repeat = static_cast<int>(o.repeat);
  options.read_bytes = o.read_mib << 20;
  options.clock = request.clock;
  return BenchLimits(options, report);
}

absl::Status RunCompare(const Options& o) {
  std::vector<Report> reports;
  for (const std::string& path : {o.subject, o.second}) {
    LATHE_ASSIGN_OR_RETURN(std::string text, ReadFile(path));
    LATHE_ASSIGN_OR_RETURN(Report report, Report::FromJson(text, path));
    reports.push_back(std::move(report));
  }
  return WriteStdout(CompareText(reports[0], reports[1]));
}

absl::Status Run(const Options& o, const Request& request) {
  if (o.compare) return RunCompare(o);
  Report report;
  if (o.limits) {
    LATHE_RETURN_IF_ERROR(RunLimits(o, request, report));
  } else if (IsAboutDispatches(o)) {
    LATHE_RETURN_IF_ERROR(RunDispatches(o, request, report));
  } else {
    LATHE_RETURN_IF_ERROR(RunModel(o, request, report));
  }
  if (!o.json.empty()) LATHE_RETURN_IF_ERROR(WriteFileAtomically(o.json, report.Json()));
  return WriteStdout(report.Text());
}

}  // namespace

int BenchCommand(absl::Span<const std::string> args) {
  Options options;
  FlagTable flags = Declare(options);
  return RunWithFlags("lathe bench", flags, args, [&] {
    const absl::StatusOr<Request> request = ParseRequest(options);
    if (!request.ok()) return ReportWrongUse("lathe bench", request.status());
    return ReportStatus("lathe bench", Run(options, *request));
  });
}

}  // namespace lathe
