// After jinja2/lexer.py (Lexer.tokeniter and its rules), with lines kept exact and without line
// statements.
#include "frontend/chat/lexer.h"

#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "frontend/chat/string_literal.h"
#include "frontend/chat/text.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/strings.h"

namespace lathe {
namespace {

// Longer ones first.
constexpr absl::string_view kOperators[] = {"//", "**", "==", "!=", "<=", ">=", "+", "-", "*",
                                            "/",  "%",  "~",  "<",  ">",  "=",  "|", "(", ")",
                                            "[",  "]",  "{",  "}",  ",",  ":",  ".", ";"};

// All line ends become "\n", and one at the end of the source is dropped, as
// keep_trailing_newline=False says.
std::string NormalizeNewlines(absl::string_view source) {
  std::string out;
  out.reserve(source.size());
  for (size_t i = 0; i < source.size(); ++i) {
    if (source[i] != '\r') {
      out.push_back(source[i]);
    } else {
      out.push_back('\n');
      if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
    }
  }
  if (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

char ClosingOf(char open) { return open == '(' ? ')' : open == '[' ? ']' : '}'; }

class Lexer {
 public:
  Lexer(std::string source, absl::string_view name) : source_(std::move(source)), name_(name) {}

  absl::StatusOr<std::vector<Token>> Run() {
    while (at_ < source_.size()) {
      LATHE_RETURN_IF_ERROR(ReadTextAndTag());
    }
    Add(TokenKind::kEnd, "", Position(at_));
    return std::move(tokens_);
  }

 private:
  absl::string_view Rest() const { return absl::string_view(source_).substr(at_); }
  char Peek(size_t offset = 0) const {
    return at_ + offset < source_.size() ? source_[at_ + offset] : '\0';
  }

  void Add(TokenKind kind, absl::string_view text, SourcePosition at) {
    tokens_.push_back({kind, std::string(text), at});
  }
  absl::Status Error(size_t offset, absl::string_view message) {
    return SyntaxError(name_, Position(offset), message);
  }

  // Tokens ask for their positions in increasing order, so each scan goes on from the last one;
  // only an error looks back.
  SourcePosition Position(size_t offset) {
    if (offset < counted_) {
      counted_ = 0;
      position_ = SourcePosition();
    }
    for (; counted_ < offset; ++counted_) {
      auto byte = static_cast<unsigned char>(source_[counted_]);
      if (byte == '\n') {
        ++position_.line;
        position_.column = 1;
      } else if ((byte & 0xC0) != 0x80) {
        ++position_.column;
      }
    }
    return position_;
  }

  // Text up to the next tag, then the tag with all that it holds.
  absl::Status ReadTextAndTag() {
    size_t open = at_;
    while (true) {
      open = source_.find('{', open);
      if (open == std::string::npos || open + 1 >= source_.size()) {
        open = source_.size();
        break;
      }
      char next = source_[open + 1];
      if (next == '%' || next == '{' || next == '#') break;
      ++open;
    }
    size_t begin = at_;
    at_ = open;
    if (open == source_.size()) {
      AddText(begin, open, '\0', '\0');
      return absl::OkStatus();
    }
    char tag = source_[open + 1];
    at_ += 2;
    char sign = '\0';
    if (Peek() == '-' || Peek() == '+') sign = source_[at_++];
    AddText(begin, open, tag, sign);
    if (tag == '#') return SkipComment(open);
    if (tag == '%' && ReadRawBegin()) return ReadRaw(open);
    return ReadTag(tag, open);
  }

  // `tag` and `sign` belong to the tag that follows the text [begin, end).
  void AddText(size_t begin, size_t end, char tag, char sign) {
    absl::string_view text = absl::string_view(source_).substr(begin, end - begin);
    if (sign == '-') {
      text = StripSpace(text, Side::kRight);
    } else if (sign != '+' && (tag == '%' || tag == '#')) {  // lstrip_blocks
      size_t newline = text.rfind('\n');
      size_t line_begin = newline == absl::string_view::npos ? 0 : newline + 1;
      bool at_line_begin = line_begin > 0 || begin == 0 || source_[begin - 1] == '\n';
      if (at_line_begin && StripSpace(text.substr(line_begin), Side::kBoth).empty()) {
        text = text.substr(0, line_begin);
      }
    }
    if (!text.empty()) Add(TokenKind::kText, text, Position(begin));
  }

  // After the end of a tag: "-" eats white space, blocks and comments eat one newline
  // (trim_blocks).
  void TrimAfter(char sign, bool is_print) {
    if (sign == '-') {
      at_ = source_.size() - StripSpace(Rest(), Side::kLeft).size();
    } else if (sign != '+' && !is_print && Peek() == '\n') {
      ++at_;
    }
  }

  absl::Status SkipComment(size_t open) {
    size_t close = source_.find("#}", at_);
    if (close == std::string::npos) return Error(open, "this comment has no end '#}'");
    char sign = close > at_ && (source_[close - 1] == '-' || source_[close - 1] == '+')
                    ? source_[close - 1]
                    : '\0';
    at_ = close + 2;
    TrimAfter(sign, /*is_print=*/false);
    return absl::OkStatus();
  }

  void SkipSpace() { at_ = source_.size() - StripSpace(Rest(), Side::kLeft).size(); }

  // Behind "{%" and its sign: reads "raw %}" when it stands there.
  bool ReadRawBegin() {
    size_t saved = at_;
    SkipSpace();
    if (absl::StartsWith(Rest(), "raw")) {
      at_ += 3;
      SkipSpace();
      if (absl::StartsWith(Rest(), "%}")) {
        at_ += 2;
        return true;
      }
      if (absl::StartsWith(Rest(), "-%}")) {
        at_ += 3;
        SkipSpace();
        return true;
      }
    }
    at_ = saved;
    return false;
  }

  absl::Status ReadRaw(size_t open) {
    size_t begin = at_;
    while (true) {
      size_t tag = source_.find("{%", at_);
      if (tag == std::string::npos) return Error(open, "'raw' has no end '{% endraw %}'");
      at_ = tag + 2;
      char sign = Peek() == '-' || Peek() == '+' ? source_[at_++] : '\0';
      SkipSpace();
      if (!absl::StartsWith(Rest(), "endraw")) {
        at_ = tag + 2;
        continue;
      }
      at_ += 6;
      SkipSpace();
      char end_sign = Peek() == '-' || Peek() == '+' ? source_[at_++] : '\0';
      if (!absl::StartsWith(Rest(), "%}")) {
        at_ = tag + 2;
        continue;
      }
      at_ += 2;
      AddText(begin, tag, '%', sign);
      TrimAfter(end_sign, /*is_print=*/false);
      return absl::OkStatus();
    }
  }

  absl::Status ReadTag(char tag, size_t open) {
    bool is_print = tag == '{';
    absl::string_view end = is_print ? "}}" : "%}";
    Add(is_print ? TokenKind::kPrintBegin : TokenKind::kBlockBegin, "", Position(open));
    std::string closing;  // the brackets that are open, as the characters that close them
    while (true) {
      SkipSpace();
      if (at_ >= source_.size()) {
        return Error(open, absl::StrCat("this tag has no end '", end, "'"));
      }
      if (closing.empty()) {
        std::optional<char> sign = EndSign(end, is_print);
        if (sign.has_value()) {
          Add(is_print ? TokenKind::kPrintEnd : TokenKind::kBlockEnd, "", Position(at_));
          at_ += *sign == '\0' ? 2 : 3;
          TrimAfter(*sign, is_print);
          return absl::OkStatus();
        }
      }
      LATHE_RETURN_IF_ERROR(ReadToken(&closing));
    }
  }

  // The sign of the tag's end when it stands here, '\0' for an end without one.
  std::optional<char> EndSign(absl::string_view end, bool is_print) const {
    if (absl::StartsWith(Rest(), end)) return '\0';
    bool has_sign = Peek() == '-' || (Peek() == '+' && !is_print);
    if (has_sign && absl::StartsWith(Rest().substr(1), end)) return Peek();
    return std::nullopt;
  }

  absl::Status ReadToken(std::string* closing) {
    size_t begin = at_;
    char c = Peek();
    if (c == '\'' || c == '"') return ReadString();
    if (absl::ascii_isdigit(c)) return ReadNumber();
    if (absl::ascii_isalpha(c) || c == '_') {
      while (absl::ascii_isalnum(Peek()) || Peek() == '_') ++at_;
      Add(TokenKind::kName, absl::string_view(source_).substr(begin, at_ - begin), Position(begin));
      return absl::OkStatus();
    }
    for (absl::string_view op : kOperators) {
      if (!absl::StartsWith(Rest(), op)) continue;
      LATHE_RETURN_IF_ERROR(Balance(op[0], closing));
      Add(TokenKind::kOperator, op, Position(begin));
      at_ += op.size();
      return absl::OkStatus();
    }
    auto size = static_cast<size_t>(FirstCodePoint(Rest()).size);
    return Error(begin, absl::StrCat("unexpected character ", Quoted(Rest().substr(0, size))));
  }

  absl::Status Balance(char c, std::string* closing) {
    if (c == '(' || c == '[' || c == '{') {
      closing->push_back(ClosingOf(c));
    } else if (c == ')' || c == ']' || c == '}') {
      if (closing->empty()) return Error(at_, absl::StrCat("unexpected '", std::string(1, c), "'"));
      if (closing->back() != c) {
        return Error(at_, absl::StrCat("unexpected '", std::string(1, c), "', expected '",
                                       std::string(1, closing->back()), "'"));
      }
      closing->pop_back();
    }
    return absl::OkStatus();
  }

  absl::Status ReadString() {
    size_t begin = at_;
    char quote = source_[at_++];
    while (at_ < source_.size() && source_[at_] != quote) at_ += source_[at_] == '\\' ? 2 : 1;
    if (at_ >= source_.size()) return Error(begin, "this string has no end");
    absl::string_view body = absl::string_view(source_).substr(begin + 1, at_ - begin - 1);
    ++at_;
    auto value = UnescapeString(body);
    if (!value.ok()) return Error(begin, value.status().message());
    Add(TokenKind::kString, *value, Position(begin));
    return absl::OkStatus();
  }

  // Digits with "_" between them, of the given base.
  void ReadDigits(bool (*is_digit)(unsigned char)) {
    while (is_digit(Peek()) || (Peek() == '_' && is_digit(Peek(1)))) ++at_;
  }

  absl::Status ReadNumber() {
    size_t begin = at_;
    TokenKind kind = TokenKind::kInt;
    char base = absl::ascii_tolower(Peek(1));
    if (Peek() == '0' && (base == 'x' || base == 'b' || base == 'o')) {
      at_ += 2;
      ReadDigits(absl::ascii_isxdigit);
    } else {
      ReadDigits(absl::ascii_isdigit);
      if (Peek() == '.' && absl::ascii_isdigit(Peek(1))) {
        kind = TokenKind::kFloat;
        ++at_;
        ReadDigits(absl::ascii_isdigit);
      }
      size_t exponent = Peek(1) == '+' || Peek(1) == '-' ? 2 : 1;
      if ((Peek() == 'e' || Peek() == 'E') && absl::ascii_isdigit(Peek(exponent))) {
        kind = TokenKind::kFloat;
        at_ += exponent;
        ReadDigits(absl::ascii_isdigit);
      }
    }
    std::string digits;
    for (size_t i = begin; i < at_; ++i) {
      if (source_[i] != '_') digits.push_back(source_[i]);
    }
    Add(kind, digits, Position(begin));
    return absl::OkStatus();
  }

  const std::string source_;
  const absl::string_view name_;
  std::vector<Token> tokens_;
  size_t at_ = 0;
  size_t counted_ = 0;  // position_ is that of this offset
  SourcePosition position_;
};

}  // namespace

std::string Describe(const Token& token) {
  switch (token.kind) {
    case TokenKind::kText:
      return "text";
    case TokenKind::kBlockBegin:
      return "'{%'";
    case TokenKind::kBlockEnd:
      return "'%}'";
    case TokenKind::kPrintBegin:
      return "'{{'";
    case TokenKind::kPrintEnd:
      return "'}}'";
    case TokenKind::kString:
      return absl::StrCat("the string ", Quoted(token.text, 40));
    case TokenKind::kEnd:
      return "the end of the template";
    default:
      return absl::StrCat("'", token.text, "'");
  }
}

absl::StatusOr<std::vector<Token>> Tokenize(absl::string_view source, absl::string_view name) {
  if (size_t at = FindInvalidUtf8(source); at != absl::string_view::npos) {
    return absl::InvalidArgumentError(absl::StrCat(name, ": not valid UTF-8 at byte ", at,
                                                   ", expected a template as UTF-8 text"));
  }
  return Lexer(NormalizeNewlines(source), name).Run();
}

absl::Status SyntaxError(absl::string_view name, SourcePosition at, absl::string_view message) {
  return absl::InvalidArgumentError(
      absl::StrCat(name, ":", at.line, ":", at.column, ": ", message));
}

}  // namespace lathe
