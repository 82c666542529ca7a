// lathe check: what is wrong with a checkpoint, all of it at once, before anything is compiled.
#include <chrono>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "runtime/base/cpu_count.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/strings.h"
#include "tools/common/command.h"
#include "tools/common/flags.h"
#include "tools/common/standard_output.h"
#include "tools/lathe/check_quality.h"
#include "tools/lathe/commands.h"
#include "tools/lathe/load_model.h"
#include "tools/lathe/storage_flags.h"

namespace lathe {
namespace {

struct Options {
  LoadOptions load;
  bool allow_unused = false;
  bool values = true;
  int64_t threads = 0;
  bool quality = false;
  StorageFlags storage;
  std::optional<std::string> text_file;
  std::optional<int64_t> tokens;
  std::optional<int64_t> window;
};

FlagTable Declare(Options& o) {
  FlagTable flags(
      "lathe check", "FOLDER [flags]",
      "Examines a model folder: configuration, tokenizer, chat template, and every tensor "
      "(missing, unexpected, wrong shape, "
      "wrong type, not finite). Reports everything at once; exit code 1 when something is wrong. "
      "With --quality it measures instead what a way of storing weights costs: it compiles the "
      "model with and without it into a temporary folder, runs both over a text on this machine "
      "and prints perplexity, KL divergence and agreement.");
  flags.Positional("FOLDER", &o.load.folder, "model folder");
  flags.Bool("values", &o.values, "read all numbers and report NaN and infinity");
  flags.Bool("allow-unused", &o.allow_unused, "tensors that the model does not use are no error");
  flags.StringList("ignore-config-key", &o.load.ignored_config_keys, {.form = "KEY"},
                   "treat a key of config.json or generation_config.json as absent");
  flags.Int("threads", &o.threads, {.unit = "threads", .min = 0, .max = 1024},
            "0: one for each processor");
  flags.Group("Quality of stored weights");
  flags.Bool("quality", &o.quality,
             "compare a way of storing weights with the model as --precision alone stores it");
  flags.OptionalString("text", &o.text_file, {.form = "FILE", .absent = "needed by --quality"},
                       "plain text like that which the model will see; more text, surer numbers");
  flags.OptionalInt("tokens", &o.tokens, {.unit = "tokens", .min = 2, .absent = "2048"},
                    "how much of the text, from its beginning");
  flags.OptionalInt("window", &o.window, {.unit = "tokens", .min = 2, .max = 4096, .absent = "256"},
                    "tokens that are read together, each window without a past; all their logits "
                    "are in memory at once, twice");
  DeclareStorageFlags(o.storage, flags);
  flags.Example("lathe check Qwen3-0.6B --quality --text=wiki.txt --weights=int4",
                "is int4 good enough for this model?");
  flags.Example("lathe check Qwen3-8B", "is the download whole, and a model that can be compiled?");
  return flags;
}

// What the command line alone decides; errors are wrong use.
absl::StatusOr<StoragePolicy> CheckFlags(const Options& o) {
  LATHE_ASSIGN_OR_RETURN(StoragePolicy policy, ToStoragePolicy(o.storage));
  const bool has_storage = o.storage.precision != "checkpoint" || o.storage.group.has_value() ||
                           !CanonicalFlags(policy).empty();
  if (!o.quality && (has_storage || o.text_file || o.tokens || o.window)) {
    return absl::InvalidArgumentError(
        "--text, --tokens, --window and the flags for storage belong to --quality, which is not "
        "given");
  }
  if (!o.quality) return policy;
  if (!o.text_file) {
    return absl::InvalidArgumentError(
        "--quality needs a text to measure on: --text=FILE, some pages of plain text");
  }
  if (CanonicalFlags(policy).empty()) {
    return absl::InvalidArgumentError(
        "--quality compares ways of storing weights, but both would be the same; say which, as in "
        "--weights=int8 or --weights=int4");
  }
  return policy;
}

int Threads(const Options& o) {
  return o.threads > 0 ? static_cast<int>(o.threads) : AvailableCpus();
}

absl::Status RunQuality(const Options& o, const StoragePolicy& policy) {
  QualityCheck check;
  check.load = o.load;
  check.allow_unused = o.allow_unused;
  check.text_file = *o.text_file;
  check.threads = Threads(o);
  if (o.tokens) check.tokens = *o.tokens;
  if (o.window) check.window = *o.window;
  LATHE_ASSIGN_OR_RETURN(LoadedModel loaded, LoadModel(o.load));
  check.variant = ResolvePrecision(o.storage, policy, *loaded.checkpoint);
  LATHE_ASSIGN_OR_RETURN(std::string text, CheckQuality(check));
  return WriteStdout(text);
}

absl::Status Run(const Options& o) {
  auto start = std::chrono::steady_clock::now();
  LATHE_ASSIGN_OR_RETURN(LoadedModel loaded, LoadModel(o.load));
  for (const std::string& warning : loaded.warnings)
    WriteStderr(absl::StrCat("warning: ", warning, "\n"));
  CheckReport report = CheckModel(loaded, o.allow_unused, o.values, Threads(o));
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
  return RunWithFlags("lathe check", flags, args, [&] {
    const absl::StatusOr<StoragePolicy> policy = CheckFlags(options);
    if (!policy.ok()) return ReportWrongUse("lathe check", policy.status());
    return ReportStatus("lathe check",
                        options.quality ? RunQuality(options, *policy) : Run(options));
  });
}

}  // namespace lathe
