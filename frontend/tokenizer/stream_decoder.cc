#include "frontend/tokenizer/stream_decoder.h"

#include "frontend/tokenizer/unicode.h"

namespace lathe {

std::string StreamDecoder::Push(int32_t id) {
  if (options_.skip_special && tokenizer_->IsSpecial(id)) return "";
  absl::string_view bytes = tokenizer_->TokenText(id);
  pending_.append(bytes.data(), bytes.size());
  size_t complete = CompletePrefixSize(pending_);
  std::string text;
  AppendReplacingInvalid(absl::string_view(pending_).substr(0, complete), &text);
  pending_.erase(0, complete);
  return text;
}

std::string StreamDecoder::Finish() {
  std::string text;
  AppendReplacingInvalid(pending_, &text);
  pending_.clear();
  return text;
}

}  // namespace lathe
