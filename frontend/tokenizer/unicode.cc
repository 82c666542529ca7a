#include "frontend/tokenizer/unicode.h"

#include <utf8proc.h>

namespace lathe {
namespace {

constexpr absl::string_view kReplacement = "\xef\xbf\xbd";  // U+FFFD

struct LeadRule {
  uint8_t length;  // 0: no character begins with this byte
  uint8_t
      second_first;  // the range of the second byte, which excludes overlong forms and surrogates
  uint8_t second_last;
};

// Table 3-7 of the Unicode standard, "Well-Formed UTF-8 Byte Sequences".
LeadRule RuleOf(uint8_t lead) {
  if (lead < 0x80) return {1, 0, 0};
  if (lead < 0xc2) return {0, 0, 0};
  if (lead < 0xe0) return {2, 0x80, 0xbf};
  if (lead == 0xe0) return {3, 0xa0, 0xbf};
  if (lead == 0xed) return {3, 0x80, 0x9f};
  if (lead < 0xf0) return {3, 0x80, 0xbf};
  if (lead == 0xf0) return {4, 0x90, 0xbf};
  if (lead < 0xf4) return {4, 0x80, 0xbf};
  if (lead == 0xf4) return {4, 0x80, 0x8f};
  return {0, 0, 0};
}

bool IsWhiteSpace(char32_t c) {
  return c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 ||
         c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

}  // namespace

Utf8Step ReadUtf8(absl::string_view bytes, size_t pos) {
  LeadRule rule = RuleOf(static_cast<uint8_t>(bytes[pos]));
  if (rule.length == 0) return {Utf8Step::kInvalid, 1, 0};
  for (uint8_t i = 1; i < rule.length; ++i) {
    if (pos + i == bytes.size()) return {Utf8Step::kCut, i, 0};
    auto byte = static_cast<uint8_t>(bytes[pos + i]);
    uint8_t first = i == 1 ? rule.second_first : 0x80;
    uint8_t last = i == 1 ? rule.second_last : 0xbf;
    if (byte < first || byte > last) return {Utf8Step::kInvalid, i, 0};
  }
  return {Utf8Step::kValid, rule.length, DecodeValidUtf8(bytes, pos).code_point};
}

bool IsValidUtf8(absl::string_view bytes) {
  for (size_t pos = 0; pos < bytes.size();) {
    if (static_cast<uint8_t>(bytes[pos]) < 0x80) {
      ++pos;
      continue;
    }
    Utf8Step step = ReadUtf8(bytes, pos);
    if (step.kind != Utf8Step::kValid) return false;
    pos += step.length;
  }
  return true;
}

void AppendReplacingInvalid(absl::string_view bytes, std::string* out) {
  size_t copied = 0;
  for (size_t pos = 0; pos < bytes.size();) {
    Utf8Step step = ReadUtf8(bytes, pos);
    if (step.kind != Utf8Step::kValid) {
      out->append(bytes.data() + copied, pos - copied);
      out->append(kReplacement.data(), kReplacement.size());
      copied = pos + step.length;
    }
    pos += step.length;
  }
  out->append(bytes.data() + copied, bytes.size() - copied);
}

size_t CompletePrefixSize(absl::string_view bytes) {
  // A cut character is at most three bytes long, and its first byte is not a continuation byte.
  for (size_t back = 1; back <= 3 && back <= bytes.size(); ++back) {
    size_t pos = bytes.size() - back;
    if ((static_cast<uint8_t>(bytes[pos]) & 0xc0) == 0x80) continue;
    Utf8Step step = ReadUtf8(bytes, pos);
    return step.kind == Utf8Step::kCut ? pos : bytes.size();
  }
  return bytes.size();
}

namespace internal {

uint8_t ClassifyWide(char32_t code_point) {
  if (IsWhiteSpace(code_point)) return kSpace;
  utf8proc_category_t category = utf8proc_category(static_cast<utf8proc_int32_t>(code_point));
  if (category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO) return kLetter;
  if (category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME) return kMark;
  if (category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO) return kNumber;
  if (category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO) return kPunctuation;
  if (category >= UTF8PROC_CATEGORY_SM && category <= UTF8PROC_CATEGORY_SO) return kSymbol;
  return 0;
}

}  // namespace internal
}  // namespace lathe
