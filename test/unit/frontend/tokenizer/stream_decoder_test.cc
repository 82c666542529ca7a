#include "frontend/tokenizer/stream_decoder.h"

#include <random>

#include "test/support/status_matchers.h"
#include "test/unit/frontend/tokenizer/tiny_tokenizer.h"

namespace lathe {
namespace {

using ::lathe::testing::TinyTokenizer;

TEST(StreamDecoder, HoldsBackCutCharacters) {
  Tokenizer tokenizer = TinyTokenizer();
  std::vector<int32_t> ids = tokenizer.Encode("a\U0001F600b", {.add_template = false});
  ASSERT_EQ(ids.size(), 6u);
  StreamDecoder decoder(tokenizer);
  EXPECT_EQ(decoder.Push(ids[0]), "a");
  EXPECT_EQ(decoder.Push(ids[1]), "");
  EXPECT_EQ(decoder.Push(ids[2]), "");
  EXPECT_EQ(decoder.Push(ids[3]), "");
  EXPECT_EQ(decoder.Push(ids[4]), "\U0001F600");
  EXPECT_EQ(decoder.Push(ids[5]), "b");
  EXPECT_EQ(decoder.Finish(), "");
}

TEST(StreamDecoder, GivesUpACharacterThatDoesNotGoOn) {
  Tokenizer tokenizer = TinyTokenizer();
  std::vector<int32_t> ids = tokenizer.Encode("\U0001F600", {.add_template = false});
  StreamDecoder decoder(tokenizer);
  EXPECT_EQ(decoder.Push(ids[0]), "");
  EXPECT_EQ(decoder.Push(*tokenizer.TokenToId("a")), "\uFFFDa");
  EXPECT_EQ(decoder.Push(ids[3]), "\uFFFD");  // a continuation byte alone is wrong at once
}

TEST(StreamDecoder, FinishGivesWhatIsHeldBackAndStartsAfresh) {
  Tokenizer tokenizer = TinyTokenizer();
  std::vector<int32_t> ids = tokenizer.Encode("\U0001F600", {.add_template = false});
  StreamDecoder decoder(tokenizer);
  decoder.Push(ids[0]);
  EXPECT_EQ(decoder.Finish(), "\uFFFD");
  EXPECT_EQ(decoder.Finish(), "");
  EXPECT_EQ(decoder.Push(*tokenizer.TokenToId("a")), "a");
}

TEST(StreamDecoder, SkipsSpecialTokensOnDemand) {
  Tokenizer tokenizer = TinyTokenizer();
  int32_t end = *tokenizer.TokenToId("<|end|>");
  EXPECT_EQ(StreamDecoder(tokenizer).Push(end), "<|end|>");
  StreamDecoder skipping(tokenizer, {.skip_special = true});
  EXPECT_EQ(skipping.Push(end), "");
  EXPECT_EQ(skipping.Push(*tokenizer.TokenToId("<think>")), "<think>");
}

TEST(StreamDecoder, EqualsDecodeForRandomIds) {
  Tokenizer tokenizer = TinyTokenizer();
  std::mt19937 random(3);
  for (int round = 0; round < 300; ++round) {
    std::vector<int32_t> ids(random() % 24);
    // Mostly single bytes (ids below 256), which make and break characters.
    for (int32_t& id : ids) id = static_cast<int32_t>(random() % (random() % 4 == 0 ? 420 : 256));
    for (bool skip : {false, true}) {
      StreamDecoder decoder(tokenizer, {.skip_special = skip});
      std::string text;
      for (int32_t id : ids) text += decoder.Push(id);
      text += decoder.Finish();
      EXPECT_EQ(text, tokenizer.Decode(ids, {.skip_special = skip}));
    }
  }
}

}  // namespace
}  // namespace lathe
