// The tiny tokenizer of test/data/tokenizer as a document that tests change before they read it.
#pragma once

#include <string>

#include "frontend/tokenizer/tokenizer.h"
#include "nlohmann/json.hpp"
#include "test/support/data.h"

namespace lathe::testing {

inline nlohmann::json TinyDocument() {
  return nlohmann::json::parse(
      ReadFileOrDie(SourcePath("test/data/tokenizer/tiny_tokenizer.json")));
}

// The document with the value at `pointer` ("/model/type") replaced.
inline nlohmann::json TinyDocumentWith(const std::string& pointer, nlohmann::json value) {
  nlohmann::json document = TinyDocument();
  document[nlohmann::json::json_pointer(pointer)] = std::move(value);
  return document;
}

inline Tokenizer TinyTokenizer() {
  return Tokenizer::FromJson(TinyDocument().dump(), "tiny_tokenizer.json").value();
}

}  // namespace lathe::testing
