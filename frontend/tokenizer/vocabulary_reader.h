// Reads the tokens of tokenizer.json: the BPE model with its vocabulary and merges, and the added
// tokens.
#pragma once

#include "absl/status/status.h"
#include "frontend/tokenizer/json_document.h"
#include "frontend/tokenizer/tokenizer_spec.h"

namespace lathe {

// Fills `tokens`, `merges` and `ignore_merges` from the value of "model". Messages begin with the
// path in the document.
absl::Status ReadModel(const nlohmann::json& model, TokenizerSpec* spec);

// Fills `added` and completes `tokens` from the value of "added_tokens"; `spec->normalizer` and the
// model have been read.
absl::Status ReadAddedTokens(const nlohmann::json& added_tokens, TokenizerSpec* spec);

}  // namespace lathe
