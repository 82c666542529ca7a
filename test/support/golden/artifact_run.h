// Runs artifacts inside a test on ids, as `lathe-run run --ids` does, and keeps all that they
// computed.
//   LATHE_ASSERT_OK_AND_ASSIGN(auto runs, RunArtifact(path, {.prompts = {{1, 2, 3}},
//                                                            .max_new_tokens = 4}));
//   runs[0].tokens ...
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace lathe::testing {

struct RunSpec {
  std::vector<std::vector<int32_t>> prompts;  // run together
  int64_t max_new_tokens = 1;
  std::vector<int64_t> pieces = {};  // in which every prompt is read; empty: as the scheduler likes
  int threads = 2;
  std::string cpu_level = "";  // "" = what the CPU has
};

// Of one prompt.
struct PromptRun {
  std::vector<int32_t> tokens;
  std::vector<float> prompt_logits;  // [prompt, V]
  std::vector<float> token_logits;   // [tokens, V]; row i chose token i
  // "layer_inputs" [L + 1, T, H] and "state.layer{i}.key", ".value" [NK, T, D] of the prompt.
  std::map<std::string, std::vector<float>> probes = {};
};

absl::StatusOr<std::vector<PromptRun>> RunArtifact(const std::string& artifact,
                                                   const RunSpec& spec);

// False where this machine has no such feature level ("x86-64-v4").
bool CanRunLevel(const std::string& cpu_level);

// "v4_bf16" of "x86-64-v4-bf16", for names of tests.
std::string LevelSuffix(const std::string& cpu_level);

}  // namespace lathe::testing
