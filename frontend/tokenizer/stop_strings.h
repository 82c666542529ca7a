// Ends a text that comes in pieces where one of some strings has come, without ever giving out a
// part of that string.
//   StopStrings stops({"\n\n", "###"});
//   for (piece : pieces) { std::cout << stops.Push(piece); if (stops.found()) break; }
//   std::cout << stops.Finish();
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace lathe {

// The end is where the first of the strings is complete, the longest of those that end there; so it
// does not depend on how the text is cut into pieces. Pieces of whole UTF-8 characters stay whole
// when the strings are UTF-8.
class StopStrings {
 public:
  // None may be empty.
  explicit StopStrings(std::vector<std::string> strings);

  // The text that cannot be part of a stop string any more; nothing after one was found.
  std::string Push(absl::string_view piece);
  // What was held back because it began like a stop string.
  std::string Finish();

  // The string that ended the text.
  std::optional<std::string> found() const;

 private:
  size_t LongestEndingAt(size_t end);
  size_t HeldSize() const;

  std::vector<std::string> strings_;
  std::string pending_;  // not given out yet
  std::optional<size_t> found_;
};

}  // namespace lathe
