// The byte-level alphabet: each byte has one printable character, so that vocabularies of bytes can
// be written as text. After GPT-2's encoder.py bytes_to_unicode: printable Latin-1 stands for
// itself, the other 68 bytes take U+0100, U+0101, ... in order.
#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace lathe {

// "\n a" -> "ĊĠa".
std::string BytesToAlphabet(absl::string_view bytes);

// "ĊĠa" -> "\n a"; none when `text` has a character outside the alphabet (or is not UTF-8).
std::optional<std::string> AlphabetToBytes(absl::string_view text);

}  // namespace lathe
