#include "compiler/lower/matmul_tiling.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

// 32 lines ahead on four streams were best on the machines measured: far enough for the latency of
// memory, near enough to stay in the L2 cache. Blocks of small integers are short streams, which
// the machine finds better by itself.
constexpr int64_t kPrefetchLines = 32, kGroupPrefetchLines = 0;

// Registers of a vector of 16 f32.
int64_t RegistersPerBlock(const CpuLevel& level) {
  return std::max<int64_t>(1, kBlockColumns * 32 / level.vector_bits);
}

// Far beyond any machine, and small enough that products are numbers.
constexpr int64_t kMostRows = 1024, kMostPrefetchLines = 1024;

absl::Status CheckRange(absl::string_view name, int64_t value, int64_t min, int64_t max) {
  if (value >= min && value <= max) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(name, " is ", value, ", expected ", min, " to ", max));
}

absl::Status CheckTile(absl::string_view rows_name, int64_t rows, absl::string_view blocks_name,
                       int64_t blocks, const CpuLevel& level, WeightFormat format,
                       int64_t sources) {
  LATHE_RETURN_IF_ERROR(CheckRange(rows_name, rows, 1, kMostRows));
  LATHE_RETURN_IF_ERROR(CheckRange(blocks_name, blocks, 1, kMostRows));
  if (blocks % sources != 0) {
    return absl::InvalidArgumentError(absl::StrCat(blocks_name, " is ", blocks,
                                                   ", expected a multiple of ", sources,
                                                   ", the matrices that are read side by side"));
  }
  const int64_t needed = TileRegisters(level, format, rows, blocks);
  if (needed <= level.vector_registers) return absl::OkStatus();
  int64_t most = rows;
  while (most > 0 && TileRegisters(level, format, most, blocks) > level.vector_registers) --most;
  return absl::InvalidArgumentError(
      absl::StrCat("a tile of ", rows_name, " = ", rows, ", ", blocks_name, " = ", blocks,
                   " needs ", needed, " vector registers, ", level.name, " has ",
                   level.vector_registers, "; with as many ", blocks_name,
                   most > 0 ? absl::StrCat(" at most ", rows_name, " = ", most, " fits")
                            : std::string(" no row fits")));
}

}  // namespace

std::string TilingText(const MatmulTiling& tiling) {
  return absl::StrJoin(kTilingFields, " ", [&](std::string* out, const TilingField& field) {
    absl::StrAppend(out, field.name, "=", tiling.*field.number);
  });
}

int64_t TileRegisters(const CpuLevel& level, WeightFormat format, int64_t rows, int64_t blocks) {
  // With one row each vector of weights is used once and need not be kept.
  const int64_t weights = rows > 1 ? blocks : 1;
  // Groups have a sum of integers beside each sum, and scales beside the weights.
  const int64_t copies = QuantOf(format) ? 2 : 1;
  return (rows * blocks + weights) * copies * RegistersPerBlock(level) + 1;
}

MatmulTiling DefaultTiling(const CpuLevel& level, WeightFormat format, int64_t sources) {
  MatmulTiling tiling;
  auto fits = [&](int64_t rows, int64_t blocks) {
    return TileRegisters(level, format, rows, blocks) <= level.vector_registers;
  };
  // The widest and then the tallest tile that fits and is no larger than what the level says.
  auto fit = [&](int64_t most_rows, int64_t most_columns, int64_t& rows, int64_t& blocks) {
    int64_t blocks_each = std::max<int64_t>(1, most_columns / kBlockColumns / sources);
    while (blocks_each > 1 && !fits(1, blocks_each * sources)) --blocks_each;
    blocks = blocks_each * sources;
    rows = most_rows;
    while (rows > 1 && !fits(rows, blocks)) --rows;
  };
  fit(level.matmul_tile_rows, level.matmul_tile_columns, tiling.rows, tiling.blocks);
  fit(level.matvec_rows, QuantOf(format) ? level.matvec_group_columns : level.matvec_columns,
      tiling.few_rows, tiling.few_blocks);
  tiling.prefetch_lines = QuantOf(format) ? kGroupPrefetchLines : kPrefetchLines;
  return tiling;
}

absl::Status CheckTiling(const MatmulTiling& tiling, const CpuLevel& level, WeightFormat format,
                         int64_t sources) {
  LATHE_RETURN_IF_ERROR(
      CheckTile("rows", tiling.rows, "blocks", tiling.blocks, level, format, sources));
  LATHE_RETURN_IF_ERROR(CheckTile("few_rows", tiling.few_rows, "few_blocks", tiling.few_blocks,
                                  level, format, sources));
  return CheckRange("prefetch_lines", tiling.prefetch_lines, 0, kMostPrefetchLines);
}

}  // namespace lathe
