// Building row programs, which compiler/lower/rowwise.h declares.
#include "compiler/lower/rowwise.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

RowProgram NormProgram(float eps, Storage storage) {
  RowProgram p;
  p.Store(p.RmsNorm(p.Load({.operand = 0, .width = 64}),
                    {.weight = 1, .group = 32, .eps = eps, .storage = storage}),
          2);
  return p;
}

TEST(RowProgram, EqualProgramsHaveEqualKeys) {
  EXPECT_EQ(NormProgram(1e-6f, Storage::kF32), NormProgram(1e-6f, Storage::kF32));
  EXPECT_EQ(NormProgram(1e-6f, Storage::kF32).Key(), NormProgram(1e-6f, Storage::kF32).Key());
  EXPECT_EQ(NormProgram(1e-6f, Storage::kF32).Key(),
            "rowwise 0=load(;0)x64 1=rms_norm(0;1)x64 group=32 constant=358637bd 2=store(1;2)x64");
}

TEST(RowProgram, WhatShapesTheCodeIsInTheKey) {
  const RowProgram base = NormProgram(1e-6f, Storage::kF32);
  for (const RowProgram& other :
       {NormProgram(1.0000001e-6f, Storage::kF32), NormProgram(1e-6f, Storage::kBF16)}) {
    EXPECT_FALSE(other == base);
    EXPECT_NE(other.Key(), base.Key());
  }
  auto cached = [](const CacheLayout& layout) {
    RowProgram p;
    int x = p.Load({.operand = 0, .width = layout.kv_heads * layout.head_dim});
    p.KeyWrite(x,
               {.pool = 1, .page_table = 2, .positions = 3, .row_sequence = 4, .layout = layout});
    return p.Key();
  };
  EXPECT_NE(cached({2, 32, Storage::kBF16, 1024, 512}), cached({4, 16, Storage::kBF16, 1024, 512}));
  EXPECT_NE(cached({2, 32, Storage::kBF16, 1024, 512}), cached({2, 32, Storage::kBF16, 2048, 512}));
}

TEST(RowProgram, ThePlaceOfATableIsInTheKey) {
  auto gather = [](int64_t limit, std::optional<WeightFormat> packed) {
    RowProgram p;
    p.Gather({.table = 0, .index = 1, .width = 8, .limit = limit, .packed = packed});
    return p.Key();
  };
  EXPECT_NE(gather(5, std::nullopt), gather(5, WeightFormat::kF32));
  EXPECT_NE(gather(5, WeightFormat::kInt4Group32), gather(5, WeightFormat::kInt4Group128));
  EXPECT_NE(gather(5, std::nullopt), gather(RowGather::kLimitFromDims, std::nullopt));
}

TEST(RowProgram, KeysAndValuesAreWrittenByTheirOwnSteps) {
  const RowCache cache{.pool = 0,
                       .page_table = 1,
                       .positions = 2,
                       .row_sequence = 3,
                       .layout = {2, 16, Storage::kF32, 1024, 512}};
  RowProgram keys, values;
  keys.KeyWrite(keys.Input(16), cache);  // one head of two
  values.ValueWrite(values.Input(16), cache);
  EXPECT_EQ(keys.StepsText(),
            " 0=input(;)x16 1=key_write(0;0,1,2,3)x16 cache=2x16 f32 page_bytes=1024 "
            "value_offset=512");
  EXPECT_NE(keys.StepsText(), values.StepsText());
  EXPECT_EQ(RowwiseScratchBytes(keys), 64);
}

TEST(RowProgram, ScratchHoldsComputedValuesOnly) {
  RowProgram p;
  int x = p.Load({.operand = 0, .width = 20});
  EXPECT_EQ(RowwiseScratchBytes(p), 0);
  p.RmsNorm(x, {.group = 20, .eps = 1e-6f});
  EXPECT_EQ(RowwiseScratchBytes(p), 128);  // 80 bytes, rounded up
}

TEST(RowProgramDeathTest, RefusesWhatDoesNotFit) {
  RowProgram p;
  int x = p.Load({.operand = 0, .width = 32});
  int y = p.Load({.operand = 0, .width = 48});
  EXPECT_DEATH(p.Add(x, y), "add of widths 32 and 48");
  EXPECT_DEATH(p.RmsNorm(x, {.group = 20}), "groups of 20 in 32");
  EXPECT_DEATH(p.Rope(x, {.head_dim = 16, .rotary = 24}), "rotary 24 of heads of 16");
  EXPECT_DEATH(p.KeyWrite(x, {.layout = {2, 8}}), "key_write of 32, 2 heads of 8");
  EXPECT_DEATH(p.ValueWrite(x, {.layout = {2, 24}}), "value_write of 32, 2 heads of 24");
  EXPECT_DEATH(p.Gather({.width = 4, .limit = 0}), "gather.limit");
  int small = p.Gather({.width = 32, .limit = 4, .packed = WeightFormat::kInt4Group32});
  EXPECT_DEATH(p.RmsNorm(small, {.group = 8}), "a norm reads small integers");
}

}  // namespace
}  // namespace lathe
