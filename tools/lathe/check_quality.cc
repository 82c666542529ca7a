#include "tools/lathe/check_quality.h"

#include <chrono>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "compiler/pipeline/compile.h"
#include "runtime/base/mapped_file.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/strings.h"
#include "runtime/base/temp_folder.h"
#include "tools/common/standard_output.h"
#include "tools/lathe/quality/compare_artifacts.h"

namespace lathe {
namespace {

// "bf16", "--weights=int4 --group=32 ...".
std::string NameOf(const StoragePolicy& policy) {
  std::string flags = CanonicalFlags(policy);
  return flags.empty() ? policy.precision : flags;
}

absl::StatusOr<uint64_t> CompileVariant(const QualityCheck& check, const StoragePolicy& storage,
                                        const std::string& path) {
  auto start = std::chrono::steady_clock::now();
  // Compiling changes the module, so that each variant loads its own.
  LATHE_ASSIGN_OR_RETURN(LoadedModel loaded, LoadModel(check.load));
  LATHE_RETURN_IF_ERROR(ToStatus(CheckModel(loaded, check.allow_unused, /*scan_values=*/false, 1)),
                        check.load.folder);
  LATHE_ASSIGN_OR_RETURN(Attachments attachments, LoadAttachments(check.load, loaded));
  CompileOptions options;
  options.storage = storage;
  options.threads = check.threads;
  options.keep_ir = false;
  LATHE_ASSIGN_OR_RETURN(CompileReport report, Compile(*loaded.model.module, *loaded.tensors,
                                                       std::move(attachments), options, path));
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
  WriteStderr(absl::StrFormat("compiled %s in %.1f s: weights %s\n", NameOf(storage), time.count(),
                              HumanBytes(report.emitted->weight_bytes)));
  return report.emitted->weight_bytes;
}

std::string Table(const QualityCheck& check, const StoragePolicy& reference,
                  const ArtifactComparison& comparison, uint64_t reference_bytes, uint64_t bytes) {
  const QualitySummary& summary = comparison.summary;
  std::string text =
      absl::StrFormat("%s: %d tokens compared, in windows of %d\nvariant: %s\n", check.text_file,
                      summary.tokens, comparison.window, NameOf(check.variant));
  const double loss = summary.variant_perplexity / summary.reference_perplexity - 1;
  absl::StrAppendFormat(&text, "%-28s %14s  %s\n", "", NameOf(reference), "variant");
  absl::StrAppendFormat(&text, "%-28s %14s  %s\n", "weights", HumanBytes(reference_bytes),
                        HumanBytes(bytes));
  absl::StrAppendFormat(&text, "%-28s %14.4f  %.4f (%+.2f %%)\n", "perplexity",
                        summary.reference_perplexity, summary.variant_perplexity, 100 * loss);
  absl::StrAppendFormat(&text, "%-28s %14s  %.5f\n", "KL divergence, mean", "", summary.mean_kl);
  absl::StrAppendFormat(&text, "%-28s %14s  %.5f\n", "KL divergence, 99 % below", "",
                        summary.kl_99);
  absl::StrAppendFormat(&text, "%-28s %14s  %.2f %%\n", "same most likely token", "",
                        100 * summary.same_top);
  return text;
}

}  // namespace

absl::StatusOr<std::string> CheckQuality(const QualityCheck& check) {
  // Read first: a slip in its name should not cost two compilations.
  LATHE_ASSIGN_OR_RETURN(std::string text, ReadFile(check.text_file), "--text");
  LATHE_ASSIGN_OR_RETURN(TempFolder folder, TempFolder::Make());
  const StoragePolicy reference{.precision = check.variant.precision};
  const std::string reference_path = folder.path() + "/reference.lathe";
  const std::string variant_path = folder.path() + "/variant.lathe";
  LATHE_ASSIGN_OR_RETURN(uint64_t reference_bytes,
                         CompileVariant(check, reference, reference_path));
  LATHE_ASSIGN_OR_RETURN(uint64_t bytes, CompileVariant(check, check.variant, variant_path));
  ComparisonOptions options{
      .tokens = check.tokens, .window = check.window, .threads = check.threads};
  options.on_window = [](size_t done, size_t total, int64_t tokens) {
    WriteStderr(absl::StrFormat("window %d of %d, %d tokens compared\n", done, total, tokens));
  };
  LATHE_ASSIGN_OR_RETURN(ArtifactComparison comparison,
                         CompareArtifacts(reference_path, variant_path, text, options),
                         check.text_file);
  return Table(check, reference, comparison, reference_bytes, bytes);
}

}  // namespace lathe
