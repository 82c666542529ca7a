#include "frontend/tokenizer/stop_strings.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "runtime/base/check.h"

namespace lathe {

StopStrings::StopStrings(std::vector<std::string> strings) : strings_(std::move(strings)) {
  for (const std::string& each : strings_) LATHE_CHECK(!each.empty()) << "an empty stop string";
}

// The size of the longest stop string that the first `end` bytes of what is pending end with, which
// is then the one found; 0 when there is none.
size_t StopStrings::LongestEndingAt(size_t end) {
  const absl::string_view text = absl::string_view(pending_).substr(0, end);
  size_t longest = 0;
  for (size_t i = 0; i < strings_.size(); ++i) {
    if (strings_[i].size() <= longest || !absl::EndsWith(text, strings_[i])) continue;
    longest = strings_[i].size();
    found_ = i;
  }
  return longest;
}

// The size of the longest end of what is pending that a stop string begins with.
size_t StopStrings::HeldSize() const {
  size_t held = 0;
  for (const std::string& each : strings_) {
    for (size_t size = std::min(each.size() - 1, pending_.size()); size > held; --size) {
      if (absl::EndsWith(pending_, absl::string_view(each).substr(0, size))) held = size;
    }
  }
  return held;
}

std::string StopStrings::Push(absl::string_view piece) {
  if (found_.has_value()) return "";
  size_t end = pending_.size();
  pending_.append(piece.data(), piece.size());
  while (end < pending_.size()) {
    const size_t size = LongestEndingAt(++end);
    if (size > 0) return std::exchange(pending_, "").substr(0, end - size);
  }
  const size_t ready = pending_.size() - HeldSize();
  std::string text = pending_.substr(0, ready);
  pending_.erase(0, ready);
  return text;
}

std::string StopStrings::Finish() { return std::exchange(pending_, ""); }

std::optional<std::string> StopStrings::found() const {
  if (!found_.has_value()) return std::nullopt;
  return strings_[*found_];
}

}  // namespace lathe
