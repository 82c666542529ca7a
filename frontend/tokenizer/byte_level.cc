#include "frontend/tokenizer/byte_level.h"

#include <array>
#include <cstdint>

#include "frontend/tokenizer/unicode.h"

namespace lathe {
namespace {

constexpr int kNumShifted = 68;  // bytes that do not stand for themselves
constexpr char32_t kFirstShifted = 0x100;

constexpr bool StandsForItself(int byte) {
  return (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
}

constexpr std::array<char32_t, 256> MakeByteToChar() {
  std::array<char32_t, 256> chars{};
  char32_t next = kFirstShifted;
  for (int byte = 0; byte < 256; ++byte) {
    chars[byte] = StandsForItself(byte) ? static_cast<char32_t>(byte) : next++;
  }
  return chars;
}
constexpr std::array<char32_t, 256> kByteToChar = MakeByteToChar();

constexpr std::array<uint8_t, kNumShifted> MakeShiftedToByte() {
  std::array<uint8_t, kNumShifted> bytes{};
  for (int byte = 0; byte < 256; ++byte) {
    if (!StandsForItself(byte))
      bytes[kByteToChar[byte] - kFirstShifted] = static_cast<uint8_t>(byte);
  }
  return bytes;
}
constexpr std::array<uint8_t, kNumShifted> kShiftedToByte = MakeShiftedToByte();

}  // namespace

std::string BytesToAlphabet(absl::string_view bytes) {
  std::string text;
  for (char byte : bytes) AppendUtf8(kByteToChar[static_cast<uint8_t>(byte)], &text);
  return text;
}

std::optional<std::string> AlphabetToBytes(absl::string_view text) {
  std::string bytes;
  for (size_t pos = 0; pos < text.size();) {
    Utf8Step step = ReadUtf8(text, pos);
    if (step.kind != Utf8Step::kValid) return std::nullopt;
    char32_t c = step.code_point;
    if (c < 256 && StandsForItself(static_cast<int>(c))) {
      bytes.push_back(static_cast<char>(c));
    } else if (c >= kFirstShifted && c < kFirstShifted + kNumShifted) {
      bytes.push_back(static_cast<char>(kShiftedToByte[c - kFirstShifted]));
    } else {
      return std::nullopt;
    }
    pos += step.length;
  }
  return bytes;
}

}  // namespace lathe
