// Runs two artifacts of one model over the same text, teacher forced, and compares their logits.
//   LATHE_ASSIGN_OR_RETURN(ArtifactComparison comparison,
//                          CompareArtifacts("bf16.lathe", "int4.lathe", text, {.tokens = 2048}));
//   comparison.summary.mean_kl;
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tools/lathe/quality/logit_comparison.h"

namespace lathe {

struct ComparisonOptions {
  int64_t tokens = 2048;  // of the text, from its beginning
  int64_t window = 256;   // tokens that are read together; each window begins without a past
  int threads = 0;        // 0: as lathe-run
  // After each window: windows done, of all, tokens compared so far.
  std::function<void(size_t done, size_t total, int64_t tokens)> on_window = nullptr;
};

struct ArtifactComparison {
  QualitySummary summary;
  int64_t window = 0;  // as asked for, or what the model's context leaves
};

// Consecutive windows over the first `tokens` ids; one that is too short to predict anything is
// left out.
std::vector<std::vector<int32_t>> SplitIntoWindows(const std::vector<int32_t>& ids, int64_t tokens,
                                                   int64_t window);

// Each token but the first of its window counts. InvalidArgument for texts of fewer than two tokens
// and for artifacts of different vocabularies.
absl::StatusOr<ArtifactComparison> CompareArtifacts(const std::string& reference,
                                                    const std::string& variant,
                                                    absl::string_view text,
                                                    const ComparisonOptions& options);

}  // namespace lathe
