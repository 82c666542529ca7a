// op-fuzz: random graphs through the compiler (test/README.md).
#include <chrono>
#include <iostream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "compiler/pipeline/compile.h"
#include "ops/dialect.h"
#include "runtime/base/status_macros.h"
#include "test/op_fuzz/context.h"
#include "test/op_fuzz/generate.h"
#include "test/op_fuzz/isolate.h"
#include "test/op_fuzz/lit_text.h"
#include "test/op_fuzz/planted_fault.h"
#include "test/op_fuzz/shrink.h"
#include "tools/common/command.h"

namespace lathe::op_fuzz {
namespace {

struct RunFlags {
  int64_t start = 0;
  int64_t seeds = 100;
  int64_t compile_every = 4;
  int64_t most_findings = 5;
  bool shrinks = true;
  bool plants = false;
};

constexpr int kMostTries = 2000;

// Prints the finding as a test.
void Report(const Case& found, const Verdict& verdict, const RunFlags& flags) {
  const Plant plant = flags.plants ? PlantFault : Plant();
  auto still_fails = [&](mlir::ModuleOp module, const CaseRun& run) {
    Verdict now = CheckIsolated(module, run, plant);
    return now.kind == verdict.kind && now.stage == verdict.stage;
  };
  Case small = Shrink(*found.module, found.run, still_fails, flags.shrinks ? kMostTries : 0);
  const Verdict last = CheckIsolated(*small.module, small.run, plant);
  std::cout << "// ---- seed " << found.run.seed << ": " << NumOps(*found.module)
            << " ops, shrunk to " << NumOps(*small.module) << "\n"
            << LitTest(*small.module, small.run, last, flags.plants ? " --plant" : "")
            << std::flush;
}

int RunSeeds(const RunFlags& flags) {
  int64_t findings = 0;
  int64_t useless = 0;
  int64_t compiled = 0;
  for (int64_t seed = flags.start; seed < flags.start + flags.seeds; ++seed) {
    FuzzContext context;
    const bool compiles = seed % flags.compile_every == 0;
    Case made = GenerateCase(context.get(), static_cast<uint64_t>(seed), compiles);
    const Verdict verdict =
        CheckIsolated(*made.module, made.run, flags.plants ? PlantFault : Plant());
    compiled += compiles ? 1 : 0;
    useless += verdict.kind == Verdict::Kind::kUseless ? 1 : 0;
    if (!verdict.is_finding()) continue;
    Report(made, verdict, flags);
    if (++findings == flags.most_findings) break;
  }
  std::cout << "// " << flags.seeds << " seeds from " << flags.start << ", " << compiled
            << " of them compiled, " << useless << " without a verdict, " << findings
            << " findings\n";
  return findings == 0 ? kExitDone : kExitInputFault;
}

int RunCommand(absl::Span<const std::string> args) {
  RunFlags run;
  FlagTable flags("op-fuzz run", "[flags]",
                  "Generates graphs and checks that they mean the same at every stage of the "
                  "compiler. Each finding is printed as a lit test.");
  flags.Int("start", &run.start, {.min = 0}, "the first seed");
  flags.Int("seeds", &run.seeds, {.min = 1}, "how many");
  flags.Int("compile-every", &run.compile_every, {.unit = "seeds", .min = 1},
            "one of so many is compiled to machine code and run; the others go through the passes");
  flags.Int("most-findings", &run.most_findings, {.min = 1}, "stop after so many");
  flags.Bool("shrink", &run.shrinks, "make findings smaller, which takes minutes for machine code");
  flags.Bool("plant", &run.plants, "put a fault of its own behind phase normalize");
  return RunWithFlags("op-fuzz run", flags, args, [&] { return RunSeeds(run); });
}

struct CheckFlags {
  std::string file;
  int64_t seed = 0;
  std::string tokens = "3";
  int64_t logit_rows = 2;
  std::string precision = "f32";
  std::string weights;
  bool compiles = true;
  bool plants = false;
};

absl::StatusOr<int> CheckFile(const CheckFlags& flags) {
  FuzzContext context;
  LATHE_ASSIGN_OR_RETURN(mlir::OwningOpRef<mlir::ModuleOp> module,
                         ReadModule(&context.get(), flags.file));
  CaseRun run;
  run.seed = static_cast<uint64_t>(flags.seed);
  run.logit_rows = flags.logit_rows;
  run.precision = flags.precision;
  run.weights = flags.weights;
  run.compiles = flags.compiles;
  run.tokens.clear();
  for (absl::string_view word : absl::StrSplit(flags.tokens, ',')) {
    int64_t count = 0;
    if (!absl::SimpleAtoi(word, &count) || count < 0)
      return absl::InvalidArgumentError(
          absl::StrCat("--tokens: '", word, "' is no number of rows"));
    run.tokens.push_back(count);
  }
  const Verdict verdict = CheckCase(*module, run, flags.plants ? PlantFault : Plant());
  for (const std::string& line : verdict.lines) std::cout << line << "\n";
  if (verdict.kind != Verdict::Kind::kSame) return kExitInputFault;
  std::cout << kGoodEnd << "\n";
  return kExitDone;
}

int CheckCommand(absl::Span<const std::string> args) {
  CheckFlags check;
  FlagTable flags("op-fuzz check", "FILE [flags]",
                  "Checks the module of a file as `op-fuzz run` checks what it makes.");
  flags.Positional("FILE", &check.file, "a module with an entry @step");
  flags.Int("seed", &check.seed, {.min = 0}, "of weights and inputs");
  flags.String("tokens", &check.tokens, {.form = "LIST"}, "rows of each step");
  flags.Int("logit-rows", &check.logit_rows, {.min = 0}, "of each step");
  flags.Choice("precision", &check.precision, {"f32", "bf16"}, "as lathe compile");
  flags.String("weights", &check.weights, {.form = "WORD"}, "as lathe compile");
  flags.Bool("compile", &check.compiles, "go on to machine code");
  flags.Bool("plant", &check.plants, "put a fault of its own behind phase normalize");
  return RunWithFlags("op-fuzz check", flags, args, [&] {
    absl::StatusOr<int> code = CheckFile(check);
    return code.ok() ? *code : ReportStatus("op-fuzz check", code.status());
  });
}

}  // namespace
}  // namespace lathe::op_fuzz

int main(int argc, char** argv) {
  return lathe::RunTool(
      {.name = "op-fuzz",
       .summary = "Random graphs through the compiler: optimised = interpreted.",
       .commands = {{"run", "makes graphs from seeds", lathe::op_fuzz::RunCommand},
                    {"check", "checks one file", lathe::op_fuzz::CheckCommand}}},
      argc, argv);
}
