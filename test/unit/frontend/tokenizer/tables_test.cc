#include "frontend/tokenizer/tables.h"

#include <cstddef>
#include <functional>

#include "frontend/tokenizer/table_builder.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::HasSubstr;

std::string GoodTables() {
  TokenizerSpec spec;
  for (int byte = 0; byte < 256; ++byte) {
    spec.tokens.push_back({std::string(1, static_cast<char>(byte)), kModelToken | kByteLevelToken});
  }
  spec.tokens.push_back({"ab", kModelToken | kByteLevelToken});
  spec.merges.push_back({'a', 'b', 256});
  for (const char* content : {"<x>", "<y>"}) {
    spec.added.push_back({.content = content, .id = static_cast<uint32_t>(spec.tokens.size())});
    spec.added.push_back({.content = content, .id = 0, .normalized = true});
    spec.tokens.push_back({content, kAddedToken});
  }
  spec.prefix = {1};
  spec.suffix = {2};
  return BuildTables(spec).value();
}

TableHeader HeaderOf(const std::string& bytes) {
  TableHeader header;
  std::memcpy(&header, bytes.data(), sizeof(header));
  return header;
}

// Makes the checksum right again, as one who alters tables on purpose would.
std::string Sealed(std::string bytes) {
  uint64_t checksum = Hash64(absl::string_view(bytes).substr(kChecksummedFrom));
  std::memcpy(bytes.data() + offsetof(TableHeader, checksum), &checksum, sizeof(checksum));
  return bytes;
}

std::string WithHeader(const std::function<void(TableHeader*)>& change) {
  std::string bytes = GoodTables();
  TableHeader header = HeaderOf(bytes);
  change(&header);
  std::memcpy(bytes.data(), &header, sizeof(header));
  return Sealed(bytes);
}

// The tables with element `index` of the section of u32 that begins at `section` replaced.
std::string WithWord(uint64_t TableLayout::*section, size_t index, uint32_t value) {
  std::string bytes = GoodTables();
  TableLayout layout(HeaderOf(bytes));
  std::memcpy(bytes.data() + layout.*section + index * sizeof(value), &value, sizeof(value));
  return Sealed(bytes);
}

void ExpectDamaged(const std::string& bytes, absl::string_view message) {
  EXPECT_THAT(TokenizerTables::Open(bytes),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr(std::string(message))));
}

TEST(TokenizerTables, OpensWhatTheBuilderWrote) {
  LATHE_EXPECT_OK(TokenizerTables::Open(GoodTables()));
  LATHE_EXPECT_OK(TokenizerTables::Open(Sealed(GoodTables())));
}

TEST(TokenizerTables, RefusesEveryCut) {
  std::string bytes = GoodTables();
  for (size_t size = 0; size < bytes.size(); ++size) {
    ASSERT_EQ(TokenizerTables::Open(absl::string_view(bytes).substr(0, size)).status().code(),
              absl::StatusCode::kDataLoss)
        << size;
  }
  ExpectDamaged("", "0 bytes, expected at least 72");
  ExpectDamaged(bytes.substr(0, 100), "100 bytes, expected ");
  ExpectDamaged(bytes + "x", " by their header");
}

TEST(TokenizerTables, RefusesEveryAlteredByte) {
  std::string bytes = GoodTables();
  for (size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = static_cast<char>(bytes[i] ^ 0x10);
    ASSERT_FALSE(TokenizerTables::Open(bytes).ok()) << i;
    bytes[i] = static_cast<char>(bytes[i] ^ 0x10);
  }
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  ExpectDamaged(bytes, "tokenizer tables: checksum does not match: altered bytes; compile");
}

TEST(TokenizerTables, NamesForeignBytesAndVersions) {
  ExpectDamaged(std::string(100, 'x'), "do not begin with LATHETOK");
  EXPECT_THAT(TokenizerTables::Open(WithHeader([](TableHeader* h) { h->version = 2; })),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("format version 2, this program reads version 1")));
}

TEST(TokenizerTables, ChecksTheHeader) {
  ExpectDamaged(WithHeader([](TableHeader* h) { h->split_rule = 4; }), "split rule 4");
  ExpectDamaged(WithHeader([](TableHeader* h) { h->normalizer = 0; }), "normaliser 0");
  ExpectDamaged(WithHeader([](TableHeader* h) { h->num_ids = 0; }), "0 ids");
  ExpectDamaged(WithHeader([](TableHeader* h) { h->num_ids = UINT32_MAX; }), "4294967295 ids");
  ExpectDamaged(WithHeader([](TableHeader* h) { h->num_merge_slots = UINT32_MAX; }),
                " by their counts");
  ExpectDamaged(WithHeader([](TableHeader* h) { ++h->added_bytes; }), " by their counts");
}

TEST(TokenizerTables, ChecksTheContents) {
  ExpectDamaged(WithWord(&TableLayout::token_offsets, 0, 1), "token offsets are out of order");
  ExpectDamaged(WithWord(&TableLayout::token_offsets, 5, 7), "token offsets are out of order");
  ExpectDamaged(WithWord(&TableLayout::token_offsets, 259, 1u << 30), "token offsets");
  ExpectDamaged(WithWord(&TableLayout::byte_tokens, 9, 259), "the token of byte 9 is no id");
  ExpectDamaged(WithWord(&TableLayout::prefix, 0, 259), "prefix token 0 is no id");
  ExpectDamaged(WithWord(&TableLayout::suffix, 0, 259), "suffix token 0 is no id");
  ExpectDamaged(WithWord(&TableLayout::raw_first, '<', 1), "raw added tokens: index of byte 60");
  ExpectDamaged(WithWord(&TableLayout::normalized_first, 256, 3), "index of byte 256");
  ExpectDamaged(WithWord(&TableLayout::raw_added, 0, 3), "raw added token 1 is out of order");
  ExpectDamaged(WithWord(&TableLayout::raw_added, 0, 99), "raw added token 0 lies outside");
  ExpectDamaged(WithWord(&TableLayout::raw_added, 1, 0), "raw added token 0 lies outside");
  ExpectDamaged(WithWord(&TableLayout::normalized_added, 2, 259),
                "normalized added token 0 lies outside");
}

// Slots are looked at when they are used.
TEST(TokenizerTables, SlotsWithImpossibleIdsAreMisses) {
  std::string bytes = GoodTables();
  TableHeader header = HeaderOf(bytes);
  TableLayout layout(header);
  for (uint32_t i = 0; i < header.num_merge_slots; ++i) {
    MergeSlot slot = {'a', 'b', 0, 259};
    std::memcpy(bytes.data() + layout.merge_slots + i * sizeof(slot), &slot, sizeof(slot));
  }
  for (uint32_t i = 0; i < header.num_token_slots; ++i) {
    TokenSlot slot = {0, 259};
    std::memcpy(bytes.data() + layout.token_slots + i * sizeof(slot), &slot, sizeof(slot));
  }
  bytes = Sealed(bytes);
  LATHE_ASSERT_OK_AND_ASSIGN(TokenizerTables tables, TokenizerTables::Open(bytes));
  EXPECT_EQ(tables.FindMerge('a', 'b').rank, kNoRank);
  EXPECT_EQ(tables.FindMerge('x', 'y').rank, kNoRank);  // no free slot: the search is bounded
  EXPECT_EQ(tables.FindToken("ab", true), kNoToken);
}

}  // namespace
}  // namespace lathe
