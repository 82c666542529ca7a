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

MatmulTiling DefaultTiling(const CpuLevel& level, const TileSubject& subject) {
  const TileCandidate many = RankTiles(level, subject, TileUse::kManyRows).front();
  const TileCandidate few = RankTiles(level, subject, TileUse::kFewRows).front();
  return {.rows = many.rows,
          .blocks = many.blocks,
          .few_rows = few.rows,
          .few_blocks = few.blocks,
          .prefetch_lines = QuantOf(subject.format) ? kGroupPrefetchLines : kPrefetchLines};
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
