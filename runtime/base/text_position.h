// Where a byte of a text stands, as people count: for messages about files that people edit.
//   TextPosition at = PositionAt(text, offset);   // "line 3, column 7"
#pragma once

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace lathe {

struct TextPosition {
  size_t line = 1;    // from 1
  size_t column = 1;  // in bytes, from 1
};

// The position of the byte at `offset`; offsets behind the end mean the end.
TextPosition PositionAt(absl::string_view text, size_t offset);

// "line 3, column 7".
std::string Describe(const TextPosition& position);

}  // namespace lathe
