#include "frontend/tokenizer/tokenizer_json.h"

#include "absl/strings/str_cat.h"
#include "frontend/tokenizer/json_document.h"
#include "frontend/tokenizer/pipeline_reader.h"
#include "frontend/tokenizer/vocabulary_reader.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/strings.h"

namespace lathe {
namespace {

using nlohmann::json;

constexpr size_t kMaxJsonBytes = size_t{1} << 28;  // the largest published file has 33 MB

// Cutting or filling up texts is for training batches; a run must not do it silently.
absl::Status CheckNotUsed(JsonObject* root, absl::string_view key) {
  if (root->IsBlank(key)) return absl::OkStatus();
  return absl::UnimplementedError(absl::StrCat(key, ": not supported, expected null"));
}

}  // namespace

absl::StatusOr<TokenizerSpec> ReadTokenizerJson(absl::string_view text) {
  if (text.size() > kMaxJsonBytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat(HumanBytes(text.size()), ", expected at most ", HumanBytes(kMaxJsonBytes)));
  }
  LATHE_ASSIGN_OR_RETURN(json document, ParseJson(text));
  LATHE_ASSIGN_OR_RETURN(JsonObject root, JsonObject::Open(document, ""));
  LATHE_ASSIGN_OR_RETURN(std::string version, root.String("version"));
  if (version != "1.0") {
    return absl::UnimplementedError(
        absl::StrCat("version: ", Quoted(version), " is not supported, expected \"1.0\""));
  }
  LATHE_RETURN_IF_ERROR(CheckNotUsed(&root, "truncation"));
  LATHE_RETURN_IF_ERROR(CheckNotUsed(&root, "padding"));
  LATHE_ASSIGN_OR_RETURN(const json* model, root.Required("model"));
  LATHE_ASSIGN_OR_RETURN(const json* pre_tokenizer, root.Required("pre_tokenizer"));
  LATHE_ASSIGN_OR_RETURN(const json* decoder, root.Required("decoder"));
  const json* normalizer = root.Find("normalizer");
  const json* added_tokens = root.Find("added_tokens");
  const json* post_processor = root.Find("post_processor");
  LATHE_RETURN_IF_ERROR(root.CheckAllRead());

  TokenizerSpec spec;
  if (normalizer != nullptr) LATHE_RETURN_IF_ERROR(ReadNormalizer(*normalizer, &spec));
  LATHE_RETURN_IF_ERROR(ReadPreTokenizer(*pre_tokenizer, &spec));
  LATHE_RETURN_IF_ERROR(CheckDecoder(*decoder));
  LATHE_RETURN_IF_ERROR(ReadModel(*model, &spec));
  if (added_tokens != nullptr) LATHE_RETURN_IF_ERROR(ReadAddedTokens(*added_tokens, &spec));
  if (post_processor != nullptr) LATHE_RETURN_IF_ERROR(ReadPostProcessor(*post_processor, &spec));
  return spec;
}

}  // namespace lathe
