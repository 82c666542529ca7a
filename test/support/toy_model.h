// A small but complete language model as an artifact: toy_kernels.so as its code, one cache group,
// probes, tokenizer and chat template. The next token is (sum of all tokens + position of the last)
// mod 259.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "runtime/artifact/artifact.pb.h"

namespace lathe::testing {

inline constexpr int64_t kToyVocab = 264;
inline constexpr int64_t kToyTokenizer =
    259;  // 256 bytes, then <|im_start|>, <|im_end|>, <|endoftext|>
inline constexpr int64_t kToyContext = 300;
inline constexpr int64_t kToyLayers = 2;
inline constexpr int64_t kToyHidden = 3;
inline constexpr int64_t kToyKvHeads = 2;
inline constexpr int64_t kToyHeadDim = 4;

struct ToyModelOptions {
  bool has_probes = true;  // outputs layer_inputs.0 ... 2
  // Ids without a token have the largest logit of all, 1, else the smallest, -1000.
  bool padding_wins = true;
  std::string tokenizer = {};  // bytes of the section; none when empty
  std::string chat_template = {};
  std::string cases = {};
  std::vector<int32_t> stop_ids = {257};
  int32_t max_new_tokens = 0;
};

artifact::Manifest ToyManifest(const ToyModelOptions& options);
// Writes the artifact and returns its path.
std::string WriteToyModel(const ToyModelOptions& options);
std::string WriteToyModel(const ToyModelOptions& options, artifact::Manifest manifest);

// What the model continues `prompt` with.
std::vector<int32_t> ToyTokens(std::vector<int32_t> prompt, int64_t num_new);

}  // namespace lathe::testing
