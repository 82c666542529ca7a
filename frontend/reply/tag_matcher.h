// Finds tags in a stream of bytes. Bytes are held back only while they may still become a tag.
//   TagMatcher matcher({"<think>", "</think>"});
//   std::optional<size_t> tag = matcher.Push(byte, &text);
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace lathe {

class TagMatcher {
 public:
  // `tags` are those of tags.h or like them; the characters outlive the matcher.
  explicit TagMatcher(std::vector<absl::string_view> tags) : tags_(std::move(tags)) {}

  // The number of the tag that `byte` completes. Bytes that are no part of a tag are appended to
  // `text`.
  std::optional<size_t> Push(char byte, std::string* text);
  // The stream ends: what was held back is text.
  void Finish(std::string* text);

  absl::string_view tag(size_t number) const { return tags_[number]; }

 private:
  bool HeldStartsATag() const;

  std::vector<absl::string_view> tags_;
  std::string held_;
};

}  // namespace lathe
