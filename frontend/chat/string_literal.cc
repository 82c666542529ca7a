#include "frontend/chat/string_literal.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "frontend/chat/text.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

constexpr absl::string_view kPlain = "\\'\"abfnrtv";
constexpr absl::string_view kPlainValues = "\\'\"\a\b\f\n\r\t\v";

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return absl::ascii_tolower(c) - 'a' + 10;
}

// \x, \u and \U with 2, 4 and 8 digits; `s` starts behind the letter and loses the digits.
absl::Status AppendHex(char letter, absl::string_view* s, std::string* out) {
  size_t digits = letter == 'x' ? 2 : letter == 'u' ? 4 : 8;
  uint32_t value = 0;
  for (size_t i = 0; i < digits; ++i) {
    if (i >= s->size() || !absl::ascii_isxdigit((*s)[i])) {
      return absl::InvalidArgumentError(absl::StrCat("truncated escape '\\", std::string(1, letter),
                                                     "' in a string, expected ", digits,
                                                     " hexadecimal digits"));
    }
    value = value * 16 + static_cast<uint32_t>(HexDigit((*s)[i]));
  }
  if (value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) {
    return absl::InvalidArgumentError(absl::StrCat("escape '\\", std::string(1, letter),
                                                   s->substr(0, digits),
                                                   "' in a string is no Unicode character"));
  }
  s->remove_prefix(digits);
  AppendUtf8(value, out);
  return absl::OkStatus();
}

void AppendOctal(absl::string_view* s, std::string* out) {
  char32_t value = 0;
  for (int i = 0; i < 3 && !s->empty() && s->front() >= '0' && s->front() <= '7'; ++i) {
    value = value * 8 + static_cast<char32_t>(s->front() - '0');
    s->remove_prefix(1);
  }
  AppendUtf8(value, out);
}

// `s` starts behind the backslash and loses the escape.
absl::Status AppendEscape(absl::string_view* s, std::string* out) {
  char letter = s->front();
  if (size_t plain = kPlain.find(letter); plain != absl::string_view::npos) {
    out->push_back(kPlainValues[plain]);
  } else if (letter >= '0' && letter <= '7') {
    AppendOctal(s, out);
    return absl::OkStatus();
  } else if (letter == 'x' || letter == 'u' || letter == 'U') {
    s->remove_prefix(1);
    return AppendHex(letter, s, out);
  } else if (letter == 'N') {
    return absl::InvalidArgumentError(
        "escape '\\N' in a string: characters by name are not supported");
  } else if (letter != '\n') {  // a line that goes on
    absl::StrAppend(out, "\\", std::string(1, letter));
  }
  s->remove_prefix(1);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> UnescapeString(absl::string_view body) {
  std::string out;
  while (!body.empty()) {
    size_t backslash = body.find('\\');
    absl::StrAppend(&out, body.substr(0, backslash));
    if (backslash == absl::string_view::npos || backslash + 1 == body.size()) break;
    body.remove_prefix(backslash + 1);
    LATHE_RETURN_IF_ERROR(AppendEscape(&body, &out));
  }
  return out;
}

}  // namespace lathe
