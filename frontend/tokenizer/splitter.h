// Cuts text into the pieces inside which BPE merges: what the split expressions of tokenizer files
// say, without a regex engine.
//   Splitter splitter(SplitRule::kLetters, "don't 12");
//   while (splitter.Next(&piece)) ...   // "don", "'t", " ", "1", "2"
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace lathe {

// The known lists of expressions. The numbers are part of the table format.
enum class SplitRule : uint32_t {
  kLetters = 1,          // one expression; words are letters, digits stand alone
  kLettersAndMarks = 2,  // the same with combining marks as part of words
  kThreeStages = 3,  // digits in threes; Chinese and kana runs; then words, punctuation and spaces
};

// The rule that these expressions, applied one after the other, spell out; none when they are not
// known.
std::optional<SplitRule> RecogniseSplitRule(const std::vector<std::string>& expressions);

class Splitter {
 public:
  // `text` is valid UTF-8 and outlives the splitter.
  Splitter(SplitRule rule, absl::string_view text) : rule_(rule), text_(text) {}

  // The next piece; the pieces are not empty and together are the text. False at the end. Linear
  // over all calls.
  bool Next(absl::string_view* piece);

 private:
  size_t NextInSegment();

  SplitRule rule_;
  absl::string_view text_;
  size_t pos_ = 0;
  size_t segment_end_ = 0;  // kThreeStages: where the piece of the first two stages ends
};

}  // namespace lathe
