#include "frontend/tokenizer/tokenizer.h"

#include <utility>

#include "frontend/tokenizer/added_tokens.h"
#include "frontend/tokenizer/bpe.h"
#include "frontend/tokenizer/byte_level.h"
#include "frontend/tokenizer/normalize.h"
#include "frontend/tokenizer/splitter.h"
#include "frontend/tokenizer/table_builder.h"
#include "frontend/tokenizer/tokenizer_json.h"
#include "frontend/tokenizer/unicode.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

// One text on its way through the steps: raw added tokens, normaliser, normalised added tokens,
// pieces, merges.
class TextEncoder {
 public:
  TextEncoder(const TokenizerTables& tables, EncodeOptions options, std::vector<int32_t>* ids)
      : tables_(tables), options_(options), pieces_(tables), ids_(ids) {}

  void EncodeRaw(absl::string_view text) {
    EncodeAround(tables_.raw_added(), text, [this](absl::string_view part) {
      EncodeNormalized(tables_.normalizer() == NormalizerKind::kNfc ? NormalizeNfc(part, &buffer_)
                                                                    : part);
    });
  }

 private:
  void EncodeNormalized(absl::string_view text) {
    EncodeAround(tables_.normalized_added(), text,
                 [this](absl::string_view part) { EncodePieces(part); });
  }

  void EncodePieces(absl::string_view text) {
    Splitter splitter(tables_.split_rule(), text);
    absl::string_view piece;
    while (splitter.Next(&piece)) pieces_.Encode(piece, ids_);
  }

  // Emits the added tokens of `table` in `text`, and hands the parts between them to `encode_part`.
  // A special token that is to be read as text still hides what overlaps it, as in the tokenizers
  // library.
  template <typename EncodePart>
  void EncodeAround(const AddedTokenTable& table, absl::string_view text,
                    const EncodePart& encode_part) {
    size_t part_begin = 0;
    AddedMatch match;
    for (size_t pos = 0; FindAddedToken(table, text, pos, &match); pos = match.end) {
      if (match.special && !options_.parse_special) continue;
      encode_part(text.substr(part_begin, match.begin - part_begin));
      ids_->push_back(static_cast<int32_t>(match.id));
      part_begin = match.end;
    }
    encode_part(text.substr(part_begin));
  }

  const TokenizerTables& tables_;
  EncodeOptions options_;
  PieceEncoder pieces_;
  std::string buffer_;  // the normalised part
  std::vector<int32_t>* ids_;
};

}  // namespace

absl::StatusOr<Tokenizer> Tokenizer::FromJson(absl::string_view json, absl::string_view origin) {
  LATHE_ASSIGN_OR_RETURN(TokenizerSpec spec, ReadTokenizerJson(json), origin);
  LATHE_ASSIGN_OR_RETURN(std::string bytes, BuildTables(spec), origin);
  auto owned = std::make_unique<const std::string>(std::move(bytes));
  LATHE_ASSIGN_OR_RETURN(TokenizerTables tables, TokenizerTables::Open(*owned), origin);
  Tokenizer tokenizer(tables);
  tokenizer.owned_ = std::move(owned);
  return tokenizer;
}

absl::StatusOr<Tokenizer> Tokenizer::FromTables(absl::string_view bytes) {
  LATHE_ASSIGN_OR_RETURN(TokenizerTables tables, TokenizerTables::Open(bytes));
  return Tokenizer(tables);
}

std::vector<int32_t> Tokenizer::Encode(absl::string_view text, EncodeOptions options) const {
  std::string repaired;
  if (!IsValidUtf8(text)) {
    AppendReplacingInvalid(text, &repaired);
    text = repaired;
  }
  std::vector<int32_t> ids;
  if (options.add_template) {
    for (uint32_t i = 0; i < tables_.num_prefix(); ++i) {
      ids.push_back(static_cast<int32_t>(tables_.PrefixToken(i)));
    }
  }
  TextEncoder(tables_, options, &ids).EncodeRaw(text);
  if (options.add_template) {
    for (uint32_t i = 0; i < tables_.num_suffix(); ++i) {
      ids.push_back(static_cast<int32_t>(tables_.SuffixToken(i)));
    }
  }
  return ids;
}

std::string Tokenizer::Decode(absl::Span<const int32_t> ids, DecodeOptions options) const {
  std::string bytes;
  for (int32_t id : ids) {
    if (options.skip_special && IsSpecial(id)) continue;
    absl::string_view text = TokenText(id);
    bytes.append(text.data(), text.size());
  }
  if (IsValidUtf8(bytes)) return bytes;
  std::string repaired;
  AppendReplacingInvalid(bytes, &repaired);
  return repaired;
}

bool Tokenizer::HasToken(int32_t id) const {
  return id >= 0 && id < size() && tables_.TokenFlags(static_cast<uint32_t>(id)) != 0;
}

absl::string_view Tokenizer::TokenText(int32_t id) const {
  return HasToken(id) ? tables_.TokenBytes(static_cast<uint32_t>(id)) : absl::string_view();
}

std::optional<std::string> Tokenizer::IdToToken(int32_t id) const {
  if (!HasToken(id)) return std::nullopt;
  bool is_byte_level = (tables_.TokenFlags(static_cast<uint32_t>(id)) & kByteLevelToken) != 0;
  absl::string_view bytes = TokenText(id);
  return is_byte_level ? BytesToAlphabet(bytes) : std::string(bytes);
}

std::optional<int32_t> Tokenizer::TokenToId(absl::string_view token) const {
  std::optional<std::string> bytes = AlphabetToBytes(token);
  uint32_t id = bytes ? tables_.FindToken(*bytes, true) : tables_.FindToken(token, false);
  if (id == kNoToken) return std::nullopt;
  return static_cast<int32_t>(id);
}

bool Tokenizer::IsSpecial(int32_t id) const {
  return HasToken(id) && (tables_.TokenFlags(static_cast<uint32_t>(id)) & kSpecialToken) != 0;
}

}  // namespace lathe
