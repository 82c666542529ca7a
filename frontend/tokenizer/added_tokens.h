// Finds added tokens in text: the leftmost, of these the longest.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "frontend/tokenizer/tables.h"

namespace lathe {

struct AddedMatch {
  size_t begin;  // with the white space that the token takes along
  size_t end;
  uint32_t id;
  bool special;
};

// The first match in `text` that begins at `from` or later; false when there is none. White space
// before `from` is not taken. After tokenizers' AddedVocabulary::find_matches. Where a token takes
// white space behind it along, the search goes on behind that.
bool FindAddedToken(const AddedTokenTable& table, absl::string_view text, size_t from,
                    AddedMatch* match);

}  // namespace lathe
