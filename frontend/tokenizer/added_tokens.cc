#include "frontend/tokenizer/added_tokens.h"

#include "frontend/tokenizer/unicode.h"

namespace lathe {
namespace {

// The first index in [first, last) whose content has a byte >= `byte` at `depth`; the range shares
// its first `depth` bytes.
uint32_t LowerBound(const AddedTokenTable& table, uint32_t first, uint32_t last, size_t depth,
                    int byte) {
  auto byte_at = [&](uint32_t index) {
    absl::string_view content = table.ContentAt(index);
    return depth < content.size() ? static_cast<int>(static_cast<uint8_t>(content[depth])) : -1;
  };
  while (first < last) {
    uint32_t middle = first + (last - first) / 2;
    if (byte_at(middle) < byte) {
      first = middle + 1;
    } else {
      last = middle;
    }
  }
  return first;
}

// The entry with the longest content that `text` goes on with at `pos`, or kNoToken.
// The sorted table is walked as a trie: a node is a range of entries that share a prefix.
uint32_t LongestAt(const AddedTokenTable& table, absl::string_view text, size_t pos) {
  uint32_t longest = kNoToken;
  int byte = static_cast<uint8_t>(text[pos]);
  uint32_t first = table.FirstWith(byte);
  uint32_t last = table.FirstWith(byte + 1);
  for (size_t depth = 1; first < last; ++depth) {
    if (table.ContentAt(first).size() == depth) longest = first;
    if (pos + depth == text.size()) break;
    byte = static_cast<uint8_t>(text[pos + depth]);
    first = LowerBound(table, first, last, depth, byte);
    last = LowerBound(table, first, last, depth, byte + 1);
  }
  return longest;
}

size_t SkipSpaceBack(absl::string_view text, size_t limit, size_t pos) {
  while (pos > limit) {
    size_t begin = pos - 1;
    while (begin > limit && (static_cast<uint8_t>(text[begin]) & 0xc0) == 0x80) --begin;
    if ((Classify(DecodeValidUtf8(text, begin).code_point) & kSpace) == 0) break;
    pos = begin;
  }
  return pos;
}

size_t SkipSpace(absl::string_view text, size_t pos) {
  while (pos < text.size()) {
    Utf8Char c = DecodeValidUtf8(text, pos);
    if ((Classify(c.code_point) & kSpace) == 0) break;
    pos += c.length;
  }
  return pos;
}

}  // namespace

bool FindAddedToken(const AddedTokenTable& table, absl::string_view text, size_t from,
                    AddedMatch* match) {
  if (table.size() == 0) return false;
  for (size_t pos = from; pos < text.size(); ++pos) {
    uint32_t index = LongestAt(table, text, pos);
    if (index == kNoToken) continue;
    AddedTokenTable::Entry entry = table.At(index);
    size_t end = pos + entry.content.size();
    match->begin = entry.strips_left ? SkipSpaceBack(text, from, pos) : pos;
    match->end = entry.strips_right ? SkipSpace(text, end) : end;
    match->id = entry.id;
    match->special = entry.special;
    return true;
  }
  return false;
}

}  // namespace lathe
