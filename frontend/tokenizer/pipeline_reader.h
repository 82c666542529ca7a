// Reads the steps around the BPE model of tokenizer.json: normaliser, split expressions, what is
// put around a text, decoder. A step that is not known is refused by name and place.
#pragma once

#include "absl/status/status.h"
#include "frontend/tokenizer/json_document.h"
#include "frontend/tokenizer/tokenizer_spec.h"

namespace lathe {

// Null, NFC, or a Sequence of these. Fills `normalizer`.
absl::Status ReadNormalizer(const nlohmann::json& normalizer, TokenizerSpec* spec);

// A Sequence of Splits with a known list of expressions, then ByteLevel. Fills `split_rule`.
absl::Status ReadPreTokenizer(const nlohmann::json& pre_tokenizer, TokenizerSpec* spec);

// Null, ByteLevel (which only moves offsets), TemplateProcessing for one text, or a Sequence of
// these. Fills `prefix` and `suffix`; the tokens have been read.
absl::Status ReadPostProcessor(const nlohmann::json& post_processor, TokenizerSpec* spec);

// ByteLevel.
absl::Status CheckDecoder(const nlohmann::json& decoder);

}  // namespace lathe
