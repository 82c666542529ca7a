// Strings at the border between Abseil, whose string_view is a type of its own in the packaged version, and std.
#pragma once

#include <string>
#include <string_view>

#include "absl/strings/string_view.h"

namespace lathe {

inline absl::string_view ToAbsl(std::string_view s) { return {s.data(), s.size()}; }
inline std::string_view ToStd(absl::string_view s) { return {s.data(), s.size()}; }

// "1.50 GiB", "12.0 KiB", "7 B".
std::string HumanBytes(uint64_t bytes);

// The candidate nearest to `word` by edit distance, or "" when none is near enough to be a likely slip, as for any word longer than
// kMaxSlipBytes: words come out of foreign files, and comparing two long ones takes the product of their sizes.
// Used for "did you mean" in messages.
inline constexpr size_t kMaxSlipBytes = 256;
template <typename Range>
std::string Nearest(absl::string_view word, const Range& candidates);

// Levenshtein distance of two byte strings.
size_t EditDistance(absl::string_view a, absl::string_view b);

// Whether `text` is what `pattern` describes, where "*" stands for any characters, none among them.
bool GlobMatches(absl::string_view pattern, absl::string_view text);

// `s` in double quotes with control characters and quotes escaped, cut to `limit` bytes: for messages.
std::string Quoted(absl::string_view s, size_t limit = 120);

template <typename Range>
std::string Nearest(absl::string_view word, const Range& candidates) {
  std::string best;
  if (word.size() > kMaxSlipBytes) return best;
  size_t best_distance = word.size() / 3 + 2;
  for (const auto& candidate : candidates) {
    if (candidate.size() >= word.size() + best_distance) continue;  // at least as far as that
    size_t distance = EditDistance(word, absl::string_view(candidate.data(), candidate.size()));
    if (distance < best_distance) {
      best_distance = distance;
      best = std::string(candidate.data(), candidate.size());
    }
  }
  return best;
}

}  // namespace lathe
