#include "compiler/lower/matmul.h"

#include <algorithm>
#include <map>

#include "llvm/ADT/Twine.h"
#include "runtime/base/check.h"

namespace lathe {

using namespace mlir;  // NOLINT(google-build-using-namespace): op names would fill every line

namespace {

// Cache lines between a load of weights and the prefetch ahead of it: 32 on four streams were best
// on the machines measured.
constexpr int64_t kPrefetchLines = 32;
// FMAs of one step of the k loop below which several steps are written out one after the other, at
// most four: small tiles need it to hide the loop, large ones would only grow.
constexpr int64_t kUnrolledFmas = 16;

int64_t UnrolledSteps(int64_t fmas) { return std::clamp<int64_t>(kUnrolledFmas / fmas, 1, 4); }

// The lines of one block of columns: where they are read, and where they are asked for.
struct Stream {
  Value weights, ahead;
};

int64_t CeilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

// A register tile: rows x blocks of 16 columns of each source (swiglu has two).
struct Tile {
  int64_t rows = 0;
  int64_t blocks = 0;
  bool partial = false;  // the last block of a segment with columns % 16 columns
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
    const CpuLevel& level = b.level();
    sources_ = fused_ ? 2 : 1;
    tile_blocks_ = std::max<int64_t>(1, level.matmul_tile_columns / kLanes / sources_);
    // A row more must leave registers for one vector of weights a stream and a broadcast.
    const int64_t streams = tile_blocks_ * sources_;
    const int64_t stream_registers = streams * kLanes * 32 / level.vector_bits;
    tile_rows_ = std::min<int64_t>(
        level.matmul_tile_rows, (level.vector_registers - 1 - stream_registers) / stream_registers);
    vector_rows_ = level.matvec_rows;
    vector_blocks_ = std::max<int64_t>(1, level.matvec_columns / kLanes / sources_);
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
  void SweepColumns(const Operands& o, Value rows, Value first, Value last, bool few_rows);
  void SweepRows(const Operands& o, Value rows, Value block, int64_t blocks, bool partial,
                 bool few_rows);
  Values Accumulate(const Operands& o, const Tile& tile);
  SmallVector<Stream> StreamsAt(const Operands& o, const Tile& tile, Value line);
  void Step(const Tile& tile, Value x, ArrayRef<Stream> streams, int64_t step, bool odd_tail,
            Values& sums);
  void Finish(const Operands& o, const Tile& tile, ArrayRef<Value> sums);
  Value Biased(Value sum, Value bias, int64_t block, Value mask);

  int64_t BlockBytes() const { return PackedWeightBytes(spec_.format, kLanes, spec_.inner); }
  int64_t StepsPerLine() const { return spec_.format == WeightFormat::kBF16Pairs ? 2 : 1; }

  KernelBuilder& b_;
  std::string name_;
  const MatmulSpec& spec_;
  bool fused_;
  int64_t sources_, tile_rows_, tile_blocks_, vector_rows_, vector_blocks_;
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

// One cache line of each stream of weights times one or two values of each row of x. `step` counts
// lines from the pointers given.
void MatmulEmitter::Step(const Tile& tile, Value x, ArrayRef<Stream> streams, int64_t step,
                         bool odd_tail, Values& sums) {
  const int64_t per_line = StepsPerLine();
  SmallVector<SmallVector<Value, 2>> weights;
  for (const Stream& stream : streams) {
    Value address = b_.At(stream.weights, step * 64);
    if (spec_.format == WeightFormat::kF32) {
      weights.push_back({b_.Load(b_.Lanes(b_.f32()), address, 64)});
    } else {
      auto [even, odd] = b_.LoadPairs(address);
      weights.push_back({even, odd});
    }
    b_.Prefetch(b_.At(stream.ahead, step * 64));
  }
  for (int64_t part = 0; part < (odd_tail ? 1 : per_line); ++part) {
    for (int64_t row = 0; row < tile.rows; ++row) {
      Value value = b_.Broadcast(
          b_.LoadScalar(Storage::kF32, b_.At(x, (row * spec_.inner + step * per_line + part) * 4)));
      for (size_t s = 0; s < streams.size(); ++s) {
        Value& sum = sums[row * streams.size() + s];
        sum = b_.Fma(weights[s][part], value, sum);
      }
    }
  }
}

// Near the end of its block a stream asks for the block that it reads in the next tile: the blocks
// between are read by the other streams.
SmallVector<Stream> MatmulEmitter::StreamsAt(const Operands& o, const Tile& tile, Value line) {
  const int64_t last_line = BlockBytes() / 64 - kPrefetchLines;
  Value jump = b_.Select(b_.Less(line, b_.Index(last_line)), b_.Index(0),
                         b_.Index((tile.blocks - 1) * BlockBytes()));
  Value ahead = b_.Add(jump, kPrefetchLines * 64);
  SmallVector<Stream> streams;
  for (int64_t block = 0; block < tile.blocks; ++block) {
    for (Value weight : o.weights) {
      Value at = b_.At(b_.At(weight, line, 64), block * BlockBytes());
      streams.push_back({at, b_.At(at, ahead, 1)});
    }
  }
  return streams;
}

// The sums of a tile, [row][block][source].
Values MatmulEmitter::Accumulate(const Operands& o, const Tile& tile) {
  const int64_t per_line = StepsPerLine();
  const int64_t full_lines = spec_.inner / per_line;
  const int64_t steps = UnrolledSteps(tile.rows * tile.blocks * sources_);
  const int64_t unrolled = full_lines / steps * steps;
  Values sums(tile.rows * tile.blocks * sources_, b_.Zero());
  if (unrolled > 0) {
    sums = b_.For(b_.Index(0), b_.Index(unrolled), steps, sums, [&](Value line, ValueRange in) {
      Values next(in);
      SmallVector<Stream> streams = StreamsAt(o, tile, line);
      Value x = b_.At(o.x, line, per_line * 4);
      for (int64_t step = 0; step < steps; ++step) {
        Step(tile, x, streams, step, /*odd_tail=*/false, next);
      }
      return next;
    });
  }
  Value line = b_.Index(unrolled);
  SmallVector<Stream> streams = StreamsAt(o, tile, line);
  Value x = b_.At(o.x, line, per_line * 4);
  const int64_t lines = CeilDiv(spec_.inner, per_line);
  for (int64_t step = 0; unrolled + step < lines; ++step) {
    Step(tile, x, streams, step, /*odd_tail=*/unrolled + step >= full_lines, sums);
  }
  return sums;
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
      Finish(o, tile, Accumulate(o, tile));
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
    at.x = b_.At(o.x, row, spec_.inner * 4);
    for (Value& weight : at.weights) weight = b_.At(weight, block, BlockBytes());
    for (Value& bias : at.biases) bias = b_.At(bias, block, kLanes * ByteSize(*spec_.bias));
    Value offset = b_.Add(b_.Mul(row, o.columns), b_.Mul(block, kLanes));
    if (o.residual) at.residual = b_.At(o.residual, offset, 4);
    at.out = b_.At(o.out, offset, 4);
    b_.Call(TileFunction({tile_rows, blocks, partial}), Pack(at, {}));
  };
  std::vector<int64_t> sizes = DescendingSizes(few_rows ? vector_rows_ : tile_rows_);
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
  for (int64_t blocks : DescendingSizes(few_rows ? vector_blocks_ : tile_blocks_)) {
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
    Value few = b_.Compare(arith::CmpIPredicate::sle, rows, b_.Index(vector_rows_));
    b_.If(
        few, [&] { SweepColumns(o, rows, first, last, /*few_rows=*/true); },
        [&] { SweepColumns(o, rows, first, last, /*few_rows=*/false); });
  });
}

void MatmulEmitter::Emit() {
  LLVM::LLVMFuncOp sweep = SweepFunction();
  b_.Kernel(name_, [&](const KernelArgs& args) {
    Value rows = b_.Dim(args, 0);
    int64_t operand = 0;
    Value x = b_.Operand(args, operand++);
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
      o.residual = residual;
      o.out = b_.Operand(args, operand++);
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
  });
}

}  // namespace

int64_t MatmulItems(const MatmulSpec& spec) {
  int64_t items = 0;
  for (int64_t columns : spec.columns) {
    items += CeilDiv(columns, kMatmulItemColumns);
    if (spec.epilogue == MatmulEpilogue::kSwiGlu) break;
  }
  return items;
}

int64_t PackedWeightBytes(WeightFormat format, int64_t columns, int64_t inner) {
  const int64_t blocks = CeilDiv(columns, kLanes);
  return format == WeightFormat::kF32 ? blocks * inner * kLanes * 4
                                      : blocks * CeilDiv(inner, 2) * kLanes * 4;
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
