#include "frontend/tokenizer/byte_level.h"

#include <set>

#include "frontend/tokenizer/unicode.h"
#include "gtest/gtest.h"

namespace lathe {
namespace {

TEST(ByteLevel, SpellsTheKnownExamples) {
  EXPECT_EQ(BytesToAlphabet(" a\n"), "\u0120a\u010a");
  EXPECT_EQ(BytesToAlphabet(absl::string_view("\0", 1)), "\u0100");
  EXPECT_EQ(BytesToAlphabet("\x7f\xa0\xad\xff"), "\u0121\u0142\u0143\u00ff");
  EXPECT_EQ(BytesToAlphabet("\u00e9"), "\u00c3\u00a9");
}

TEST(ByteLevel, EveryByteHasItsOwnCharacterAndComesBack) {
  std::set<std::string> characters;
  for (int byte = 0; byte < 256; ++byte) {
    std::string bytes(1, static_cast<char>(byte));
    std::string character = BytesToAlphabet(bytes);
    EXPECT_TRUE(characters.insert(character).second) << byte;
    EXPECT_EQ(AlphabetToBytes(character), bytes) << byte;
  }
}

TEST(ByteLevel, OtherCharactersAreOutside) {
  for (absl::string_view text : {" ", "\n", "\u0144", "\u00ad", "\u4f60", "a b", "\xff", "a\xc3"}) {
    EXPECT_EQ(AlphabetToBytes(text), std::nullopt) << text;
  }
  EXPECT_EQ(AlphabetToBytes(""), "");
}

}  // namespace
}  // namespace lathe
