// Template source -> tokens. White space around tags is already gone from the text tokens as
// trim_blocks, lstrip_blocks and the signs of the tags ({%- -%} {%+ +%}) demand; comments are gone,
// and {% raw %} has become text.
//   Tokenize("a\n{% if x %}", "t") == text "a\n", block begin, name "if", name "x", block end, end
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace lathe {

// Line and column count from 1; columns are code points.
struct SourcePosition {
  int line = 1;
  int column = 1;
};

enum class TokenKind {
  kText,
  kBlockBegin,  // {%
  kBlockEnd,    // %}
  kPrintBegin,  // {{
  kPrintEnd,    // }}
  kName,
  kString,
  kInt,
  kFloat,
  kOperator,
  kEnd,
};

struct Token {
  TokenKind kind;
  std::string text;  // of a string: its value; of a number: its digits without "_"; of kText: what
                     // is printed
  SourcePosition at;

  bool Is(absl::string_view operator_text) const {
    return kind == TokenKind::kOperator && text == operator_text;
  }
  bool IsName(absl::string_view name) const { return kind == TokenKind::kName && text == name; }
};

// "a name 'x'", "end of block": how messages call a token.
std::string Describe(const Token& token);

// `name` stands in front of messages: "name:line:column: ...". The last token is kEnd.
// Errors: InvalidArgument for what is no template.
absl::StatusOr<std::vector<Token>> Tokenize(absl::string_view source, absl::string_view name);

absl::Status SyntaxError(absl::string_view name, SourcePosition at, absl::string_view message);

}  // namespace lathe
