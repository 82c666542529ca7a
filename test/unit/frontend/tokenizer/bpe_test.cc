#include "frontend/tokenizer/bpe.h"

#include <map>
#include <random>

#include "frontend/tokenizer/table_builder.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::testing::ElementsAre;

// The 256 bytes (token = byte), then random merges of what is there, in the alphabet "abc".
TokenizerSpec RandomSpec(std::mt19937* random, size_t num_merges) {
  TokenizerSpec spec;
  std::map<std::string, uint32_t> ids;
  for (int byte = 0; byte < 256; ++byte) {
    spec.tokens.push_back({std::string(1, static_cast<char>(byte)), kModelToken | kByteLevelToken});
    ids[spec.tokens.back().bytes] = static_cast<uint32_t>(byte);
  }
  std::vector<uint32_t> usable = {'a', 'b', 'c'};
  std::map<std::pair<uint32_t, uint32_t>, bool> seen;
  while (spec.merges.size() < num_merges) {
    uint32_t left = usable[(*random)() % usable.size()];
    uint32_t right = usable[(*random)() % usable.size()];
    std::string bytes = spec.tokens[left].bytes + spec.tokens[right].bytes;
    if (bytes.size() > 12 || seen[{left, right}]) continue;
    seen[{left, right}] = true;
    auto [entry, is_new] = ids.emplace(bytes, static_cast<uint32_t>(spec.tokens.size()));
    if (is_new) {
      spec.tokens.push_back({bytes, kModelToken | kByteLevelToken});
      usable.push_back(entry->second);
    }
    spec.merges.push_back({left, right, entry->second});
  }
  return spec;
}

// The definition: the pair of lowest rank, the leftmost on ties, until there is none.
std::vector<int32_t> MergeByDefinition(const TokenizerSpec& spec, absl::string_view piece) {
  std::map<std::pair<uint32_t, uint32_t>, size_t> ranks;
  for (size_t i = 0; i < spec.merges.size(); ++i) {
    ranks[{spec.merges[i].left, spec.merges[i].right}] = i;
  }
  std::vector<uint32_t> tokens;
  for (char c : piece) tokens.push_back(static_cast<uint8_t>(c));
  for (;;) {
    size_t best_rank = spec.merges.size();
    size_t best_pos = 0;
    for (size_t i = 0; i + 1 < tokens.size(); ++i) {
      auto rank = ranks.find({tokens[i], tokens[i + 1]});
      if (rank != ranks.end() && rank->second < best_rank) {
        best_rank = rank->second;
        best_pos = i;
      }
    }
    if (best_rank == spec.merges.size()) break;
    tokens[best_pos] = spec.merges[best_rank].merged;
    tokens.erase(tokens.begin() + static_cast<ptrdiff_t>(best_pos) + 1);
  }
  return {tokens.begin(), tokens.end()};
}

TEST(PieceEncoder, AgreesWithTheDefinitionForShortAndLongPieces) {
  std::mt19937 random(17);
  for (int round = 0; round < 40; ++round) {
    TokenizerSpec spec = RandomSpec(&random, 5 + random() % 60);
    LATHE_ASSERT_OK_AND_ASSIGN(std::string bytes, BuildTables(spec));
    LATHE_ASSERT_OK_AND_ASSIGN(TokenizerTables tables, TokenizerTables::Open(bytes));
    PieceEncoder encoder(tables);
    for (size_t length : {1, 2, 3, 7, 12, 30, 63, 64, 65, 66, 130, 400}) {
      std::string piece;
      while (piece.size() < length) piece += static_cast<char>('a' + random() % (1 + round % 4));
      std::vector<int32_t> by_merging;
      std::vector<int32_t> with_whole_pieces;
      encoder.EncodeByMerging(piece, &by_merging);
      encoder.Encode(piece, &with_whole_pieces);
      EXPECT_EQ(by_merging, MergeByDefinition(spec, piece)) << piece;
      EXPECT_EQ(with_whole_pieces, by_merging) << piece;
    }
  }
}

TEST(PieceEncoder, AppendsToWhatIsThere) {
  std::mt19937 random(1);
  LATHE_ASSERT_OK_AND_ASSIGN(std::string bytes, BuildTables(RandomSpec(&random, 0)));
  LATHE_ASSERT_OK_AND_ASSIGN(TokenizerTables tables, TokenizerTables::Open(bytes));
  PieceEncoder encoder(tables);
  std::vector<int32_t> ids = {7};
  encoder.Encode("ab", &ids);
  encoder.EncodeByMerging("c\xff", &ids);
  encoder.EncodeByMerging("", &ids);
  EXPECT_THAT(ids, ElementsAre(7, 'a', 'b', 'c', 255));
}

// With merges for doubling, n bytes take n - 1 merges; a quadratic merge would take hours.
TEST(PieceEncoder, AMegabyteOfOneLetterIsQuick) {
  TokenizerSpec spec;
  std::mt19937 random(1);
  spec = RandomSpec(&random, 0);
  uint32_t last = 'a';
  for (int i = 0; i < 20; ++i) {
    auto merged = static_cast<uint32_t>(spec.tokens.size());
    spec.tokens.push_back(
        {spec.tokens[last].bytes + spec.tokens[last].bytes, kModelToken | kByteLevelToken});
    spec.merges.push_back({last, last, merged});
    last = merged;
  }
  LATHE_ASSERT_OK_AND_ASSIGN(std::string bytes, BuildTables(spec));
  LATHE_ASSERT_OK_AND_ASSIGN(TokenizerTables tables, TokenizerTables::Open(bytes));
  std::vector<int32_t> ids;
  PieceEncoder(tables).EncodeByMerging(std::string(1 << 20, 'a'), &ids);
  EXPECT_THAT(ids, ElementsAre(static_cast<int32_t>(last)));
}

}  // namespace
}  // namespace lathe
