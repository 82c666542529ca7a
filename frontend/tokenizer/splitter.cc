#include "frontend/tokenizer/splitter.h"

#include "frontend/tokenizer/unicode.h"

namespace lathe {
namespace {

constexpr absl::string_view kLettersExpression =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|)"
    R"(\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr absl::string_view kLettersAndMarksExpression =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}|)"
    R"( ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr absl::string_view kDigitsExpression = R"(\p{N}{1,3})";
// U+4E00-9FA5 (Chinese), U+3040-309F (Hiragana), U+30A0-30FF (Katakana).
constexpr absl::string_view kCjkExpression =
    "[\xe4\xb8\x80-\xe9\xbe\xa5\xe3\x81\x80-\xe3\x82\x9f\xe3\x82\xa0-\xe3\x83\xbf]+";
constexpr absl::string_view kWordsExpression =
    R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+|)"
    R"( ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

// Files write line breaks in expressions raw or escaped; the meaning is the same.
std::string WithEscapedLineBreaks(absl::string_view expression) {
  std::string out;
  for (char c : expression) {
    if (c == '\r') {
      out += "\\r";
    } else if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

struct Char {
  char32_t code_point = 0;
  uint8_t length = 0;  // 0 at the end of the text
  uint8_t classes = 0;

  bool Is(uint8_t mask) const { return (classes & mask) != 0; }
};

// Reads classes of characters; the text's end reads as a character without any.
class Cursor {
 public:
  explicit Cursor(absl::string_view text) : text_(text) {}

  Char At(size_t pos) const {
    if (pos >= text_.size()) return {};
    Utf8Char c = DecodeValidUtf8(text_, pos);
    return {c.code_point, c.length, Classify(c.code_point)};
  }
  // The end of the run from `pos` of characters in the mask.
  size_t SkipAll(size_t pos, uint8_t mask) const {
    for (Char c = At(pos); c.Is(mask); c = At(pos)) pos += c.length;
    return pos;
  }
  // The end of the run from `pos` of characters outside the mask.
  size_t SkipNone(size_t pos, uint8_t mask) const {
    for (Char c = At(pos); c.length != 0 && !c.Is(mask); c = At(pos)) pos += c.length;
    return pos;
  }
  size_t size() const { return text_.size(); }

 private:
  absl::string_view text_;
};

// `\s*[\r\n]+|\s+(?!\S)|\s+` where `pos` stands on white space: up to the run's last line break;
// else the run without its last character, which goes with the word behind it; else the run.
size_t EndOfWhiteSpace(const Cursor& text, size_t pos) {
  size_t end = pos;
  size_t after_line_break = 0;
  size_t last_char = pos;
  for (Char c = text.At(end); c.Is(kSpace); c = text.At(end)) {
    last_char = end;
    end += c.length;
    if (c.Is(kLineBreak)) after_line_break = end;
  }
  if (after_line_break != 0) return after_line_break;
  if (end == text.size() || last_char == pos) return end;
  return last_char;
}

// `(?i:'s|'t|'re|'ve|'m|'ll|'d)`: the end, or `pos` where there is none. U+017F folds to s.
size_t EndOfContraction(const Cursor& text, size_t pos) {
  if (text.At(pos).code_point != '\'') return pos;
  auto lower = [](char32_t c) { return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c; };
  Char first = text.At(pos + 1);
  char32_t a = lower(first.code_point);
  size_t end = pos + 1 + first.length;
  if (a == 's' || a == 0x17f || a == 't' || a == 'm' || a == 'd') return end;
  char32_t b = lower(text.At(end).code_point);
  bool matches = (a == 'r' && b == 'e') || (a == 'v' && b == 'e') || (a == 'l' && b == 'l');
  return matches ? end + 1 : pos;
}

// The one-stage expressions: alternatives in their order; one of them always matches.
size_t EndOfWordPiece(const Cursor& text, size_t pos, uint8_t word) {
  if (size_t end = EndOfContraction(text, pos); end != pos) return end;
  Char c = text.At(pos);
  if (!c.Is(kLetter | kNumber | kLineBreak) && text.At(pos + c.length).Is(word)) {
    return text.SkipAll(pos + c.length, word);
  }
  if (c.Is(word)) return text.SkipAll(pos, word);
  if (c.Is(kNumber)) return pos + c.length;
  const uint8_t not_punctuation = word | kNumber | kSpace;
  size_t begin = c.code_point == ' ' ? pos + 1 : pos;
  if (Char first = text.At(begin); first.length != 0 && !first.Is(not_punctuation)) {
    return text.SkipAll(text.SkipNone(begin, not_punctuation), kLineBreak);
  }
  return EndOfWhiteSpace(text, pos);
}

bool IsAsciiLetter(char32_t c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// The third stage of kThreeStages: the end of the match at `pos`, or `pos` where no alternative
// matches.
size_t EndOfThirdStage(const Cursor& text, size_t pos) {
  Char c = text.At(pos);
  if (c.code_point < 128 && c.Is(kPunctuation | kSymbol)) {
    size_t end = pos + 1;
    while (IsAsciiLetter(text.At(end).code_point)) ++end;
    if (end > pos + 1) return end;
  }
  constexpr uint8_t kWord = kLetter | kMark;
  if (!c.Is(kLineBreak | kLetter | kPunctuation | kSymbol) && text.At(pos + c.length).Is(kWord)) {
    return text.SkipAll(pos + c.length, kWord);
  }
  if (c.Is(kWord)) return text.SkipAll(pos, kWord);
  size_t begin = c.code_point == ' ' ? pos + 1 : pos;
  if (text.At(begin).Is(kPunctuation | kSymbol)) {
    return text.SkipAll(text.SkipAll(begin, kPunctuation | kSymbol), kLineBreak);
  }
  return c.Is(kSpace) ? EndOfWhiteSpace(text, pos) : pos;
}

bool IsCjk(char32_t c) { return (c >= 0x4e00 && c <= 0x9fa5) || (c >= 0x3040 && c <= 0x30ff); }

// The piece of the first two stages that begins at `pos`: up to three digits, or a run of Chinese
// and kana, or what lies between.
size_t EndOfSecondStage(const Cursor& text, size_t pos) {
  Char c = text.At(pos);
  const bool is_number = c.Is(kNumber);
  const bool is_cjk = IsCjk(c.code_point);
  int count = 0;
  while (c.length != 0 && c.Is(kNumber) == is_number && IsCjk(c.code_point) == is_cjk &&
         !(is_number && count == 3)) {
    pos += c.length;
    ++count;
    c = text.At(pos);
  }
  return pos;
}

}  // namespace

std::optional<SplitRule> RecogniseSplitRule(const std::vector<std::string>& expressions) {
  std::vector<std::string> plain;
  plain.reserve(expressions.size());
  for (const std::string& expression : expressions) {
    plain.push_back(WithEscapedLineBreaks(expression));
  }
  if (plain.size() == 1 && plain[0] == kLettersExpression) return SplitRule::kLetters;
  if (plain.size() == 1 && plain[0] == kLettersAndMarksExpression) {
    return SplitRule::kLettersAndMarks;
  }
  if (plain.size() == 3 && plain[0] == kDigitsExpression && plain[1] == kCjkExpression &&
      plain[2] == kWordsExpression) {
    return SplitRule::kThreeStages;
  }
  return std::nullopt;
}

// Where nothing matches, the third stage leaves the characters up to the next match as a piece of
// their own.
size_t Splitter::NextInSegment() {
  if (pos_ == segment_end_) segment_end_ = EndOfSecondStage(Cursor(text_), pos_);
  Cursor segment(text_.substr(0, segment_end_));
  if (segment.At(pos_).Is(kNumber)) return segment_end_;
  if (size_t end = EndOfThirdStage(segment, pos_); end != pos_) return end;
  size_t gap_end = pos_;
  do {
    gap_end += segment.At(gap_end).length;
  } while (gap_end < segment_end_ && EndOfThirdStage(segment, gap_end) == gap_end);
  return gap_end;
}

bool Splitter::Next(absl::string_view* piece) {
  if (pos_ == text_.size()) return false;
  Cursor text(text_);
  size_t end = 0;
  switch (rule_) {
    case SplitRule::kLetters:
      end = EndOfWordPiece(text, pos_, kLetter);
      break;
    case SplitRule::kLettersAndMarks:
      end = EndOfWordPiece(text, pos_, kLetter | kMark);
      break;
    case SplitRule::kThreeStages:
      end = NextInSegment();
      break;
  }
  *piece = text_.substr(pos_, end - pos_);
  pos_ = end;
  return true;
}

}  // namespace lathe
