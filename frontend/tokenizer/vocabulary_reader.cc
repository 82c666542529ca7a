#include "frontend/tokenizer/vocabulary_reader.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "frontend/tokenizer/byte_level.h"
#include "frontend/tokenizer/normalize.h"
#include "frontend/tokenizer/table_layout.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/strings.h"

namespace lathe {
namespace {

using nlohmann::json;
using IdBySpelling = absl::flat_hash_map<absl::string_view, uint32_t>;

// Ids may have holes, but a small file must not claim a large table.
constexpr size_t kMaxUnusedIds = 1 << 16;

TokenSpec MakeToken(absl::string_view spelling, uint8_t flags) {
  std::optional<std::string> bytes = AlphabetToBytes(spelling);
  if (bytes) return {*std::move(bytes), static_cast<uint8_t>(flags | kByteLevelToken)};
  return {std::string(spelling), flags};
}

std::string Spelling(const TokenSpec& token) {
  return (token.flags & kByteLevelToken) != 0 ? BytesToAlphabet(token.bytes) : token.bytes;
}

// Grows the list so that `id` is in it. The limit keeps the list in proportion to what the file
// holds.
absl::Status MakeRoom(uint32_t id, size_t num_entries, absl::string_view path,
                      TokenizerSpec* spec) {
  size_t limit = std::min<size_t>(kMaxTokenIds, 2 * num_entries + kMaxUnusedIds);
  if (id >= limit) {
    return JsonError(path, absl::StrCat("id ", id),
                     absl::StrCat("at most ", limit - 1, " for ", num_entries, " tokens"));
  }
  if (id >= spec->tokens.size()) spec->tokens.resize(id + 1);
  return absl::OkStatus();
}

absl::Status ReadVocabulary(const json& vocab, TokenizerSpec* spec, IdBySpelling* ids) {
  const auto* entries = vocab.get_ptr<const json::object_t*>();
  if (entries == nullptr) return JsonError("model.vocab", JsonKind(vocab), "an object");
  ids->reserve(entries->size());
  for (const auto& [spelling, value] : *entries) {
    auto path = [&spelling = spelling] {
      return absl::StrCat("model.vocab[", Quoted(spelling), "]");
    };
    const auto* number = value.get_ptr<const json::number_unsigned_t*>();
    if (!value.is_number_unsigned() || *number >= kMaxTokenIds) {
      return JsonError(path(), value.is_number() ? value.dump() : std::string(JsonKind(value)),
                       absl::StrCat("an id from 0 to ", kMaxTokenIds - 1));
    }
    auto id = static_cast<uint32_t>(*number);
    if (spelling.empty()) return JsonError(path(), "a token without characters", "at least one");
    LATHE_RETURN_IF_ERROR(MakeRoom(id, entries->size(), path(), spec));
    TokenSpec& token = spec->tokens[id];
    if (token.flags != 0) {
      return JsonError(path(), absl::StrCat("id ", id, ", which is also ", Quoted(Spelling(token))),
                       "an id of its own");
    }
    token = MakeToken(spelling, kModelToken);
    ids->emplace(spelling, id);
  }
  return absl::OkStatus();
}

// Both spellings of an entry: "a b" and ["a", "b"].
absl::StatusOr<std::pair<absl::string_view, absl::string_view>> ReadPair(const json& entry,
                                                                         const std::string& path) {
  if (const auto* text = entry.get_ptr<const json::string_t*>()) {
    size_t space = text->find(' ');
    if (space == std::string::npos || text->find(' ', space + 1) != std::string::npos) {
      return JsonError(path, Quoted(*text), "two tokens with one space between them");
    }
    absl::string_view view(*text);
    return std::make_pair(view.substr(0, space), view.substr(space + 1));
  }
  const auto* array = entry.get_ptr<const json::array_t*>();
  if (array == nullptr || array->size() != 2 || !(*array)[0].is_string() ||
      !(*array)[1].is_string()) {
    return JsonError(path, JsonKind(entry), "\"left right\" or [\"left\", \"right\"]");
  }
  return std::make_pair(absl::string_view(*(*array)[0].get_ptr<const json::string_t*>()),
                        absl::string_view(*(*array)[1].get_ptr<const json::string_t*>()));
}

absl::Status ReadMerges(const json& merges, const IdBySpelling& ids, TokenizerSpec* spec) {
  absl::flat_hash_set<uint64_t> seen;
  seen.reserve(merges.size());
  spec->merges.reserve(merges.size());
  for (const json& entry : merges) {
    std::string path = absl::StrCat("model.merges[", spec->merges.size(), "]");
    LATHE_ASSIGN_OR_RETURN(auto pair, ReadPair(entry, path));
    auto find = [&](absl::string_view token) -> absl::StatusOr<uint32_t> {
      auto id = ids.find(token);
      if (id != ids.end()) return id->second;
      return JsonError(path, absl::StrCat(Quoted(token), " is not in model.vocab"),
                       "both parts and their concatenation there");
    };
    MergeSpec merge;
    LATHE_ASSIGN_OR_RETURN(merge.left, find(pair.first));
    LATHE_ASSIGN_OR_RETURN(merge.right, find(pair.second));
    LATHE_ASSIGN_OR_RETURN(merge.merged, find(absl::StrCat(pair.first, pair.second)));
    if (!seen.insert(uint64_t{merge.left} << 32 | merge.right).second) {
      return JsonError(path,
                       absl::StrCat(Quoted(pair.first), " and ", Quoted(pair.second), " again"),
                       "each pair once");
    }
    spec->merges.push_back(merge);
  }
  return absl::OkStatus();
}

// Options of the BPE model that would change the mathematics.
absl::Status CheckModelOptions(JsonObject* model) {
  LATHE_ASSIGN_OR_RETURN(std::string type, model->String("type"));
  if (type != "BPE") {
    return absl::UnimplementedError(
        absl::StrCat("model.type: ", Quoted(type), " is not supported, only \"BPE\" is"));
  }
  const json* dropout = model->Find("dropout");
  bool drops = dropout != nullptr && !dropout->is_null() &&
               !(dropout->is_number() && dropout->get<double>() == 0.0);
  if (drops) {
    return absl::UnimplementedError(
        "model.dropout: not supported, expected null: encoding must not be random");
  }
  for (absl::string_view key : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    if (!model->IsBlank(key)) {
      return absl::UnimplementedError(absl::StrCat(
          model->PathOf(key), ": not supported, expected null or \"\" (a byte-level vocabulary)"));
    }
  }
  LATHE_ASSIGN_OR_RETURN(bool byte_fallback, model->Bool("byte_fallback", false));
  if (byte_fallback) {
    return absl::UnimplementedError(
        "model.byte_fallback: true is not supported, expected false (a byte-level vocabulary)");
  }
  // A byte-level vocabulary with all 256 bytes leaves nothing unknown: these two cannot matter.
  model->Find("unk_token");
  return model->Bool("fuse_unk", false).status();
}

// Compares an added token's id with the tokens known so far. Tokens outside the vocabulary count up
// from its size, whatever the file says: so does the tokenizers library
// (AddedVocabulary::add_tokens), and a file that says something else would mean two things.
absl::Status CheckAddedId(const AddedTokenSpec& added, const std::string& path,
                          const IdBySpelling& ids, uint32_t next_id, const TokenizerSpec& spec) {
  std::string found = absl::StrCat("id ", added.id, " for ", Quoted(added.content));
  auto known = ids.find(added.content);
  if (known == ids.end() && added.id != next_id) {
    return JsonError(path, found, absl::StrCat(next_id, ", the next one behind the vocabulary"));
  }
  if (known == ids.end() && added.id < spec.tokens.size() && spec.tokens[added.id].flags != 0) {
    return JsonError(
        path, found,
        absl::StrCat("an unused one, not that of ", Quoted(Spelling(spec.tokens[added.id]))));
  }
  if (known != ids.end() && known->second != added.id) {
    return JsonError(path, found, absl::StrCat(known->second, ", as in model.vocab"));
  }
  if (known != ids.end() && (spec.tokens[added.id].flags & kAddedToken) != 0) {
    return JsonError(path, absl::StrCat(Quoted(added.content), " again"), "each token once");
  }
  return absl::OkStatus();
}

absl::StatusOr<AddedTokenSpec> ReadAddedToken(const json& value, const std::string& path) {
  LATHE_ASSIGN_OR_RETURN(JsonObject object, JsonObject::Open(value, path));
  AddedTokenSpec token;
  LATHE_ASSIGN_OR_RETURN(token.id, object.Index("id", kMaxTokenIds));
  LATHE_ASSIGN_OR_RETURN(token.content, object.String("content"));
  LATHE_ASSIGN_OR_RETURN(token.special, object.Bool("special", false));
  LATHE_ASSIGN_OR_RETURN(token.normalized, object.Bool("normalized", !token.special));
  LATHE_ASSIGN_OR_RETURN(token.strips_left, object.Bool("lstrip", false));
  LATHE_ASSIGN_OR_RETURN(token.strips_right, object.Bool("rstrip", false));
  LATHE_ASSIGN_OR_RETURN(bool single_word, object.Bool("single_word", false));
  LATHE_RETURN_IF_ERROR(object.CheckAllRead());
  if (single_word) {
    return absl::UnimplementedError(absl::StrCat(
        path, ".single_word: true is not supported (token ", Quoted(token.content), ")"));
  }
  if (token.content.empty() || token.content.size() > kMaxAddedTokenBytes) {
    return JsonError(path + ".content", absl::StrCat(token.content.size(), " bytes"),
                     absl::StrCat("1 to ", kMaxAddedTokenBytes));
  }
  return token;
}

// Two normalised tokens may become the same text; which one is meant cannot be said then.
absl::Status NormalizeContent(const std::string& path, NormalizerKind normalizer,
                              absl::flat_hash_set<std::string>* seen, AddedTokenSpec* token) {
  if (!token->normalized) return absl::OkStatus();
  if (normalizer == NormalizerKind::kNfc) {
    std::string buffer;
    token->content = std::string(NormalizeNfc(token->content, &buffer));
  }
  if (seen->insert(token->content).second) return absl::OkStatus();
  return JsonError(path + ".content",
                   absl::StrCat(Quoted(token->content), " again, after normalisation"),
                   "each content once");
}

}  // namespace

absl::Status ReadModel(const json& model, TokenizerSpec* spec) {
  LATHE_ASSIGN_OR_RETURN(JsonObject object, JsonObject::Open(model, "model"));
  LATHE_RETURN_IF_ERROR(CheckModelOptions(&object));
  LATHE_ASSIGN_OR_RETURN(spec->ignore_merges, object.Bool("ignore_merges", false));
  LATHE_ASSIGN_OR_RETURN(const json* vocab, object.Required("vocab"));
  LATHE_ASSIGN_OR_RETURN(const json* merges, object.Array("merges"));
  LATHE_RETURN_IF_ERROR(object.CheckAllRead());
  IdBySpelling ids;
  LATHE_RETURN_IF_ERROR(ReadVocabulary(*vocab, spec, &ids));
  return ReadMerges(*merges, ids, spec);
}

absl::Status ReadAddedTokens(const json& added_tokens, TokenizerSpec* spec) {
  const auto* entries = added_tokens.get_ptr<const json::array_t*>();
  if (entries == nullptr) return JsonError("added_tokens", JsonKind(added_tokens), "an array");
  std::vector<std::string> spellings;  // what the map's keys point into
  for (const TokenSpec& token : spec->tokens) spellings.push_back(Spelling(token));
  IdBySpelling ids;
  for (uint32_t id = 0; id < spellings.size(); ++id) {
    if (spec->tokens[id].flags != 0) ids.emplace(spellings[id], id);
  }
  auto next_id = static_cast<uint32_t>(ids.size());
  spec->added.reserve(entries->size());
  absl::flat_hash_set<std::string> normalized;
  for (const json& entry : *entries) {
    std::string path = absl::StrCat("added_tokens[", spec->added.size(), "]");
    LATHE_ASSIGN_OR_RETURN(AddedTokenSpec token, ReadAddedToken(entry, path));
    LATHE_RETURN_IF_ERROR(CheckAddedId(token, path, ids, next_id, *spec));
    next_id = std::max(next_id, token.id + 1);
    if (token.id >= spec->tokens.size()) spec->tokens.resize(token.id + 1);
    TokenSpec& slot = spec->tokens[token.id];
    if (slot.flags == 0) slot = MakeToken(token.content, 0);
    slot.flags |= kAddedToken | (token.special ? kSpecialToken : 0);
    ids.emplace(*entry["content"].get_ptr<const json::string_t*>(), token.id);
    LATHE_RETURN_IF_ERROR(NormalizeContent(path, spec->normalizer, &normalized, &token));
    spec->added.push_back(std::move(token));
  }
  return absl::OkStatus();
}

}  // namespace lathe
