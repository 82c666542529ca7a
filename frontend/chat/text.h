// Strings as Python sees them: sequences of code points, held as UTF-8. A byte that belongs to no
// valid sequence counts as one code point and is passed through unchanged.
//   CodePointCount("é") == 1;  StripSpace(" a\n", Side::kBoth) == "a";
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "runtime/base/utf8.h"

namespace lathe {

inline constexpr char32_t kReplacementCharacter = 0xFFFD;

// The code point at the front of `s` (not empty) and how many bytes it takes; U+FFFD and 1 where
// the bytes are invalid.
struct CodePoint {
  char32_t value;
  int size;
};
CodePoint FirstCodePoint(absl::string_view s);
// The code point at the end of `s` (not empty).
CodePoint LastCodePoint(absl::string_view s);

// The offset of the first invalid byte, or npos when all of `s` is valid UTF-8.
size_t FindInvalidUtf8(absl::string_view s);

size_t CodePointCount(absl::string_view s);
std::vector<absl::string_view> SplitCodePoints(absl::string_view s);

// The offset of `needle` in `s` from `from` on, or npos; in linear time, which the find of
// string_view does not promise.
size_t FindText(absl::string_view s, absl::string_view needle, size_t from = 0);

// Python's str.isspace, U+001C to U+001F included.
bool IsSpace(char32_t c);
// Python's str.isprintable: what repr() shows as it is.
bool IsPrintable(char32_t c);

enum class Side { kLeft, kRight, kBoth };
absl::string_view StripSpace(absl::string_view s, Side side);
// Removes code points that occur in `chars`.
absl::string_view StripChars(absl::string_view s, absl::string_view chars, Side side);

// Python's str.split(None, max_splits): pieces between runs of white space; max_splits < 0 means
// all.
std::vector<absl::string_view> SplitSpace(absl::string_view s, int64_t max_splits);
// Python's str.splitlines().
std::vector<absl::string_view> SplitLines(absl::string_view s);

// Simple case mapping, one code point to one; of Python's special mappings only that of U+00DF is
// followed.
std::string Upper(absl::string_view s);
std::string Lower(absl::string_view s);
std::string Capitalize(absl::string_view s);
// Each run of letters begins with a capital, as in Python's str.title().
std::string Title(absl::string_view s);
// Every code point has the property, and there is at least one: str.isdigit, str.isalpha.
bool IsDigits(absl::string_view s);
bool IsLetters(absl::string_view s);

}  // namespace lathe
