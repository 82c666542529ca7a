// A model for tests of the generator: its logits are a hash of every token that the query sees,
// read back through the page tables, so that a wrong page, position, row or order anywhere changes
// the text.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "runtime/artifact/artifact.pb.h"
#include "runtime/generate/step_runner.h"

namespace lathe::testing {

struct FakeModelOptions {
  int64_t vocab_size = 40;
  int64_t tokenizer_size = 37;
  int64_t max_context = 2048;
  std::vector<int64_t> windows = {
      0};  // one cache group each; a query's hash covers what every group shows
  int64_t page_tokens = 64;
};

// The manifest's part that the generator reads.
artifact::Manifest FakeManifest(const FakeModelOptions& options);

// What a model chooses from `logits` [R, V] of a step.
std::vector<int32_t> ChooseIds(const StepInput& input, absl::Span<const float> logits);

class FakeModel : public StepRunner {
 public:
  explicit FakeModel(const FakeModelOptions& options) : options_(options) {}

  absl::Status Run(const StepInput& input, absl::Span<const KvCache> caches) override;
  // "logits", and "layer_inputs.0" [T, 1]: the token of each row.
  absl::Span<const float> Output(absl::string_view name) const override;
  absl::Span<const int32_t> NextIds() const override { return next_ids_; }

  // The next Run fails with this.
  void FailOnce(absl::Status status) { failure_ = std::move(status); }
  // The logits of sequences whose hash sees `token` are NaN from now on.
  void PoisonAfter(int32_t token) { poison_ = token; }
  const std::vector<int64_t>& rows_per_step() const { return rows_per_step_; }

 private:
  void WriteRow(const StepInput& input, absl::Span<const KvCache> caches, size_t row) const;
  void LogitsOf(const StepInput& input, absl::Span<const KvCache> caches, size_t row,
                float* logits) const;

  FakeModelOptions options_;
  absl::Status failure_;
  int32_t poison_ = -1;
  std::vector<float> logits_;
  std::vector<int32_t> next_ids_;
  std::vector<float> layer_inputs_;
  std::vector<int64_t> rows_per_step_;
};

// The text that a lone greedy run gives: the truth for every batch.
std::vector<int32_t> ExpectedTokens(const FakeModelOptions& options, std::vector<int32_t> prompt,
                                    int64_t num_new);
// The logits of the last token of `tokens`.
std::vector<float> ExpectedLogits(const FakeModelOptions& options,
                                  const std::vector<int32_t>& tokens);

}  // namespace lathe::testing
