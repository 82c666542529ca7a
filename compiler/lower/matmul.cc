#include "compiler/lower/matmul.h"

#include <algorithm>
#include <map>
#include <memory>
#include <numeric>

#include "compiler/lower/matmul_epilogue.h"
#include "compiler/lower/matmul_product.h"
#include "compiler/lower/matmul_tiling.h"
#include "llvm/ADT/Twine.h"
#include "runtime/base/check.h"

namespace lathe {

using namespace mlir;  // NOLINT(google-build-using-namespace): op names would fill every line

namespace {

// Rows that a worker prepares at once: few enough to stay in the L2 cache, many enough that reading
// the weights once for each piece costs little. Multiples of 12, 8, 6 and 4 rows, so that pieces
// hold whole tiles.
constexpr int64_t kPieceBytes = int64_t{512} << 10;
constexpr int64_t kFewestPieceRows = 24, kMostPieceRows = 96;

int64_t CeilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Work items of the segment that starts with a matrix.
int64_t SegmentItems(const MatmulSpec& spec, int64_t first_matrix) {
  return CeilDiv(spec.columns[first_matrix], MatmulItemColumns(spec, first_matrix));
}

int64_t PieceRows(int64_t row_bytes) {
  const int64_t fits = kPieceBytes / std::max<int64_t>(1, row_bytes);
  return std::clamp(fits / kFewestPieceRows * kFewestPieceRows, kFewestPieceRows, kMostPieceRows);
}

// What a worker keeps in scratch memory before what the epilogue needs.
struct ScratchLayout {
  int64_t first_row = 0;  // where the rows begin: behind one normalised row that is to be converted
  int64_t piece_rows = 0;  // rows at once
  int64_t bytes = 0;
};

bool Gathers(const MatmulSpec& spec) { return spec.groups && spec.groups->gathers; }

// `prepares_rows`: whether the product reads rows of its own form. If not, rows are in scratch
// memory where they are normalised or gathered, as f32.
ScratchLayout ScratchOf(const MatmulSpec& spec, bool prepares_rows) {
  const int64_t f32_bytes = spec.norm || Gathers(spec) ? spec.inner * 4 : 0;
  const int64_t row_bytes = prepares_rows ? PreparedRowBytes(spec.format, spec.inner) : f32_bytes;
  ScratchLayout layout{.first_row = prepares_rows && spec.norm ? WholeLines(f32_bytes) : 0,
                       .piece_rows = PieceRows(row_bytes)};
  layout.bytes = layout.first_row + row_bytes * layout.piece_rows;
  return layout;
}

int64_t RowsScratchBytes(const MatmulSpec& spec) {
  return WholeLines(std::max(ScratchOf(spec, /*prepares_rows=*/true).bytes,
                             ScratchOf(spec, /*prepares_rows=*/false).bytes));
}

// A register tile; the last block of a segment with columns % 16 columns is partial.
struct Tile {
  int64_t rows = 0;
  int64_t blocks = 0;  // of each source
  bool partial = false;
};

// Powers of two below `largest`, after it: 12, 8, 4, 2, 1. Any number of rows is a multiple of the
// first plus each other at most once.
std::vector<int64_t> DescendingSizes(int64_t largest) {
  std::vector<int64_t> sizes = {largest};
  int64_t size = 1;
  while (size * 2 < largest) size *= 2;
  for (; size > 0 && size < largest; size /= 2) sizes.push_back(size);
  return sizes;
}

class MatmulEmitter {
 public:
  MatmulEmitter(KernelBuilder& b, StringRef name, const MatmulSpec& spec)
      : b_(b), name_(name), spec_(spec), sources_(MatmulSources(spec)) {
    tiling_ = TilingOn(b.level(), spec);
    product_ = MakeProduct(b, spec.format, spec.rounds_x, spec.inner, tiling_);
    epilogue_ = MakeEpilogue(b, spec);
    for (int64_t columns : spec.columns) has_partial_ |= columns % kLanes != 0;
  }

  void Emit();

 private:
  // What a sweep over columns works on; every value is at the tile's origin once it reaches a tile.
  struct Operands {
    Value x;
    SmallVector<Value> weights;  // one a source
    Values carried;              // by the epilogue
  };
  // Blocks [first, last) of a segment; those from `whole` on are partial.
  struct Blocks {
    Value first, whole, last;
  };

  SmallVector<Type> ArgTypes(int64_t numbers) const;
  SmallVector<Value> Pack(const Operands& o, ArrayRef<Value> numbers) const;
  Operands Unpack(ValueRange args) const;

  LLVM::LLVMFuncOp TileFunction(const Tile& tile);
  LLVM::LLVMFuncOp SweepFunction();
  // Rows of the call that meet the same matrices.
  struct RowRange {
    Value begin, end;
    Value expert;  // null without groups
  };
  void EmitRows(const KernelArgs& args, LLVM::LLVMFuncOp sweep, const RowRange& rows);
  void PrepareRow(const KernelArgs& args, Value row, Value prepared);
  void SweepSegments(const KernelArgs& args, LLVM::LLVMFuncOp sweep, Value x, const RowRange& rows);
  void SweepColumns(const Operands& o, Value rows, const Blocks& range, bool few_rows);
  void SweepRows(const Operands& o, Value rows, Value block, int64_t blocks, bool partial,
                 bool few_rows);

  int64_t BlockBytes() const { return PackedWeightBytes(spec_.format, kLanes, spec_.inner); }

  KernelBuilder& b_;
  std::string name_;
  const MatmulSpec& spec_;
  int64_t sources_;
  MatmulTiling tiling_;
  std::unique_ptr<MatmulProduct> product_;
  std::unique_ptr<EpilogueEmitter> epilogue_;
  bool has_partial_ = false;
  std::map<std::string, LLVM::LLVMFuncOp> tiles_;
};

// x, weights, what the epilogue carries; a sweep also takes rows, first, whole and last block.
SmallVector<Type> MatmulEmitter::ArgTypes(int64_t numbers) const {
  SmallVector<Type> types(1 + sources_, b_.ptr());
  types.append(epilogue_->ArgTypes());
  types.append(numbers, b_.i64());
  return types;
}

SmallVector<Value> MatmulEmitter::Pack(const Operands& o, ArrayRef<Value> numbers) const {
  SmallVector<Value> args = {o.x};
  args.append(o.weights);
  args.append(o.carried);
  args.append(numbers.begin(), numbers.end());
  return args;
}

MatmulEmitter::Operands MatmulEmitter::Unpack(ValueRange args) const {
  return {args[0], llvm::to_vector(args.slice(1, sources_)), Values(args.drop_front(1 + sources_))};
}

LLVM::LLVMFuncOp MatmulEmitter::TileFunction(const Tile& tile) {
  std::string name = (Twine(name_) + ".tile_" + Twine(tile.rows) + "x" +
                      (tile.partial ? Twine("partial") : Twine(tile.blocks * kLanes)))
                         .str();
  LLVM::LLVMFuncOp& function = tiles_[name];
  if (!function) {
    const MatmulTile shape{tile.rows, tile.blocks, sources_};
    function = b_.Helper(name, ArgTypes(/*numbers=*/0), [&](ValueRange args) {
      Operands o = Unpack(args);
      epilogue_->Finish(shape, tile.partial, o.carried,
                        product_->Accumulate(shape, o.x, o.weights));
    });
  }
  return function;
}

// All rows of `blocks` blocks of columns from `block` on: the tallest tile as often as it fits,
// then each smaller one at most once.
void MatmulEmitter::SweepRows(const Operands& o, Value rows, Value block, int64_t blocks,
                              bool partial, bool few_rows) {
  auto call = [&](Value row, int64_t tile_rows) {
    Operands at = o;
    at.x = b_.At(o.x, row, product_->RowBytes());
    for (Value& weight : at.weights) weight = b_.At(weight, block, BlockBytes());
    at.carried = epilogue_->AtTile(o.carried, row, block);
    b_.Call(TileFunction({tile_rows, blocks, partial}), Pack(at, {}));
  };
  std::vector<int64_t> sizes = DescendingSizes(few_rows ? tiling_.few_rows : tiling_.rows);
  Value next = b_.Mul(b_.Div(rows, sizes[0]), sizes[0]);
  b_.For(b_.Index(0), next, sizes[0], [&](Value row) { call(row, sizes[0]); });
  for (size_t i = 1; i < sizes.size(); ++i) {
    Value fits = b_.Compare(arith::CmpIPredicate::sge, b_.Sub(rows, next), b_.Index(sizes[i]));
    b_.If(fits, [&] { call(next, sizes[i]); });
    next = b_.Select(fits, b_.Add(next, sizes[i]), next);
  }
}

// Blocks of one segment, widest tiles first.
void MatmulEmitter::SweepColumns(const Operands& o, Value rows, const Blocks& range,
                                 bool few_rows) {
  Value next = range.first;
  for (int64_t blocks :
       DescendingSizes((few_rows ? tiling_.few_blocks : tiling_.blocks) / sources_)) {
    Value left = b_.Max(b_.Sub(range.whole, next), b_.Index(0));
    Value stop = b_.Add(next, b_.Mul(b_.Div(left, blocks), blocks));
    b_.For(next, stop, blocks,
           [&](Value block) { SweepRows(o, rows, block, blocks, /*partial=*/false, few_rows); });
    next = stop;
  }
  if (has_partial_) {
    b_.If(b_.Less(next, range.last),
          [&] { SweepRows(o, rows, next, /*blocks=*/1, /*partial=*/true, few_rows); });
  }
}

LLVM::LLVMFuncOp MatmulEmitter::SweepFunction() {
  return b_.Helper(name_ + ".sweep", ArgTypes(/*numbers=*/4), [&](ValueRange args) {
    Operands o = Unpack(args.drop_back(4));
    ValueRange numbers = args.take_back(4);
    Value rows = numbers[0];
    const Blocks range{numbers[1], numbers[2], numbers[3]};
    Value few = b_.Compare(arith::CmpIPredicate::sle, rows, b_.Index(tiling_.few_rows));
    b_.If(
        few, [&] { SweepColumns(o, rows, range, /*few_rows=*/true); },
        [&] { SweepColumns(o, rows, range, /*few_rows=*/false); });
  });
}

// The segments' shares of items [begin, end), for rows of the call that lie at `x`.
void MatmulEmitter::SweepSegments(const KernelArgs& args, LLVM::LLVMFuncOp sweep, Value x,
                                  const RowRange& rows) {
  int64_t first_item = 0;
  for (int64_t matrix = 0; matrix < static_cast<int64_t>(spec_.columns.size());
       matrix += sources_) {
    const int64_t items = SegmentItems(spec_, matrix);
    auto local = [&](Value item) {
      return b_.Clamp(b_.Sub(item, b_.Index(first_item)), b_.Index(0), b_.Index(items));
    };
    const SegmentShare share{matrix,
                             rows.begin,
                             b_.Sub(rows.end, rows.begin),
                             local(args.begin),
                             local(args.end),
                             b_.At(args.scratch, RowsScratchBytes(spec_))};
    b_.If(b_.Less(share.begin, share.end), [&] {
      Operands o;
      for (int64_t s = 0; s < sources_; ++s) {
        Value weight = b_.Operand(args, WeightOperand(spec_, matrix + s));
        if (rows.expert) {
          weight = b_.At(weight, rows.expert,
                         PackedWeightBytes(spec_.format, spec_.columns[matrix + s], spec_.inner));
        }
        o.weights.push_back(weight);
      }
      epilogue_->EmitSegment(
          args, share, [&](ValueRange carried, Value row, Value count, Value first, Value last) {
            o.x = b_.At(x, row, product_->RowBytes());
            o.carried = Values(carried);
            Value whole = b_.Min(last, b_.Index(spec_.columns[matrix] / kLanes));
            b_.Call(sweep, Pack(o, {count, first, whole, last}));
          });
    });
    first_item += items;
  }
}

// Row `row` of x as the product reads it, to `prepared`.
void MatmulEmitter::PrepareRow(const KernelArgs& args, Value row, Value prepared) {
  if (Gathers(spec_)) {
    Value at = b_.At(b_.Operand(args, kEndsOperand + 1), row, 4);
    row = b_.Extend(b_.Load(b_.i32(), at, 4));
  }
  Value x = b_.At(b_.Operand(args, 0), row, spec_.inner * 4);
  if (!spec_.norm && product_->PreparesRows()) return product_->PrepareRow(x, prepared);
  if (!spec_.norm) {
    return b_.ForVectors(spec_.inner, [&](Value element, Value mask) {
      Value vector = b_.LoadVector(Storage::kF32, b_.At(x, element, 4), mask);
      b_.StoreVector(Storage::kF32, vector, b_.At(prepared, element, 4), mask);
    });
  }
  Value normalised = product_->PreparesRows() ? args.scratch : prepared;
  EmitRmsNorm(
      b_, *spec_.norm, b_.Operand(args, 1),
      [&](Value element, Value mask) {
        Value at = b_.At(x, element, 4);
        return b_.LoadVector(Storage::kF32, at, mask);
      },
      [&](Value element, Value mask, Value y) {
        Value at = b_.At(normalised, element, 4);
        b_.StoreVector(Storage::kF32, y, at, mask);
      });
  if (product_->PreparesRows()) product_->PrepareRow(normalised, prepared);
}

void MatmulEmitter::EmitRows(const KernelArgs& args, LLVM::LLVMFuncOp sweep, const RowRange& rows) {
  if (!spec_.norm && !Gathers(spec_) && !product_->PreparesRows()) {
    Value x = b_.At(b_.Operand(args, 0), rows.begin, product_->RowBytes());
    return SweepSegments(args, sweep, x, rows);
  }
  // Every worker prepares the rows for itself: that is cheaper than meeting the others. With a
  // norm a row costs as much as 20 columns of its product (at inner = 1024 0.19 us, where 6144
  // columns in dot products of bf16 take 57 us), of which a worker has columns / workers.
  const ScratchLayout layout = ScratchOf(spec_, product_->PreparesRows());
  Value prepared = b_.At(args.scratch, layout.first_row);
  b_.For(rows.begin, rows.end, layout.piece_rows, [&](Value first) {
    const RowRange piece{first, b_.Min(b_.Add(first, layout.piece_rows), rows.end), rows.expert};
    b_.For(piece.begin, piece.end, 1, [&](Value row) {
      PrepareRow(args, row, b_.At(prepared, b_.Sub(row, first), product_->RowBytes()));
    });
    SweepSegments(args, sweep, prepared, piece);
  });
}

void MatmulEmitter::Emit() {
  LLVM::LLVMFuncOp sweep = SweepFunction();
  b_.Kernel(name_, [&](const KernelArgs& args) {
    if (!spec_.groups)
      return EmitRows(args, sweep, {b_.Index(0), b_.Dim(args, 0), /*expert=*/Value()});
    Value ends = b_.Operand(args, kEndsOperand);
    // Every worker takes its columns of all groups: they are the same number however the rows
    // chose.
    b_.For(b_.Index(0), b_.Index(spec_.groups->experts), 1, {b_.Index(0)},
           [&](Value expert, ValueRange begin) -> Values {
             Value end = b_.Extend(b_.Load(b_.i32(), b_.At(ends, expert, 4), 4));
             b_.If(b_.Less(begin[0], end), [&] { EmitRows(args, sweep, {begin[0], end, expert}); });
             return {end};
           });
  });
}

}  // namespace

int64_t MatmulBlocks(const MatmulSpec& spec) { return CeilDiv(spec.columns[0], kLanes); }

int64_t MatmulSources(const MatmulSpec& spec) {
  return spec.epilogue == MatmulEpilogue::kSwiGlu ? 2 : 1;
}

TileSubject TileSubjectOf(const MatmulSpec& spec) {
  return {.format = spec.format, .rounds_x = spec.rounds_x, .sources = MatmulSources(spec)};
}

MatmulTiling TilingOn(const CpuLevel& level, const MatmulSpec& spec) {
  const auto chosen = spec.tilings.find(level.name);
  return chosen != spec.tilings.end() ? chosen->second : DefaultTiling(level, TileSubjectOf(spec));
}

int64_t MatmulItemColumns(const MatmulSpec& spec, int64_t first_matrix) {
  if (spec.head_steps.empty()) return kMatmulItemColumns;
  return std::lcm(kLanes, spec.head_steps[first_matrix].steps().front().width);
}

int64_t MatmulItems(const MatmulSpec& spec) {
  int64_t items = 0;
  for (size_t matrix = 0; matrix < spec.columns.size(); matrix += MatmulSources(spec))
    items += SegmentItems(spec, matrix);
  return items;
}

int64_t MatmulScratchBytes(const MatmulSpec& spec) {
  return RowsScratchBytes(spec) + EpilogueScratchBytes(spec);
}

void EmitMatmul(KernelBuilder& b, llvm::StringRef name, const MatmulSpec& spec) {
  LATHE_CHECK(spec.inner > 0 && !spec.columns.empty() && spec.columns.size() <= 3) << "C1";
  for (int64_t columns : spec.columns) LATHE_CHECK(columns > 0) << "C1";
  LATHE_CHECK(spec.epilogue != MatmulEpilogue::kAddResidual || spec.columns.size() == 1) << "C2";
  LATHE_CHECK(spec.epilogue != MatmulEpilogue::kSwiGlu ||
              (spec.columns.size() == 2 && spec.columns[0] == spec.columns[1]))
      << "C3";
  LATHE_CHECK(!spec.norm || spec.norm->width == spec.inner) << "C4";
  LATHE_CHECK((spec.epilogue == MatmulEpilogue::kHeadSteps) == !spec.head_steps.empty()) << "C5";
  for (size_t i = 0; i < spec.head_steps.size(); ++i) {
    const std::vector<RowStep>& steps = spec.head_steps[i].steps();
    LATHE_CHECK(spec.head_steps.size() == spec.columns.size() && !steps.empty() &&
                steps[0].op == RowOp::kInput && spec.columns[i] % steps[0].width == 0)
        << "C5";
  }
  LATHE_CHECK(!spec.has_block_max || spec.columns.size() == 1) << "C6";
  LATHE_CHECK(!spec.groups || (spec.groups->experts > 0 && !spec.norm && !spec.bias &&
                               spec.head_steps.empty() && !spec.has_block_max))
      << "C7";
  MatmulEmitter(b, name, spec).Emit();
}

}  // namespace lathe
