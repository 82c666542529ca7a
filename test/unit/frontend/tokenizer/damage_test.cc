// Random damage to both forms of a tokenizer: a Status or a tokenizer that works, never a crash or
// a hang.
#include <cstddef>
#include <cstring>
#include <random>
#include <set>

#include "frontend/tokenizer/table_layout.h"
#include "frontend/tokenizer/tokenizer.h"
#include "test/support/status_matchers.h"
#include "test/unit/frontend/tokenizer/tiny_tokenizer.h"

namespace lathe {
namespace {

constexpr char kText[] =
    "the quick brown fox doesn't mind 123 \u00e9 e\u0301 \u4f60\u597d<left> <|end|><norm\u00e9>"
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\x01";

// Every method, with ids from all over.
void Exercise(const Tokenizer& tokenizer) {
  std::vector<int32_t> ids = tokenizer.Encode(kText);
  for (int32_t id : ids) {
    ASSERT_GE(id, 0);
    ASSERT_LT(id, tokenizer.size());
  }
  tokenizer.Decode(ids, {.skip_special = true});
  for (int32_t id = -1; id <= tokenizer.size() && id < 1000; ++id) {
    if (auto token = tokenizer.IdToToken(id)) tokenizer.TokenToId(*token);
  }
}

// One to three changes: a flipped bit, a random byte, bytes removed, or a part repeated.
std::string Damaged(std::string bytes, std::mt19937* random, bool may_move) {
  for (unsigned n = 1 + (*random)() % 3; n > 0; --n) {
    size_t pos = (*random)() % bytes.size();
    size_t size = std::min<size_t>((*random)() % 16, bytes.size() - pos);
    switch ((*random)() % (may_move ? 4 : 2)) {
      case 0:
        bytes[pos] = static_cast<char>(bytes[pos] ^ (1 << (*random)() % 8));
        break;
      case 1:
        bytes[pos] = static_cast<char>((*random)());
        break;
      case 2:
        bytes.erase(pos, size);
        break;
      default:
        bytes.insert(pos, bytes.substr(pos, size));
        break;
    }
  }
  return bytes;
}

TEST(Damage, OfJsonGivesAStatusOrATokenizer) {
  const std::string good = testing::TinyDocument().dump();
  std::mt19937 random(23);
  int refused = 0;
  for (int round = 0; round < 300; ++round) {
    auto tokenizer = Tokenizer::FromJson(Damaged(good, &random, /*may_move=*/true), "damaged");
    if (tokenizer.ok()) {
      Exercise(*tokenizer);
    } else {
      ++refused;
      EXPECT_NE(tokenizer.status().code(), absl::StatusCode::kInternal) << tokenizer.status();
    }
  }
  EXPECT_GT(refused, 150);
}

// Values of other kinds in all places: whatever the reader takes for granted, some round breaks.
TEST(Damage, OfValuesInJsonGivesAStatusOrATokenizer) {
  const nlohmann::json flat = testing::TinyDocument().flatten();
  std::set<std::string> places;
  size_t num_bulk = 0;
  for (const auto& entry : flat.items()) {
    // The many entries of the vocabulary and the merges are all alike: a few will do.
    bool is_bulk =
        entry.key().rfind("/model/vocab/", 0) == 0 || entry.key().rfind("/model/merges/", 0) == 0;
    if (is_bulk && num_bulk++ % 50 != 0) continue;
    for (std::string path = entry.key(); !path.empty(); path.resize(path.rfind('/'))) {
      places.insert(path);
    }
  }
  const std::vector<std::string> pointers(places.begin(), places.end());
  const nlohmann::json values = nlohmann::json::parse(
      R"([null, true, false, 0, -1, 1e300, 4294967296, "", "x", "\u0000", [], [[]], {},
          {"type": "Sequence"}])");
  const nlohmann::json good = testing::TinyDocument();
  std::mt19937 random(37);
  int refused = 0;
  for (int round = 0; round < 400; ++round) {
    nlohmann::json document = good;
    const std::string& pointer = pointers[random() % pointers.size()];
    document[nlohmann::json::json_pointer(pointer)] = values[random() % values.size()];
    auto tokenizer = Tokenizer::FromJson(document.dump(), "damaged");
    if (tokenizer.ok()) {
      Exercise(*tokenizer);
    } else {
      ++refused;
      EXPECT_NE(tokenizer.status().code(), absl::StatusCode::kInternal) << tokenizer.status();
    }
  }
  EXPECT_GT(refused, 200);
}

TEST(Damage, OfTablesIsAlwaysNoticed) {
  const std::string good = testing::TinyTokenizer().Serialize();
  std::mt19937 random(29);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes = Damaged(good, &random, /*may_move=*/true);
    if (bytes != good) EXPECT_FALSE(Tokenizer::FromTables(bytes).ok());
  }
}

// With the checksum made right again, the bounds are what is left.
TEST(Damage, OfTablesWithARightChecksumDoesNotCrash) {
  const std::string good = testing::TinyTokenizer().Serialize();
  std::mt19937 random(31);
  int opened = 0;
  for (int round = 0; round < 2000; ++round) {
    std::string bytes = Damaged(good, &random, /*may_move=*/false);
    uint64_t checksum = Hash64(absl::string_view(bytes).substr(kChecksummedFrom));
    std::memcpy(bytes.data() + offsetof(TableHeader, checksum), &checksum, sizeof(checksum));
    auto tokenizer = Tokenizer::FromTables(bytes);
    if (!tokenizer.ok()) continue;
    ++opened;
    Exercise(*tokenizer);
  }
  EXPECT_GT(opened, 100);
}

}  // namespace
}  // namespace lathe
