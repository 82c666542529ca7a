// Turns token ids into text as they come, at the borders of characters.
//   StreamDecoder decoder(tokenizer, {.skip_special = true});
//   for (int32_t id : ids) std::cout << decoder.Push(id);
//   std::cout << decoder.Finish();
#pragma once

#include <cstdint>
#include <string>

#include "frontend/tokenizer/tokenizer.h"

namespace lathe {

// What all calls return together is Tokenizer::Decode of all ids. The tokenizer outlives the
// decoder.
class StreamDecoder {
 public:
  explicit StreamDecoder(const Tokenizer& tokenizer, DecodeOptions options = {})
      : tokenizer_(&tokenizer), options_(options) {}

  // The text that `id` completes. A character that is not whole yet, at most 3 bytes, is held back.
  std::string Push(int32_t id);
  // What was held back, as U+FFFD, and a fresh start.
  std::string Finish();

 private:
  const Tokenizer* tokenizer_;
  DecodeOptions options_;
  std::string pending_;
};

}  // namespace lathe
