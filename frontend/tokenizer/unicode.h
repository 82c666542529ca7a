// Code points: reading them from UTF-8, repairing what is not UTF-8, and the properties that
// tokenizers split on.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "runtime/base/utf8.h"

namespace lathe {

// One step through a byte string that may hold anything.
struct Utf8Step {
  enum Kind : uint8_t {
    kValid,
    kInvalid,
    kCut
  };  // kCut: a proper prefix of a character, at the end
  Kind kind;
  uint8_t length;  // kInvalid: the longest prefix of a character that stands here, at least 1
  char32_t code_point;
};
Utf8Step ReadUtf8(absl::string_view bytes, size_t pos);

bool IsValidUtf8(absl::string_view bytes);

// Appends `bytes` with each ill-formed sequence as one U+FFFD: "maximal subparts" of the Unicode
// standard, section 3.9.
void AppendReplacingInvalid(absl::string_view bytes, std::string* out);

// The size of `bytes` without a character at the end that further bytes could complete.
size_t CompletePrefixSize(absl::string_view bytes);

// The character at `pos` of valid UTF-8; pos < text.size().
struct Utf8Char {
  char32_t code_point;
  uint8_t length;
};
inline Utf8Char DecodeValidUtf8(absl::string_view text, size_t pos) {
  auto byte = [&](size_t i) { return static_cast<char32_t>(static_cast<uint8_t>(text[pos + i])); };
  char32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  if (lead < 0xe0) return {(lead & 0x1f) << 6 | (byte(1) & 0x3f), 2};
  if (lead < 0xf0) return {(lead & 0x0f) << 12 | (byte(1) & 0x3f) << 6 | (byte(2) & 0x3f), 3};
  return {(lead & 0x07) << 18 | (byte(1) & 0x3f) << 12 | (byte(2) & 0x3f) << 6 | (byte(3) & 0x3f),
          4};
}

// Properties as bits; a character has at most one of letter .. space (by general category, space by
// White_Space).
enum CharClass : uint8_t {
  kLetter = 1,
  kMark = 2,
  kNumber = 4,
  kPunctuation = 8,
  kSymbol = 16,
  kSpace = 32,
  kLineBreak = 64,  // CR and LF, besides kSpace
};

namespace internal {
uint8_t ClassifyWide(char32_t code_point);
constexpr std::array<uint8_t, 128> MakeAsciiClasses() {
  std::array<uint8_t, 128> classes{};
  for (int c = 0; c < 128; ++c) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
      classes[c] = kLetter;
    } else if (c >= '0' && c <= '9') {
      classes[c] = kNumber;
    } else if (c == '\r' || c == '\n') {
      classes[c] = kSpace | kLineBreak;
    } else if (c == ' ' || (c >= '\t' && c <= '\r')) {
      classes[c] = kSpace;
    } else if (c == '$' || c == '+' || (c >= '<' && c <= '>') || c == '^' || c == '`' || c == '|' ||
               c == '~') {
      classes[c] = kSymbol;
    } else if (c > ' ' && c < 127) {
      classes[c] = kPunctuation;
    }
  }
  return classes;
}
inline constexpr std::array<uint8_t, 128> kAsciiClasses = MakeAsciiClasses();
}  // namespace internal

// The CharClass bits of a code point; 0 for controls, format characters, private use and unassigned
// ones.
inline uint8_t Classify(char32_t code_point) {
  return code_point < 128 ? internal::kAsciiClasses[code_point]
                          : internal::ClassifyWide(code_point);
}

}  // namespace lathe
