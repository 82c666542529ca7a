#include "frontend/chat/token_cursor.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "frontend/chat/limits.h"

namespace lathe {

const Token& TokenCursor::Peek(size_t offset) const {
  return tokens_[std::min(at_ + offset, tokens_.size() - 1)];
}

const Token& TokenCursor::Next() {
  const Token& token = Peek();
  if (at_ + 1 < tokens_.size()) ++at_;
  return token;
}

bool TokenCursor::Accept(absl::string_view op) {
  if (!Peek().Is(op)) return false;
  Next();
  return true;
}

bool TokenCursor::AcceptName(absl::string_view name) {
  if (!Peek().IsName(name)) return false;
  Next();
  return true;
}

absl::Status TokenCursor::Expect(absl::string_view op) {
  if (Accept(op)) return absl::OkStatus();
  return Unexpected(absl::StrCat("'", op, "'"));
}

absl::StatusOr<std::string> TokenCursor::ExpectName(absl::string_view what) {
  if (Peek().kind != TokenKind::kName) return Unexpected(what);
  return Next().text;
}

absl::Status TokenCursor::Error(const Token& token, absl::string_view message) const {
  return SyntaxError(name_, token.at, message);
}

absl::Status TokenCursor::Unexpected(absl::string_view expected) const {
  return Error(Peek(), absl::StrCat("unexpected ", Describe(Peek()), ", expected ", expected));
}

absl::Status TokenCursor::Enter() {
  if (++depth_ <= kMaxSyntaxDepth) return absl::OkStatus();
  return Error(Peek(), absl::StrCat("the template nests deeper than ", kMaxSyntaxDepth, " levels"));
}

}  // namespace lathe
