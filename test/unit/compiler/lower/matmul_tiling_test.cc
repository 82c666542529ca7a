#include "compiler/lower/matmul_tiling.h"

#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::HasSubstr;

TEST(MatmulTiling, DefaultsFitEveryLevel) {
  LATHE_ASSERT_OK_AND_ASSIGN(Target cpu, FindTarget("cpu"));
  for (const CpuLevel& level : cpu.levels) {
    for (WeightFormat format : kAllWeightFormats) {
      for (int64_t sources : {1, 2}) {
        SCOPED_TRACE(level.name + " " + std::string(LayoutName(format)));
        for (bool rounds_x : {false, true}) {
          const TileSubject subject{format, rounds_x, sources};
          LATHE_EXPECT_OK(CheckTiling(DefaultTiling(level, subject), level, format, sources));
        }
      }
    }
  }
}

TEST(MatmulTiling, RefusesWhatDoesNotFit) {
  LATHE_ASSERT_OK_AND_ASSIGN(Target cpu, FindTarget("cpu"));
  LATHE_ASSERT_OK_AND_ASSIGN(CpuLevel level, FindLevel(cpu, "x86-64-v4"));
  const MatmulTiling fits = DefaultTiling(level, {.format = WeightFormat::kBF16Pairs});
  auto check = [&](auto change, int64_t sources = 1) {
    MatmulTiling tiling = fits;
    change(tiling);
    return CheckTiling(tiling, level, WeightFormat::kBF16Pairs, sources);
  };
  EXPECT_THAT(check([](MatmulTiling& t) { t.rows = 16; }),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("a tile of rows = 16, blocks = 2 needs 35 vector registers, "
                                 "x86-64-v4 has 32; with as many blocks at most rows = 14 fits")));
  EXPECT_THAT(check([](MatmulTiling& t) { t.few_rows = 12; }),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("few_rows = 12")));
  EXPECT_THAT(check([](MatmulTiling& t) { t.blocks = 0; }),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("blocks is 0")));
  EXPECT_THAT(check([](MatmulTiling& t) { t.blocks = 1; }, 2),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("a multiple of 2")));
  EXPECT_THAT(check([](MatmulTiling& t) { t.prefetch_lines = -1; }),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("prefetch_lines is -1")));
}

TEST(MatmulTiling, IsShownByTheNamesOfItsNumbers) {
  EXPECT_EQ(TilingText({12, 2, 4, 3, 32}),
            "rows=12 blocks=2 few_rows=4 few_blocks=3 prefetch_lines=32");
}

}  // namespace
}  // namespace lathe
