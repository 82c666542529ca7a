// A tokenizer as plain values: what a reader of a file fills in and what the tables are built from.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "frontend/tokenizer/splitter.h"

namespace lathe {

enum class NormalizerKind : uint32_t {
  kNone = 1,
  kNfc = 2
};  // the numbers are part of the table format

// Bits of a token.
enum TokenFlag : uint8_t {
  kModelToken = 1,  // an entry of the BPE vocabulary
  kAddedToken = 2,  // cut out of the text before BPE
  kSpecialToken = 4,
  kByteLevelToken = 8,  // spelt in the byte-level alphabet; others are spelt as they are
  kWholePiece =
      16,  // a piece with these bytes is this token, without merging (set by the table builder)
};

struct TokenSpec {
  std::string bytes;  // what the token decodes to
  uint8_t flags = 0;  // no bits: the id is unused
};

struct MergeSpec {
  uint32_t left;
  uint32_t right;
  uint32_t merged;
};

struct AddedTokenSpec {
  std::string content;  // as matched: normalised when `normalized` is set
  uint32_t id;
  bool special = false;
  bool normalized =
      false;  // matched in the normalised text, after those that are matched in the raw text
  bool strips_left = false;  // takes white space before it along
  bool strips_right = false;
};

struct TokenizerSpec {
  std::vector<TokenSpec> tokens;  // by id
  std::vector<MergeSpec> merges;  // by rank
  std::vector<AddedTokenSpec> added;
  std::vector<uint32_t> prefix;  // ids in front of each encoded text
  std::vector<uint32_t> suffix;  // and behind it
  SplitRule split_rule = SplitRule::kLetters;
  NormalizerKind normalizer = NormalizerKind::kNone;
  bool ignore_merges = false;  // a piece that is a token is never merged from its bytes
};

}  // namespace lathe
