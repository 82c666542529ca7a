// The tokens of a template and the place that has been reached; shared by the parsers of
// expressions and statements.
//   if (cursor.Accept("[")) ...   LATHE_RETURN_IF_ERROR(cursor.Expect("]"));
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "frontend/chat/lexer.h"

namespace lathe {

class TokenCursor {
 public:
  TokenCursor(const std::vector<Token>& tokens, absl::string_view name)
      : tokens_(tokens), name_(name) {}

  const Token& Peek(size_t offset = 0) const;  // the end, again and again, once it is reached
  const Token& Next();
  // Takes the operator or the name when it comes next.
  bool Accept(absl::string_view op);
  bool AcceptName(absl::string_view name);
  absl::Status Expect(absl::string_view op);
  absl::StatusOr<std::string> ExpectName(absl::string_view what);

  absl::Status Error(const Token& token, absl::string_view message) const;
  // "unexpected X, expected `expected`", at the next token.
  absl::Status Unexpected(absl::string_view expected) const;

  // Counts constructs that are open; Enter refuses too many of them.
  absl::Status Enter();
  void Leave() { --depth_; }

 private:
  const std::vector<Token>& tokens_;
  absl::string_view name_;
  size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace lathe
