#include "frontend/json/json_events.h"

namespace lathe {

bool JsonEvents::parse_error(size_t offset, const std::string&,
                             const nlohmann::json::exception& error) {
  constexpr size_t kNone = absl::string_view::npos;
  // "[json...] parse error at line 1, column 5: X" and "[json...] X" -> X.
  absl::string_view what = error.what();
  if (const size_t tag = what.find("] "); tag != kNone) what.remove_prefix(tag + 2);
  const size_t column = what.find(", column ");
  const size_t colon = column == kNone ? kNone : what.find(": ", column);
  if (colon != kNone) what.remove_prefix(colon + 2);
  syntax_error_ = std::string(what.substr(0, 300));
  syntax_error_offset_ =
      offset == 0 ? 0 : offset - 1;  // the library counts the byte it stumbled on
  return false;
}

absl::Status JsonFailure(absl::string_view text, absl::string_view origin,
                         const JsonEvents& events) {
  if (!events.refusal().empty()) {
    return absl::InvalidArgumentError(absl::StrCat(origin, ": ", events.refusal()));
  }
  return absl::InvalidArgumentError(
      absl::StrCat(origin, ": ", Describe(PositionAt(text, events.syntax_error_offset())),
                   ": not JSON: ", events.syntax_error()));
}

}  // namespace lathe
