#include "runtime/base/text_position.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace lathe {

TextPosition PositionAt(absl::string_view text, size_t offset) {
  const absl::string_view before = text.substr(0, std::min(offset, text.size()));
  const size_t newlines = static_cast<size_t>(std::count(before.begin(), before.end(), '\n'));
  const size_t last = before.rfind('\n');
  const size_t line_begin = last == absl::string_view::npos ? 0 : last + 1;
  return {newlines + 1, before.size() - line_begin + 1};
}

std::string Describe(const TextPosition& position) {
  return absl::StrCat("line ", position.line, ", column ", position.column);
}

}  // namespace lathe
