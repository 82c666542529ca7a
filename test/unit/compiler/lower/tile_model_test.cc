#include "compiler/lower/tile_model.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "compiler/codegen/cpu/hot_loops.h"
#include "compiler/lower/matmul.h"
#include "gmock/gmock.h"
#include "test/support/compiler/kernel_harness.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::KernelHarness;
using ::lathe::testing::RunnableLevels;
using ::testing::AllOf;
using ::testing::HasSubstr;

CpuLevel Level(const std::string& name) {
  absl::StatusOr<Target> cpu = FindTarget("cpu");
  absl::StatusOr<CpuLevel> level = FindLevel(*cpu, name);
  EXPECT_TRUE(level.ok()) << level.status().ToString();
  return *level;
}

// "12x2 8x3": the tiles of many rows and of few.
std::string Tiles(const CpuLevel& level, const TileSubject& subject) {
  const TileCandidate many = RankTiles(level, subject, TileUse::kManyRows).front();
  const TileCandidate few = RankTiles(level, subject, TileUse::kFewRows).front();
  return absl::StrCat(many.rows, "x", many.blocks, " ", few.rows, "x", few.blocks);
}

// Loads and stores of vectors on the stack; addresses may lie there, which costs little.
int64_t VectorsOnStack(const std::vector<std::string>& lines, const HotLoop& loop) {
  return std::count_if(lines.begin() + static_cast<ptrdiff_t>(loop.first_line),
                       lines.begin() + static_cast<ptrdiff_t>(loop.last_line),
                       [](const std::string& line) {
                         return absl::StrContains(line, "(%rsp)") && absl::StrContains(line, "mm");
                       });
}

TEST(TileModelTest, CountsRegisters) {
  EXPECT_EQ(TileRegisters(Level("x86-64-v4"), WeightFormat::kBF16Pairs, 12, 2), 24 + 2 + 1);
  // Integer sums and scales beside the sums and the weights.
  EXPECT_EQ(TileRegisters(Level("x86-64-v4"), WeightFormat::kInt8Group32, 6, 2), 24 + 4 + 1);
  EXPECT_EQ(TileRegisters(Level("x86-64-v3"), WeightFormat::kBF16Pairs, 6, 1), 12 + 2 + 1);
}

// What measurements of tiles chose before there was a model.
TEST(TileModelTest, TheTilesOfWideVectors) {
  for (const char* name : {"x86-64-v4", "x86-64-v4-bf16"}) {
    SCOPED_TRACE(name);
    const CpuLevel level = Level(name);
    for (bool rounds_x : {false, true}) {
      for (WeightFormat format : {WeightFormat::kBF16Pairs, WeightFormat::kF32}) {
        EXPECT_EQ(Tiles(level, {format, rounds_x, 1}), "12x2 8x3");
        EXPECT_EQ(Tiles(level, {format, rounds_x, 2}), "12x2 8x2");
      }
    }
    for (WeightFormat format : kAllWeightFormats) {
      if (!QuantOf(format)) continue;
      EXPECT_EQ(Tiles(level, {.format = format}), "6x2 8x1");
      EXPECT_EQ(Tiles(level, {.format = format, .sources = 2}), "6x2 4x2");
    }
  }
}

TEST(TileModelTest, TheTilesOfNarrowVectors) {
  const CpuLevel level = Level("x86-64-v3");
  EXPECT_EQ(Tiles(level, {.format = WeightFormat::kBF16Pairs}), "6x1 1x3");
  // 1x2 would fit, and wait for its chains: half the speed of 2x2 with a register on the stack.
  EXPECT_EQ(Tiles(level, {.format = WeightFormat::kBF16Pairs, .sources = 2}), "2x2 2x2");
  EXPECT_EQ(Tiles(level, {.format = WeightFormat::kF32}), "6x1 1x4");
  EXPECT_EQ(Tiles(level, {.format = WeightFormat::kInt8Group32}), "1x1 1x1");
}

TEST(TileModelTest, MoreLatencyTakesMoreChains) {
  CpuLevel level = Level("x86-64-v4");
  level.fma.latency = 14;
  const TileCandidate best =
      RankTiles(level, {.format = WeightFormat::kF32}, TileUse::kManyRows).front();
  EXPECT_EQ(best.bound, "chains");
  EXPECT_GE(best.rows * best.blocks, 24);
}

TEST(TileModelTest, FewerLoadsACycleTakeWiderTiles) {
  CpuLevel level = Level("x86-64-v4");
  level.fma.per_cycle = 4;
  const TileCandidate best =
      RankTiles(level, {.format = WeightFormat::kF32}, TileUse::kManyRows).front();
  EXPECT_EQ(best.bound, "arithmetic") << best.rows << "x" << best.blocks;
  level.loads_per_cycle = 1;
  const TileCandidate bound =
      RankTiles(level, {.format = WeightFormat::kF32}, TileUse::kManyRows).front();
  EXPECT_EQ(bound.bound, "loads");
  EXPECT_GT(bound.blocks, 2);
}

TEST(TileModelTest, SaysWhatSpeaksAgainstTheOthers) {
  const std::vector<std::string> wide =
      TileReasons(Level("x86-64-v4"), {.format = WeightFormat::kBF16Pairs});
  ASSERT_EQ(wide.size(), 2u);
  EXPECT_THAT(wide[0], HasSubstr("many rows take 12x2: 29 registers, 0.50 cycles a product, bound "
                                 "by arithmetic, 4.67 bytes; not 8x3 (5.33 bytes), "));
  EXPECT_THAT(wide[1], HasSubstr("few rows take 8x3: 31 registers, 3 streams for 8 rows; not 8x2 "
                                 "(2 streams for 8 rows), "));
  const std::vector<std::string> narrow =
      TileReasons(Level("x86-64-v3"), {.format = WeightFormat::kBF16Pairs});
  EXPECT_THAT(narrow[0], HasSubstr("many rows take 6x1: 17 registers, 1 register on the stack, "));
  EXPECT_THAT(narrow[0], HasSubstr("4x1 (6.00 bytes)"));
  EXPECT_THAT(narrow[1], HasSubstr("few rows take 1x3: 17 registers, 1 register on the stack, 3 "
                                   "streams for 1 row; not 2x2 (2 streams for 2 rows)"));
}

// Where the model says that the registers suffice, the code generator finds them; where one lacks,
// a few instructions go to the stack. At the end of a couple of groups it lets a few vectors take
// the way over the stack, whatever the tile: not one instruction in twenty.
TEST(TileModelTest, TheInnerLoopsOfTilesThatFitLeaveTheStackAlone) {
  for (const CpuLevel& level : RunnableLevels()) {
    for (WeightFormat format : kAllWeightFormats) {
      for (bool is_fused : {false, true}) {
        const MatmulSpec spec{
            .inner = 512,
            .format = format,
            .columns = is_fused ? std::vector<int64_t>{128, 128} : std::vector<int64_t>{128},
            .rounds_x = true,
            .epilogue = is_fused ? MatmulEpilogue::kSwiGlu : MatmulEpilogue::kNone};
        const TileSubject subject = TileSubjectOf(spec);
        int64_t spilled = 0;
        for (TileUse use : {TileUse::kManyRows, TileUse::kFewRows})
          spilled = std::max(spilled, RankTiles(level, subject, use).front().spilled);
        if (spilled > 1) continue;  // nothing fits
        SCOPED_TRACE(absl::StrCat(level.name, " ", LayoutName(format), is_fused ? " swiglu" : ""));
        LATHE_ASSERT_OK_AND_ASSIGN(
            auto kernel, KernelHarness::Make(
                             "k", level, [&](KernelBuilder& b) { EmitMatmul(b, "k", spec); },
                             /*keep_text=*/true));
        int tiles = 0;
        const std::vector<std::string> lines = absl::StrSplit(kernel->assembly(), '\n');
        for (const HotLoop& loop : FindHotLoops(kernel->assembly())) {
          if (!absl::StrContains(loop.function, ".tile_")) continue;
          ++tiles;
          const int most = spilled > 0       ? loop.counts.total / 15
                           : QuantOf(format) ? loop.counts.total / 20
                                             : 0;
          EXPECT_LE(VectorsOnStack(lines, loop), most)
              << loop.function << ": " << CountsText(loop.counts);
        }
        EXPECT_GT(tiles, 0);
      }
    }
  }
}

}  // namespace
}  // namespace lathe
