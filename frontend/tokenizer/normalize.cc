#include "frontend/tokenizer/normalize.h"

#include <utf8proc.h>

#include <algorithm>
#include <vector>

#include "frontend/tokenizer/unicode.h"
#include "runtime/base/check.h"

namespace lathe {
namespace {

// The longest canonical decomposition of one character has 4 code points (Unicode 15); the rest is
// slack.
constexpr int kMaxDecomposition = 16;

int CombiningClass(utf8proc_int32_t code_point) {
  return utf8proc_get_property(code_point)->combining_class;
}

// True when the character is the same in form C whatever stands around it, and nothing before it
// can combine with it or what follows: a starter without canonical decomposition that is never the
// second half of a composition.
bool IsInert(char32_t c) {
  if (c < 0xc0) return true;
  // Hangul composes by rule: vowels and trailing consonants, and syllables, which decompose.
  if ((c >= 0x1161 && c <= 0x11c2) || (c >= 0xac00 && c <= 0xd7a3)) return false;
  const utf8proc_property_t* property = utf8proc_get_property(static_cast<utf8proc_int32_t>(c));
  bool decomposes = property->decomp_seqindex != UINT16_MAX && property->decomp_type == 0;
  // utf8proc numbers the second halves of compositions from 0x8000 on.
  bool is_second = property->comb_index != UINT16_MAX && property->comb_index >= 0x8000;
  return property->combining_class == 0 && !decomposes && !is_second;
}

// Sorts a run of non-starters stably by combining class. utf8proc's own reordering exchanges
// neighbours, which takes quadratic time. The keys hold class, place and code point in 8, 35 and 21
// bits, so that a plain sort is stable.
void SortMarks(std::vector<utf8proc_int32_t>::iterator first,
               std::vector<utf8proc_int32_t>::iterator last) {
  auto by_class = [](auto a, auto b) { return CombiningClass(a) < CombiningClass(b); };
  if (std::is_sorted(first, last, by_class)) return;
  std::vector<uint64_t> keys;
  for (auto mark = first; mark != last; ++mark) {
    keys.push_back(static_cast<uint64_t>(CombiningClass(*mark)) << 56 |
                   static_cast<uint64_t>(keys.size()) << 21 | static_cast<uint64_t>(*mark));
  }
  std::sort(keys.begin(), keys.end());
  std::transform(keys.begin(), keys.end(), first,
                 [](uint64_t key) { return static_cast<utf8proc_int32_t>(key & 0x1fffff); });
}

// Decomposes canonically, with marks in the canonical order.
void Decompose(absl::string_view text, std::vector<utf8proc_int32_t>* out) {
  out->clear();
  for (size_t pos = 0; pos < text.size();) {
    Utf8Char c = DecodeValidUtf8(text, pos);
    utf8proc_int32_t parts[kMaxDecomposition];
    int last_boundclass = 0;
    utf8proc_ssize_t count =
        utf8proc_decompose_char(static_cast<utf8proc_int32_t>(c.code_point), parts,
                                kMaxDecomposition, UTF8PROC_DECOMPOSE, &last_boundclass);
    LATHE_CHECK(count > 0 && count <= kMaxDecomposition)
        << "decomposition of code point " << static_cast<uint32_t>(c.code_point);
    out->insert(out->end(), parts, parts + count);
    pos += c.length;
  }
  for (auto first = out->begin(); first != out->end();) {
    if (CombiningClass(*first) == 0) {
      ++first;
      continue;
    }
    auto last = std::find_if(first, out->end(), [](auto c) { return CombiningClass(c) == 0; });
    SortMarks(first, last);
    first = last;
  }
}

void AppendComposed(absl::string_view text, std::vector<utf8proc_int32_t>* scratch,
                    std::string* out) {
  Decompose(text, scratch);
  utf8proc_ssize_t count =
      utf8proc_normalize_utf32(scratch->data(), static_cast<utf8proc_ssize_t>(scratch->size()),
                               static_cast<utf8proc_option_t>(UTF8PROC_COMPOSE | UTF8PROC_STABLE));
  LATHE_CHECK(count >= 0) << "utf8proc_normalize_utf32 gave " << count;
  for (utf8proc_ssize_t i = 0; i < count; ++i) {
    AppendUtf8(static_cast<char32_t>((*scratch)[i]), out);
  }
}

}  // namespace

absl::string_view NormalizeNfc(absl::string_view text, std::string* buffer) {
  std::vector<utf8proc_int32_t> scratch;
  size_t copied = 0;        // text[0, copied) stands in the buffer in form C
  size_t region_begin = 0;  // the latest inert character, which the next one may combine with
  bool changed = false;
  buffer->clear();
  for (size_t pos = 0; pos < text.size();) {
    Utf8Char c = DecodeValidUtf8(text, pos);
    if (IsInert(c.code_point)) {
      region_begin = pos;
      pos += c.length;
      continue;
    }
    size_t end = pos + c.length;
    while (end < text.size()) {
      Utf8Char next = DecodeValidUtf8(text, end);
      if (IsInert(next.code_point)) break;
      end += next.length;
    }
    buffer->append(text.data() + copied, region_begin - copied);
    size_t composed_at = buffer->size();
    absl::string_view region = text.substr(region_begin, end - region_begin);
    AppendComposed(region, &scratch, buffer);
    changed = changed || absl::string_view(*buffer).substr(composed_at) != region;
    copied = region_begin = pos = end;
  }
  if (!changed) return text;
  buffer->append(text.data() + copied, text.size() - copied);
  return *buffer;
}

}  // namespace lathe
