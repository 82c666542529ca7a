// How a matrix product is cut into register tiles on one feature level: the numbers that a kernel
// tuner turns.
//   MatmulTiling tiling = DefaultTiling(level, {.format = WeightFormat::kBF16Pairs});
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "compiler/lower/tile_model.h"
#include "compiler/lower/weight_format.h"
#include "compiler/target/target.h"

namespace lathe {

struct MatmulTiling {
  // The tile of many rows: rows x blocks of 16 columns of f32 accumulators. Blocks count those of
  // all sources (swiglu reads gate and up side by side).
  int64_t rows = 0;
  int64_t blocks = 0;
  // At most few_rows rows take few_blocks blocks at once: more streams of weights in flight.
  int64_t few_rows = 0;
  int64_t few_blocks = 0;
  // Cache lines of weights between a load and the prefetch ahead of it; 0: no prefetch.
  int64_t prefetch_lines = 0;

  bool operator==(const MatmulTiling&) const = default;
};

// The numbers by the names that tuning files and dumps give them.
struct TilingField {
  absl::string_view name;
  int64_t MatmulTiling::*number;
};
inline constexpr std::array kTilingFields = {
    TilingField{"rows", &MatmulTiling::rows},
    TilingField{"blocks", &MatmulTiling::blocks},
    TilingField{"few_rows", &MatmulTiling::few_rows},
    TilingField{"few_blocks", &MatmulTiling::few_blocks},
    TilingField{"prefetch_lines", &MatmulTiling::prefetch_lines},
};

// "rows=12 blocks=2 ...": for keys and people.
std::string TilingText(const MatmulTiling& tiling);

// The tiles that the model of compiler/lower/tile_model.h takes for the level.
MatmulTiling DefaultTiling(const CpuLevel& level, const TileSubject& subject);

// InvalidArgument when a number is out of range, blocks are no multiple of `sources`, or a tile
// does not fit the registers of `level` (TileRegisters): says what is needed and what there is.
absl::Status CheckTiling(const MatmulTiling& tiling, const CpuLevel& level, WeightFormat format,
                         int64_t sources);

}  // namespace lathe
