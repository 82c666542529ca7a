#include "frontend/chat/text.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstring>

namespace lathe {
namespace {

bool IsLetter(char32_t c) {
  utf8proc_category_t category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}

bool IsLineEnd(char32_t c) {
  return (c >= 0x0A && c <= 0x0D) || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 ||
         c == 0x2029;
}

char32_t ToLower(char32_t c) {
  return static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c)));
}
char32_t ToUpper(char32_t c) {
  return static_cast<char32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(c)));
}

// Calls visit(code point, its bytes) for each code point of `s`.
template <typename Visit>
void ForEachCodePoint(absl::string_view s, Visit visit) {
  while (!s.empty()) {
    CodePoint c = FirstCodePoint(s);
    visit(c.value, s.substr(0, c.size));
    s.remove_prefix(c.size);
  }
}

// Appends the mapped code point; bytes that are no code point stay as they are.
void AppendMapped(char32_t from, char32_t to, absl::string_view bytes, std::string* out) {
  if (from == to) {
    out->append(bytes.data(), bytes.size());
  } else {
    AppendUtf8(to, out);
  }
}

void AppendUpper(char32_t c, absl::string_view bytes, std::string* out) {
  if (c == 0xDF) {
    out->append("SS");
  } else {
    AppendMapped(c, ToUpper(c), bytes, out);
  }
}

template <typename Drop>
absl::string_view StripIf(absl::string_view s, Side side, Drop drop) {
  while (side != Side::kRight && !s.empty()) {
    CodePoint c = FirstCodePoint(s);
    if (!drop(c.value, s.substr(0, c.size))) break;
    s.remove_prefix(c.size);
  }
  while (side != Side::kLeft && !s.empty()) {
    CodePoint c = LastCodePoint(s);
    if (!drop(c.value, s.substr(s.size() - c.size))) break;
    s.remove_suffix(c.size);
  }
  return s;
}

template <typename Has>
bool AllOf(absl::string_view s, Has has) {
  bool all = !s.empty();
  ForEachCodePoint(s, [&](char32_t c, absl::string_view) { all = all && has(c); });
  return all;
}

}  // namespace

CodePoint FirstCodePoint(absl::string_view s) {
  auto first = static_cast<unsigned char>(s[0]);
  if (first < 0x80) return {first, 1};
  utf8proc_int32_t value = 0;
  utf8proc_ssize_t size =
      utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(s.data()),
                       static_cast<utf8proc_ssize_t>(std::min<size_t>(s.size(), 4)), &value);
  if (size <= 0) return {kReplacementCharacter, 1};
  return {static_cast<char32_t>(value), static_cast<int>(size)};
}

CodePoint LastCodePoint(absl::string_view s) {
  for (size_t size = 1; size <= std::min<size_t>(s.size(), 4); ++size) {
    absl::string_view tail = s.substr(s.size() - size);
    if ((static_cast<unsigned char>(tail[0]) & 0xC0) == 0x80) continue;
    CodePoint c = FirstCodePoint(tail);
    if (static_cast<size_t>(c.size) == size) return c;
    break;
  }
  return {kReplacementCharacter, 1};
}

size_t FindInvalidUtf8(absl::string_view s) {
  size_t at = 0;
  while (at < s.size()) {
    CodePoint c = FirstCodePoint(s.substr(at));
    if (c.value == kReplacementCharacter && c.size == 1) return at;
    at += static_cast<size_t>(c.size);
  }
  return absl::string_view::npos;
}

size_t CodePointCount(absl::string_view s) {
  size_t count = 0;
  ForEachCodePoint(s, [&](char32_t, absl::string_view) { ++count; });
  return count;
}

std::vector<absl::string_view> SplitCodePoints(absl::string_view s) {
  std::vector<absl::string_view> pieces;
  ForEachCodePoint(s, [&](char32_t, absl::string_view bytes) { pieces.push_back(bytes); });
  return pieces;
}

size_t FindText(absl::string_view s, absl::string_view needle, size_t from) {
  if (from > s.size()) return absl::string_view::npos;
  if (needle.empty()) return from;
  const void* found = ::memmem(s.data() + from, s.size() - from, needle.data(), needle.size());
  if (found == nullptr) return absl::string_view::npos;
  return static_cast<size_t>(static_cast<const char*>(found) - s.data());
}

bool IsSpace(char32_t c) {
  if (c < 0x80) return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20);
  return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
         c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

bool IsPrintable(char32_t c) {
  if (c < 0x7F) return c >= 0x20;
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_ZS:
      return false;
    default:
      return true;
  }
}

absl::string_view StripSpace(absl::string_view s, Side side) {
  return StripIf(s, side, [](char32_t c, absl::string_view) { return IsSpace(c); });
}

absl::string_view StripChars(absl::string_view s, absl::string_view chars, Side side) {
  std::vector<absl::string_view> set = SplitCodePoints(chars);
  std::sort(set.begin(), set.end());
  return StripIf(s, side, [&](char32_t, absl::string_view bytes) {
    return std::binary_search(set.begin(), set.end(), bytes);
  });
}

std::vector<absl::string_view> SplitSpace(absl::string_view s, int64_t max_splits) {
  std::vector<absl::string_view> pieces;
  s = StripSpace(s, Side::kLeft);
  while (!s.empty()) {
    if (max_splits >= 0 && static_cast<int64_t>(pieces.size()) == max_splits) {
      pieces.push_back(s);
      break;
    }
    size_t end = 0;
    while (end < s.size()) {
      CodePoint c = FirstCodePoint(s.substr(end));
      if (IsSpace(c.value)) break;
      end += static_cast<size_t>(c.size);
    }
    pieces.push_back(s.substr(0, end));
    s = StripSpace(s.substr(end), Side::kLeft);
  }
  return pieces;
}

std::vector<absl::string_view> SplitLines(absl::string_view s) {
  std::vector<absl::string_view> lines;
  size_t begin = 0;
  size_t at = 0;
  while (at < s.size()) {
    CodePoint c = FirstCodePoint(s.substr(at));
    size_t next = at + static_cast<size_t>(c.size);
    if (IsLineEnd(c.value)) {
      lines.push_back(s.substr(begin, at - begin));
      if (c.value == '\r' && next < s.size() && s[next] == '\n') ++next;
      begin = next;
    }
    at = next;
  }
  if (begin < s.size()) lines.push_back(s.substr(begin));
  return lines;
}

std::string Upper(absl::string_view s) {
  std::string out;
  ForEachCodePoint(s, [&](char32_t c, absl::string_view bytes) { AppendUpper(c, bytes, &out); });
  return out;
}

std::string Lower(absl::string_view s) {
  std::string out;
  ForEachCodePoint(
      s, [&](char32_t c, absl::string_view bytes) { AppendMapped(c, ToLower(c), bytes, &out); });
  return out;
}

std::string Capitalize(absl::string_view s) {
  if (s.empty()) return "";
  CodePoint first = FirstCodePoint(s);
  std::string out = Upper(s.substr(0, first.size));
  return out + Lower(s.substr(first.size));
}

std::string Title(absl::string_view s) {
  std::string out;
  bool in_word = false;
  ForEachCodePoint(s, [&](char32_t c, absl::string_view bytes) {
    if (in_word) {
      AppendMapped(c, ToLower(c), bytes, &out);
    } else {
      AppendUpper(c, bytes, &out);
    }
    in_word = IsLetter(c);
  });
  return out;
}

bool IsDigits(absl::string_view s) {
  return AllOf(s, [](char32_t c) {
    return utf8proc_category(static_cast<utf8proc_int32_t>(c)) == UTF8PROC_CATEGORY_ND;
  });
}

bool IsLetters(absl::string_view s) { return AllOf(s, IsLetter); }

}  // namespace lathe
