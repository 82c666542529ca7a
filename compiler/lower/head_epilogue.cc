#include "compiler/lower/head_epilogue.h"

#include <algorithm>

namespace lathe {

using namespace mlir;  // NOLINT(google-build-using-namespace): op names would fill every line

namespace {

// Rows of one item that scratch memory holds: as many as a worker prepares at once at most, so that
// a piece is swept in one go. 48 KiB for heads of 128.
constexpr int64_t kHeldRows = 96;

int64_t HeadDim(const RowProgram& steps) { return steps.steps().front().width; }

int64_t HeldBytes(const MatmulSpec& spec) {
  int64_t columns = 0;
  for (size_t i = 0; i < spec.columns.size(); ++i)
    columns = std::max(columns, MatmulItemColumns(spec, static_cast<int64_t>(i)));
  return columns * kHeldRows * 4;
}

}  // namespace

int64_t HeadEpilogue::ScratchBytes(const MatmulSpec& spec) {
  int64_t steps_bytes = 0;
  for (const RowProgram& steps : spec.head_steps)
    steps_bytes = std::max(steps_bytes, RowwiseScratchBytes(steps));
  return HeldBytes(spec) + steps_bytes;
}

HeadEpilogue::Columns HeadEpilogue::ColumnsOfItems(int64_t matrix, Value begin, Value end) const {
  const int64_t item_columns = MatmulItemColumns(spec_, matrix);
  Columns c;
  c.first = b_.Mul(begin, item_columns);
  c.last = b_.Min(b_.Mul(end, item_columns), b_.Index(spec_.columns[matrix]));
  c.first_block = b_.Div(c.first, kLanes);
  c.last_block = b_.Div(b_.Add(c.last, kLanes - 1), kLanes);
  c.stride = b_.Mul(b_.Sub(c.last_block, c.first_block), kLanes);
  return c;
}

// With few rows scratch memory holds many items at once: sweeps then are as long as without heads,
// and read the weights in the same order.
void HeadEpilogue::EmitSegment(const KernelArgs& args, const SegmentShare& share,
                               SweepTiles sweep) const {
  const int64_t matrix = share.first_matrix;
  Value held = b_.Index(kHeldRows);
  Value at_once = b_.Quotient(held, b_.Clamp(share.rows, b_.Index(1), held));
  Value items = b_.Sub(share.end, share.begin);
  Value turns = b_.Quotient(b_.Add(items, b_.Sub(at_once, b_.Index(1))), at_once);
  b_.For(b_.Index(0), turns, 1, [&](Value turn) {
    Value begin = b_.Add(share.begin, b_.Mul(turn, at_once));
    const Columns columns =
        ColumnsOfItems(matrix, begin, b_.Min(b_.Add(begin, at_once), share.end));
    StoreEpilogue::Carried to;
    to.biases = tiles_.Biases(args, matrix);
    to.out = b_.At(share.scratch, b_.Sub(b_.Index(0), columns.first), 4);
    to.columns = columns.stride;
    to.count = b_.Index(spec_.columns[matrix] % kLanes);
    b_.For(b_.Index(0), share.rows, kHeldRows, [&](Value row) {
      Value rows = b_.Min(b_.Sub(share.rows, row), held);
      sweep(tiles_.Pack(to), row, rows, columns.first_block, columns.last_block);
      EmitSteps(args, share, columns, row, rows);
    });
  });
}

// The heads of `columns`, of `rows` rows at hand from `row` on.
void HeadEpilogue::EmitSteps(const KernelArgs& args, const SegmentShare& share,
                             const Columns& columns, Value row, Value rows) const {
  const RowProgram& steps = spec_.head_steps[share.first_matrix];
  const int64_t head_dim = HeadDim(steps);
  Value scratch = b_.At(share.scratch, HeldBytes(spec_));
  b_.For(b_.Index(0), rows, 1, [&](Value held_row) {
    Value held = b_.At(share.scratch, b_.Mul(held_row, columns.stride), 4);
    b_.For(b_.Div(columns.first, head_dim), b_.Div(columns.last, head_dim), 1, [&](Value head) {
      Value offset = b_.Sub(b_.Mul(head, head_dim), columns.first);
      EmitRowSteps(b_, steps, args,
                   {.row = b_.Add(b_.Add(share.first_row, row), held_row),
                    .scratch = scratch,
                    .input = b_.At(held, offset, 4),
                    .part = head,
                    .parts = spec_.columns[share.first_matrix] / head_dim});
    });
  });
}

}  // namespace lathe
