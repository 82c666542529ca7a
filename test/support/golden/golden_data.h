// The golden checkpoints and what they must compute, as values.
//   for (const GoldenModel& model : OwnGoldenModels()) ...
//   LATHE_ASSERT_OK_AND_ASSIGN(auto cases, ReadGoldenCases(folder));
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ops/core/host_tensor.h"

namespace lathe::testing {

struct GoldenModel {
  std::string name;                   // fit for the name of a test
  std::optional<std::string> folder;  // none where the shared data is absent
};

// The project's own checkpoints (test/data/golden).
std::vector<GoldenModel> OwnGoldenModels();
// Those and the ones of the shared data.
std::vector<GoldenModel> AllGoldenModels();

// What the reference itself loses when it runs in bf16.
struct ReferenceLoss {
  double mean_kl = 0;
  double argmax_agreement = 1;
};

struct GoldenCase {
  std::string name;
  bool is_batch = false;
  std::vector<std::vector<int32_t>> prompts;     // one when it is no batch
  std::vector<std::vector<int32_t>> greedy_ids;  // of each prompt
  std::vector<int64_t> pieces;                   // in which the prompt may be read; may be empty
  std::optional<ReferenceLoss> bf16_loss;
  std::map<std::string, HostTensor> tensors;

  int64_t max_new_tokens() const { return static_cast<int64_t>(greedy_ids[0].size()); }
};

// Of the checkpoint in `folder`. Errors: those of the files.
absl::StatusOr<std::vector<GoldenCase>> ReadGoldenCases(const std::string& folder);
// The case called `name`; NotFound when there is none.
absl::StatusOr<GoldenCase> ReadGoldenCase(const std::string& folder, const std::string& name);

}  // namespace lathe::testing
