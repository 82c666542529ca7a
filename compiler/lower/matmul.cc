#include "compiler/lower/matmul.h"

#include <algorithm>
#include <map>
#include <memory>

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

int64_t PieceRows(int64_t row_bytes) {
  const int64_t fits = kPieceBytes / std::max<int64_t>(1, row_bytes);
  return std::clamp(fits / kFewestPieceRows * kFewestPieceRows, kFewestPieceRows, kMostPieceRows);
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
      : b_(b), name_(name), spec_(spec), fused_(spec.epilogue == MatmulEpilogue::kSwiGlu) {
    sources_ = MatmulSources(spec);
    tiling_ = TilingOn(b.level(), spec);
    product_ = MakeProduct(b, spec.format, spec.rounds_x, spec.inner, tiling_);
    for (int64_t columns : spec.columns) has_partial_ |= columns % kLanes != 0;
  }

  void Emit();

 private:
  // What a sweep over columns works on; every value is at the tile's origin once it reaches a tile.
  struct Operands {
    Value x;
    SmallVector<Value> weights;  // one a source
    SmallVector<Value> biases;   // one a source, if any
    Value residual;
    Value out;
    Value columns;  // of the segment: row stride of the outputs
    Value count;    // partial tile: its columns
  };

  SmallVector<Type> ArgTypes(bool sweep) const;
  SmallVector<Value> Pack(const Operands& o, ArrayRef<Value> extra) const;
  Operands Unpack(ValueRange args) const;

  LLVM::LLVMFuncOp TileFunction(const Tile& tile);
  LLVM::LLVMFuncOp SweepFunction();
  void SweepSegments(const KernelArgs& args, LLVM::LLVMFuncOp sweep, Value x, Value rows,
                     Value first_row);
  void SweepColumns(const Operands& o, Value rows, Value first, Value last, bool few_rows);
  void SweepRows(const Operands& o, Value rows, Value block, int64_t blocks, bool partial,
                 bool few_rows);
  void Finish(const Operands& o, const Tile& tile, ArrayRef<Value> sums);
  Value Biased(Value sum, Value bias, int64_t block, Value mask);

  int64_t BlockBytes() const { return PackedWeightBytes(spec_.format, kLanes, spec_.inner); }

  KernelBuilder& b_;
  std::string name_;
  const MatmulSpec& spec_;
  bool fused_;
  int64_t sources_;
  MatmulTiling tiling_;
  std::unique_ptr<MatmulProduct> product_;
  bool has_partial_ = false;
  std::map<std::string, LLVM::LLVMFuncOp> tiles_;
};

SmallVector<Type> MatmulEmitter::ArgTypes(bool sweep) const {
  // x, weights, biases, residual, out, columns, count; a sweep also takes rows, first and last
  // block.
  int64_t pointers = 2 + sources_ + (spec_.bias ? sources_ : 0) +
                     (spec_.epilogue == MatmulEpilogue::kAddResidual ? 1 : 0);
  SmallVector<Type> types(pointers, b_.ptr());
  types.append(sweep ? 5 : 2, b_.i64());
  return types;
}

SmallVector<Value> MatmulEmitter::Pack(const Operands& o, ArrayRef<Value> extra) const {
  SmallVector<Value> args = {o.x};
  args.append(o.weights.begin(), o.weights.end());
  args.append(o.biases.begin(), o.biases.end());
  if (o.residual) args.push_back(o.residual);
  args.append({o.out, o.columns, o.count});
  args.append(extra.begin(), extra.end());
  return args;
}

MatmulEmitter::Operands MatmulEmitter::Unpack(ValueRange args) const {
  Operands o;
  size_t next = 0;
  o.x = args[next++];
  for (int64_t s = 0; s < sources_; ++s) o.weights.push_back(args[next++]);
  for (int64_t s = 0; spec_.bias && s < sources_; ++s) o.biases.push_back(args[next++]);
  if (spec_.epilogue == MatmulEpilogue::kAddResidual) o.residual = args[next++];
  o.out = args[next++];
  o.columns = args[next++];
  o.count = args[next++];
  return o;
}

Value MatmulEmitter::Biased(Value sum, Value bias, int64_t block, Value mask) {
  Value address = b_.At(bias, block * kLanes * ByteSize(*spec_.bias));
  return b_.AddF(
      sum, mask ? b_.LoadMasked(*spec_.bias, address, mask) : b_.LoadVector(*spec_.bias, address));
}

void MatmulEmitter::Finish(const Operands& o, const Tile& tile, ArrayRef<Value> sums) {
  Value mask = tile.partial ? b_.MaskBelow(o.count) : Value();
  for (int64_t row = 0; row < tile.rows; ++row) {
    Value row_offset = b_.Mul(b_.Mul(o.columns, row), 4);
    for (int64_t block = 0; block < tile.blocks; ++block) {
      SmallVector<Value> values;
      for (int64_t s = 0; s < sources_; ++s) {
        Value sum = sums[(row * tile.blocks + block) * sources_ + s];
        values.push_back(spec_.bias ? Biased(sum, o.biases[s], block, mask) : sum);
      }
      auto address = [&](Value base) {
        return b_.At(b_.At(base, row_offset, 1), block * kLanes * 4);
      };
      Value result = values[0];
      if (fused_) {
        result = b_.SwiGlu(values[0], values[1], spec_.limit);
      } else if (o.residual) {
        Value at = address(o.residual);
        result = b_.AddF(
            mask ? b_.LoadMasked(Storage::kF32, at, mask) : b_.LoadVector(Storage::kF32, at),
            result);
      }
      if (mask) {
        b_.StoreMasked(Storage::kF32, result, address(o.out), mask);
      } else {
        b_.StoreVector(Storage::kF32, result, address(o.out));
      }
    }
  }
}

LLVM::LLVMFuncOp MatmulEmitter::TileFunction(const Tile& tile) {
  std::string name = (Twine(name_) + ".tile_" + Twine(tile.rows) + "x" +
                      (tile.partial ? Twine("partial") : Twine(tile.blocks * kLanes)))
                         .str();
  LLVM::LLVMFuncOp& function = tiles_[name];
  if (!function) {
    function = b_.Helper(name, ArgTypes(/*sweep=*/false), [&](ValueRange args) {
      Operands o = Unpack(args);
      Finish(o, tile, product_->Accumulate({tile.rows, tile.blocks, sources_}, o.x, o.weights));
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
    for (Value& bias : at.biases) bias = b_.At(bias, block, kLanes * ByteSize(*spec_.bias));
    Value offset = b_.Add(b_.Mul(row, o.columns), b_.Mul(block, kLanes));
    if (o.residual) at.residual = b_.At(o.residual, offset, 4);
    at.out = b_.At(o.out, offset, 4);
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

// Blocks [first, last) of one segment, widest tiles first.
void MatmulEmitter::SweepColumns(const Operands& o, Value rows, Value first, Value last,
                                 bool few_rows) {
  Value whole = b_.Min(last, b_.Div(o.columns, kLanes));
  Value next = first;
  for (int64_t blocks :
       DescendingSizes((few_rows ? tiling_.few_blocks : tiling_.blocks) / sources_)) {
    Value left = b_.Max(b_.Sub(whole, next), b_.Index(0));
    Value stop = b_.Add(next, b_.Mul(b_.Div(left, blocks), blocks));
    b_.For(next, stop, blocks,
           [&](Value block) { SweepRows(o, rows, block, blocks, /*partial=*/false, few_rows); });
    next = stop;
  }
  if (has_partial_) {
    b_.If(b_.Less(next, last),
          [&] { SweepRows(o, rows, next, /*blocks=*/1, /*partial=*/true, few_rows); });
  }
}

LLVM::LLVMFuncOp MatmulEmitter::SweepFunction() {
  return b_.Helper(name_ + ".sweep", ArgTypes(/*sweep=*/true), [&](ValueRange args) {
    Operands o = Unpack(args.drop_back(3));
    Value rows = args[args.size() - 3], first = args[args.size() - 2], last = args.back();
    Value few = b_.Compare(arith::CmpIPredicate::sle, rows, b_.Index(tiling_.few_rows));
    b_.If(
        few, [&] { SweepColumns(o, rows, first, last, /*few_rows=*/true); },
        [&] { SweepColumns(o, rows, first, last, /*few_rows=*/false); });
  });
}

// The segments' shares of items [begin, end), for `rows` rows of `x` which are rows first_row, ...
// of the call.
void MatmulEmitter::SweepSegments(const KernelArgs& args, LLVM::LLVMFuncOp sweep, Value x,
                                  Value rows, Value first_row) {
  int64_t operand = 1;
  SmallVector<Value> weights, biases;
  for (size_t i = 0; i < spec_.columns.size(); ++i) {
    weights.push_back(b_.Operand(args, operand++));
    if (spec_.bias) biases.push_back(b_.Operand(args, operand++));
  }
  Value residual;
  if (spec_.epilogue == MatmulEpilogue::kAddResidual) residual = b_.Operand(args, operand++);
  int64_t first_item = 0;
  for (size_t i = 0; i < spec_.columns.size(); i += sources_) {
    const int64_t columns = spec_.columns[i];
    const int64_t items = CeilDiv(columns, kMatmulItemColumns);
    const int64_t blocks_per_item = kMatmulItemColumns / kLanes;
    Operands o;
    o.x = x;
    for (int64_t s = 0; s < sources_; ++s) {
      o.weights.push_back(weights[i + s]);
      if (spec_.bias) o.biases.push_back(biases[i + s]);
    }
    if (residual) o.residual = b_.At(residual, first_row, columns * 4);
    o.out = b_.At(b_.Operand(args, operand++), first_row, columns * 4);
    o.columns = b_.Index(columns);
    o.count = b_.Index(columns % kLanes);
    auto block_of = [&](Value item) {
      Value local = b_.Clamp(b_.Sub(item, b_.Index(first_item)), b_.Index(0), b_.Index(items));
      return b_.Min(b_.Mul(local, blocks_per_item), b_.Index(CeilDiv(columns, kLanes)));
    };
    Value first = block_of(args.begin), last = block_of(args.end);
    b_.If(b_.Less(first, last), [&] { b_.Call(sweep, Pack(o, {rows, first, last})); });
    first_item += items;
  }
}

void MatmulEmitter::Emit() {
  LLVM::LLVMFuncOp sweep = SweepFunction();
  b_.Kernel(name_, [&](const KernelArgs& args) {
    Value rows = b_.Dim(args, 0);
    Value x = b_.Operand(args, 0);
    if (!product_->PreparesRows()) return SweepSegments(args, sweep, x, rows, b_.Index(0));
    // Every worker prepares the rows for itself: that is cheaper than meeting the others.
    const int64_t piece = PieceRows(PreparedRowBytes(spec_.format, spec_.inner));
    b_.For(b_.Index(0), rows, piece, [&](Value first) {
      Value count = b_.Min(b_.Index(piece), b_.Sub(rows, first));
      b_.For(b_.Index(0), count, 1, [&](Value row) {
        product_->PrepareRow(b_.At(x, b_.Add(first, row), spec_.inner * 4),
                             b_.At(args.scratch, row, product_->RowBytes()));
      });
      SweepSegments(args, sweep, args.scratch, count, first);
    });
  });
}

}  // namespace

int64_t MatmulSources(const MatmulSpec& spec) {
  return spec.epilogue == MatmulEpilogue::kSwiGlu ? 2 : 1;
}

MatmulTiling TilingOn(const CpuLevel& level, const MatmulSpec& spec) {
  const auto chosen = spec.tilings.find(level.name);
  return chosen != spec.tilings.end() ? chosen->second
                                      : DefaultTiling(level, spec.format, MatmulSources(spec));
}

int64_t MatmulItems(const MatmulSpec& spec) {
  int64_t items = 0;
  for (int64_t columns : spec.columns) {
    items += CeilDiv(columns, kMatmulItemColumns);
    if (spec.epilogue == MatmulEpilogue::kSwiGlu) break;
  }
  return items;
}

int64_t MatmulScratchBytes(const MatmulSpec& spec) {
  const int64_t row_bytes = PreparedRowBytes(spec.format, spec.inner);  // 0: no level prepares rows
  return row_bytes * PieceRows(row_bytes);
}

void EmitMatmul(KernelBuilder& b, llvm::StringRef name, const MatmulSpec& spec) {
  LATHE_CHECK(spec.inner > 0 && !spec.columns.empty() && spec.columns.size() <= 3) << "C1";
  for (int64_t columns : spec.columns) LATHE_CHECK(columns > 0) << "C1";
  LATHE_CHECK(spec.epilogue != MatmulEpilogue::kAddResidual || spec.columns.size() == 1) << "C2";
  LATHE_CHECK(spec.epilogue != MatmulEpilogue::kSwiGlu ||
              (spec.columns.size() == 2 && spec.columns[0] == spec.columns[1]))
      << "C3";
  MatmulEmitter(b, name, spec).Emit();
}

}  // namespace lathe
