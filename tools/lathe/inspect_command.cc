// lathe inspect: what an artifact holds.
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "runtime/artifact/artifact_reader.h"
#include "runtime/artifact/artifact_text.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/strings.h"
#include "tools/common/command.h"
#include "tools/common/flags.h"
#include "tools/common/standard_output.h"
#include "tools/lathe/commands.h"

namespace lathe {
namespace {

struct Options {
  std::string artifact;
  bool program = false;
  bool memory = false;
  bool verify = false;
  std::string ir;
  std::string assembly;
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
  flags.String("ir", &o.ir, {.form = "PHASE", .absent = "not shown"},
               "the module after a phase (normalize, place, quantize, fuse, select, lower, plan); "
               "with -v with the location of each op");
  flags.String("asm", &o.assembly, {.form = "NAME", .absent = "not shown"},
               "assembly of a kernel, or of the kernel of a dispatch, by the names of --program");
  flags.String("level", &o.level, {.form = "LEVEL", .absent = "all"},
               "feature level of --asm: x86-64-v3, x86-64-v4");
  flags.Bool("verify", &o.verify, "read the whole file and compare every checksum");
  flags.Verbosity(&o.verbosity, {"operands and reasons in --program, locations in --ir"});
  flags.Example("lathe inspect q.lathe --program -v", "which kernel runs each dispatch, and why");
  flags.Example("lathe inspect q.lathe --asm model.layers.0.self_attn.o_proj --level=x86-64-v4",
                "its machine code");
  return flags;
}

// The kernel called `name`, or the kernel of the dispatch called `name`.
absl::StatusOr<std::string> FindKernel(const artifact::Manifest& manifest,
                                       const std::string& name) {
  std::vector<std::string> names;
  for (const artifact::Program& program : manifest.programs()) {
    for (const artifact::Kernel& kernel : program.kernels()) {
      if (kernel.symbol() == name) return name;
      names.push_back(kernel.symbol());
    }
    for (const artifact::Command& command : program.commands()) {
      if (command.name() == name)
        return program.kernels(static_cast<int>(command.kernel())).symbol();
      names.push_back(command.name());
    }
  }
  std::string nearest = Nearest(name, names);
  return absl::NotFoundError(
      absl::StrCat("no kernel or dispatch is called ", Quoted(name),
                   "; lathe inspect ARTIFACT --program lists them",
                   nearest.empty() ? "" : absl::StrCat(" (did you mean ", nearest, "?)")));
}

// Cuts one kernel out of the text of a level.
std::string CutKernel(absl::string_view text, const std::string& symbol) {
  std::string head = absl::StrCat(";; kernel ", symbol, "\n");
  size_t begin = text.find(ToAbsl(head));
  if (begin == absl::string_view::npos) return "";
  size_t end = text.find("\n;; kernel ", begin + head.size());
  return std::string(text.substr(begin, end == absl::string_view::npos ? end : end - begin + 1));
}

absl::StatusOr<std::string> AssemblyText(const Artifact& artifact, const Options& o) {
  LATHE_ASSIGN_OR_RETURN(std::string symbol, FindKernel(artifact.manifest(), o.assembly));
  std::string out;
  std::vector<std::string> levels;
  for (const artifact::Code& code : artifact.manifest().code()) {
    levels.push_back(code.feature_level());
    if (!o.level.empty() && code.feature_level() != o.level) continue;
    LATHE_ASSIGN_OR_RETURN(
        absl::string_view text,
        artifact.Section(absl::StrCat("asm.", code.target(), ".", code.feature_level())));
    absl::StrAppend(&out, "; ", code.feature_level(), "\n", CutKernel(text, symbol));
  }
  if (!out.empty()) return out;
  return absl::NotFoundError(absl::StrCat("the artifact has no code for level ", Quoted(o.level),
                                          "; it has: ", absl::StrJoin(levels, ", ")));
}

// Where the location that begins at text[at] ("loc(") ends: names in it may hold parentheses.
size_t EndOfLocation(absl::string_view text, size_t at) {
  int depth = 0;
  bool is_name = false;
  for (; at < text.size(); ++at) {
    if (text[at] == '"') is_name = !is_name;
    if (is_name) continue;
    if (text[at] == '(') ++depth;
    if (text[at] == ')' && --depth == 0) return at + 1;
  }
  return at;
}

// Half of a dump is locations, which a reader seldom wants: "#loc3 = ..." lines and " loc(#loc3)".
std::string WithoutLocations(absl::string_view text) {
  std::string out;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    if (absl::StartsWith(line, "#loc")) continue;
    for (size_t at = line.find(" loc("); at != absl::string_view::npos; at = line.find(" loc(")) {
      absl::StrAppend(&out, line.substr(0, at));
      line.remove_prefix(EndOfLocation(line, at));
    }
    absl::StrAppend(&out, line, "\n");
  }
  while (absl::EndsWith(out, "\n\n")) out.pop_back();
  return out;
}

absl::StatusOr<absl::string_view> IrText(const Artifact& artifact, const std::string& phase) {
  std::string name = absl::StrCat("ir.", phase);
  if (!artifact.HasSection(name)) {
    std::vector<std::string> phases;
    for (const artifact::Section& section : artifact.manifest().sections()) {
      if (absl::StartsWith(section.name(), "ir.")) phases.push_back(section.name().substr(3));
    }
    return absl::NotFoundError(absl::StrCat(
        "the artifact keeps no IR of phase ", Quoted(phase), "; it has: ",
        phases.empty() ? "none (compiled with --no-keep-ir)" : absl::StrJoin(phases, ", ")));
  }
  return artifact.Section(name);
}

absl::Status Run(const Options& o) {
  LATHE_ASSIGN_OR_RETURN(Artifact artifact, Artifact::Open(o.artifact));
  std::string out;
  if (o.verify) {
    LATHE_RETURN_IF_ERROR(artifact.VerifyAll());
    absl::StrAppend(&out, o.artifact, ": every checksum is right\n");
  }
  if (!o.ir.empty()) {
    LATHE_ASSIGN_OR_RETURN(absl::string_view text, IrText(artifact, o.ir), o.artifact);
    absl::StrAppend(&out, o.verbosity > 0 ? std::string(text) : WithoutLocations(text));
  }
  if (!o.assembly.empty()) {
    LATHE_ASSIGN_OR_RETURN(std::string text, AssemblyText(artifact, o), o.artifact);
    absl::StrAppend(&out, text);
  }
  if (o.program) {
    for (const artifact::Program& program : artifact.manifest().programs()) {
      absl::StrAppend(&out, ProgramText(artifact.manifest(), program, o.verbosity > 0));
    }
  }
  if (o.memory) absl::StrAppend(&out, MemoryText(artifact.manifest()));
  return WriteStdout(out.empty() ? SummaryText(artifact) : out);
}

}  // namespace

int InspectCommand(absl::Span<const std::string> args) {
  Options options;
  FlagTable flags = Declare(options);
  absl::StatusOr<ParseResult> parsed = flags.Parse(args);
  if (!parsed.ok()) return ReportWrongUse("lathe inspect", parsed.status());
  if (*parsed == ParseResult::kHelp) {
    return ReportStatus("lathe inspect", WriteStdout(flags.Help()));
  }
  return ReportStatus("lathe inspect", Run(options));
}

}  // namespace lathe
