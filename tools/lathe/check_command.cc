// lathe check: what is wrong with a checkpoint, all of it at once, before anything is compiled.
#include <chrono>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "runtime/base/cpu_count.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/strings.h"
#include "tools/common/command.h"
#include "tools/common/flags.h"
#include "tools/common/standard_output.h"
#include "tools/lathe/commands.h"
#include "tools/lathe/load_model.h"

namespace lathe {
namespace {

struct Options {
  LoadOptions load;
  bool allow_unused = false;
  bool values = true;
  int64_t threads = 0;
};

FlagTable Declare(Options& o) {
  FlagTable flags(
      "lathe check", "FOLDER [flags]",
      "Examines a model folder: configuration, tokenizer, chat template, and every tensor "
      "(missing, unexpected, wrong shape, "
      "wrong type, not finite). Reports everything at once; exit code 1 when something is wrong.");
  flags.Positional("FOLDER", &o.load.folder, "model folder");
  flags.Bool("values", &o.values, "read all numbers and report NaN and infinity");
  flags.Bool("allow-unused", &o.allow_unused, "tensors that the model does not use are no error");
  flags.StringList("ignore-config-key", &o.load.ignored_config_keys, {.form = "KEY"},
                   "treat a key of config.json or generation_config.json as absent");
  flags.Int("threads", &o.threads, {.unit = "threads", .min = 0, .max = 1024},
            "0: one for each processor");
  flags.Example("lathe check Qwen3-8B", "is the download whole, and a model that can be compiled?");
  return flags;
}

absl::Status Run(const Options& o) {
  auto start = std::chrono::steady_clock::now();
  LATHE_ASSIGN_OR_RETURN(LoadedModel loaded, LoadModel(o.load));
  for (const std::string& warning : loaded.warnings)
    WriteStderr(absl::StrCat("warning: ", warning, "\n"));
  int threads = o.threads > 0 ? static_cast<int>(o.threads) : AvailableCpus();
  CheckReport report = CheckModel(loaded, o.allow_unused, o.values, threads);
  absl::Status attachments = LoadAttachments(o.load, loaded).status();
  double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::string text = report.Text();
  if (!report.ok()) absl::StrAppend(&text, HowToGoOn(report), "\n");
  if (!attachments.ok()) absl::StrAppend(&text, attachments.message(), "\n");
  absl::StrAppendFormat(&text, "%s: family %s, %d tensors, %s, prefix \"%s\", checked in %.2f s\n",
                        o.load.folder, loaded.model.family, report.num_tensors,
                        HumanBytes(report.num_bytes), loaded.tensors->prefix(), seconds);
  LATHE_RETURN_IF_ERROR(WriteStdout(text));
  if (report.ok() && attachments.ok()) return absl::OkStatus();
  size_t problems = report.problems.size() + (attachments.ok() ? 0 : 1);
  return absl::InvalidArgumentError(absl::StrFormat("%s: %d problem%s, listed above", o.load.folder,
                                                    problems, problems == 1 ? "" : "s"));
}

}  // namespace

int CheckCommand(absl::Span<const std::string> args) {
  Options options;
  FlagTable flags = Declare(options);
  absl::StatusOr<ParseResult> parsed = flags.Parse(args);
  if (!parsed.ok()) return ReportWrongUse("lathe check", parsed.status());
  if (*parsed == ParseResult::kHelp) {
    return ReportStatus("lathe check", WriteStdout(flags.Help()));
  }
  return ReportStatus("lathe check", Run(options));
}

}  // namespace lathe
