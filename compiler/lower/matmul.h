// Emits matrix products with packed weights: y[r, n] = sum over k of x[r, k] * w[n, k], then bias
// and epilogue. A norm may stand before the product: x is then normalised row by row on its way in.
//
// One function computes up to three products that share x (query, key and value; gate and up). A
// work item is 32 columns of one of them, counted over all segments in order; for swiglu it is 32
// columns of the single output; with head steps, the blocks of 16 columns that hold whole heads.
// Every element is one chain of f32 FMAs with k ascending, whatever the number of rows, the tile
// and the split into items: the bits of a row depend on that row alone.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "compiler/lower/kernel_builder.h"
#include "compiler/lower/matmul_tiling.h"
#include "compiler/lower/rms_norm.h"
#include "compiler/lower/rowwise.h"
#include "compiler/lower/weight_format.h"

namespace lathe {

// Columns of a work item that is not made of heads.
inline constexpr int64_t kMatmulItemColumns = 32;

enum class MatmulEpilogue {
  kNone,
  kAddResidual,  // y = residual + product; one segment
  kSwiGlu,       // y = silu(gate) * up of segments {gate, up}, which have the same columns
  kHeadSteps,    // each segment is cut into heads, and each head goes through row steps
};

// Products whose rows are grouped by expert: the rows of group e meet matrix e of each weight.
struct ExpertGroups {
  int64_t experts = 0;
  // Row i of the product is of row rows[i] of x, not of row i.
  bool gathers = false;

  bool operator==(const ExpertGroups&) const = default;
};

// Operands in order: x [rows, inner] f32; the weight [inner] of the norm, if any; with groups where
// each of them ends, i32 [experts], and the rows to gather, i32 [rows], if any; for each segment
// its weight, then its bias, if any; the residual [rows, columns] f32, if any; the outputs [rows,
// columns] f32, one a segment (swiglu: one). The residual may be the output. With has_block_max
// behind these the largest number of each kLanes columns, f32 [rows, MatmulBlocks], minus infinity
// where there is none. With head steps, what their programs name instead. dims = {rows, max_pages};
// max_pages is read by steps that write to a cache.
struct MatmulSpec {
  int64_t inner = 0;  // K
  WeightFormat format = WeightFormat::kBF16Pairs;
  std::vector<int64_t> columns = {};  // of each segment
  std::optional<Storage> bias = {};   // of every segment
  // With weights of bf16: x may be rounded to bf16 where dot products of bf16 are faster than f32.
  bool rounds_x = false;
  std::optional<RmsNormSpec> norm = {};  // of whole rows of x; has a weight
  // Weights are [experts, columns, inner], matrix after matrix; no bias.
  std::optional<ExpertGroups> groups = {};
  MatmulEpilogue epilogue = MatmulEpilogue::kNone;
  // Swiglu: 0 = none, else gate = min(silu(gate), limit) and up = clamp(up, -limit, limit).
  float limit = 0;
  // Head steps: a program for each segment. Its first step is the Input, a head of the product.
  std::vector<RowProgram> head_steps = {};
  // Of the only segment: also what the vectors of its output hold at most, for who looks for the
  // largest of a row.
  bool has_block_max = false;
  // Tiles by feature level, where they are not the level's own; they fit it (CheckTiling).
  std::map<std::string, MatmulTiling> tilings = {};

  bool operator==(const MatmulSpec&) const = default;
};

// Vectors that hold a row of the first segment's output.
int64_t MatmulBlocks(const MatmulSpec& spec);

// Matrices that a tile reads side by side.
int64_t MatmulSources(const MatmulSpec& spec);

// What the model of tiles needs to know of it.
TileSubject TileSubjectOf(const MatmulSpec& spec);

// The tile on `level`.
MatmulTiling TilingOn(const CpuLevel& level, const MatmulSpec& spec);

// Columns of a work item of the segment that starts with a matrix.
int64_t MatmulItemColumns(const MatmulSpec& spec, int64_t first_matrix);

// Work items of `spec`; does not depend on rows.
int64_t MatmulItems(const MatmulSpec& spec);

// Scratch memory of a worker on any level: the rows that it prepares, and what the epilogue needs.
int64_t MatmulScratchBytes(const MatmulSpec& spec);

// Adds the kernel `name` and its helpers to the builder's module. C1: one to three segments, their
// columns and inner are positive; C2: a residual goes with one segment; C3: swiglu goes with two
// segments of the same columns; C4: a norm is as wide as inner; C5: head steps go with every
// segment, whose columns are whole heads; C6: has_block_max goes with one segment; C7: groups have
// experts, and neither norm, bias nor head steps.
void EmitMatmul(KernelBuilder& b, llvm::StringRef name, const MatmulSpec& spec);

}  // namespace lathe
