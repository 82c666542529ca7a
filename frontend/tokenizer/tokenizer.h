// Text to token ids and back, for byte-level BPE tokenizers. One representation: binary tables,
// built from tokenizer.json or used in place where an artifact holds them.
//   LATHE_ASSIGN_OR_RETURN(Tokenizer tokenizer, Tokenizer::FromJson(json, "model/tokenizer.json"));
//   std::vector<int32_t> ids = tokenizer.Encode("Hello");
//   std::string text = tokenizer.Decode(ids, {.skip_special = true});
//   Tokenizer mapped = *Tokenizer::FromTables(file.bytes());   // of what Serialize() gave
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "frontend/tokenizer/tables.h"

namespace lathe {

struct EncodeOptions {
  // Off: the spelling of a special token in the text is text. Added tokens that are not special are
  // recognised all the same, as with encode_special_tokens of the tokenizers library.
  bool parse_special = true;
  // Puts the tokens of the post-processor's template around the text. Off for rendered chats.
  bool add_template = true;
};

struct DecodeOptions {
  bool skip_special = false;
};

// Immutable; all methods may be called from several threads at once.
class Tokenizer {
 public:
  // `origin` (a path) begins every message, the place in the document follows.
  static absl::StatusOr<Tokenizer> FromJson(absl::string_view json, absl::string_view origin);
  // Uses `bytes`, which outlive the tokenizer. Errors as TokenizerTables::Open.
  static absl::StatusOr<Tokenizer> FromTables(absl::string_view bytes);
  // The bytes for FromTables; the same JSON gives the same bytes.
  std::string Serialize() const { return std::string(tables_.bytes()); }

  // Ill-formed UTF-8 is encoded as U+FFFD. Texts are below 4 GiB. Takes time linear in the text but
  // for log(length of the longest piece).
  std::vector<int32_t> Encode(absl::string_view text, EncodeOptions options = {}) const;
  // Bytes that are not UTF-8 become U+FFFD; ids without a token give nothing, as in the tokenizers
  // library.
  std::string Decode(absl::Span<const int32_t> ids, DecodeOptions options = {}) const;

  // One more than the largest id. Embedding tables may have more rows.
  int32_t size() const { return static_cast<int32_t>(tables_.num_ids()); }
  // The bytes that a token decodes to, perhaps a part of a character; "" for an id without a token.
  // Valid as long as the tokenizer.
  absl::string_view TokenText(int32_t id) const;
  // The token as tokenizer.json spells it ("Ġthe").
  std::optional<std::string> IdToToken(int32_t id) const;
  std::optional<int32_t> TokenToId(absl::string_view token) const;
  bool IsSpecial(int32_t id) const;

 private:
  explicit Tokenizer(const TokenizerTables& tables) : tables_(tables) {}
  bool HasToken(int32_t id) const;

  std::unique_ptr<const std::string> owned_;  // what tables_ views, when built here
  TokenizerTables tables_;
};

}  // namespace lathe
