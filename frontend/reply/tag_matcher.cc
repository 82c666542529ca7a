#include "frontend/reply/tag_matcher.h"

#include <algorithm>

#include "absl/strings/match.h"

namespace lathe {

bool TagMatcher::HeldStartsATag() const {
  return std::any_of(tags_.begin(), tags_.end(),
                     [this](absl::string_view tag) { return absl::StartsWith(tag, held_); });
}

std::optional<size_t> TagMatcher::Push(char byte, std::string* text) {
  // Tags have no '<' but their first byte, so one always starts anew and nothing is searched twice.
  if (byte == '<') {
    Finish(text);
  } else if (held_.empty()) {
    text->push_back(byte);
    return std::nullopt;
  }
  held_.push_back(byte);
  const auto found = std::find(tags_.begin(), tags_.end(), held_);
  if (found != tags_.end()) {
    held_.clear();
    return static_cast<size_t>(found - tags_.begin());
  }
  if (!HeldStartsATag()) Finish(text);
  return std::nullopt;
}

void TagMatcher::Finish(std::string* text) {
  text->append(held_);
  held_.clear();
}

}  // namespace lathe
