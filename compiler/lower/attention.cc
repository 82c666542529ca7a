#include "compiler/lower/attention.h"

#include <limits>
#include <map>

#include "llvm/ADT/Twine.h"
#include "runtime/base/check.h"

namespace lathe {

using namespace mlir;  // NOLINT(google-build-using-namespace): op names would fill every line

namespace {

constexpr int64_t kBlock = kPageTokens;  // keys of a block: one page
constexpr int64_t kVectorBytes = kLanes * 4;
constexpr float kLowest = std::numeric_limits<float>::lowest();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Scratch of a worker, for the queries of an item: rows x query heads of the kv head. Queries and
// weights are f32, or bf16 where dot products of bf16 read them; both fit.
struct ScratchLayout {
  explicit ScratchLayout(const AttentionSpec& spec)
      : queries(kAttentionRows * spec.heads / spec.cache.kv_heads),
        width((spec.cache.head_dim + kLanes - 1) / kLanes * kLanes),
        query_bytes(width * 4),
        scores(queries * query_bytes),
        sums(scores + queries * kBlock * 4),
        maxima(sums + queries * query_bytes),
        weights(maxima + queries * 4),
        bytes(weights + queries * 4) {}

  int64_t queries;
  int64_t width;  // head_dim in whole vectors; the lanes behind it hold zeros
  int64_t query_bytes;
  int64_t scores;   // [queries, kBlock]; the scaled queries, [queries, width], lie before
  int64_t sums;     // [queries, width]: weighted values so far
  int64_t maxima;   // [queries]: largest score so far
  int64_t weights;  // [queries]: sum of the weights so far
  int64_t bytes;
};

class AttentionEmitter {
 public:
  AttentionEmitter(KernelBuilder& b, StringRef name, const AttentionSpec& spec)
      : b_(b),
        name_(name),
        spec_(spec),
        scratch_(spec),
        group_(spec.heads / spec.cache.kv_heads),
        dim_(spec.cache.head_dim),
        width_(scratch_.width),
        size_(ByteSize(spec.cache.storage)),
        dots_(UnitOfAttention(b.level(), spec) == ArithmeticUnit::kDotBF16) {
    // Half of the registers hold accumulators, as a square of queries x vectors: 4 x 4 of 32, 2 x 2
    // of 8 (16 of half the width).
    const int64_t vectors = b.level().vector_registers * b.level().vector_bits / (kLanes * 32);
    tile_ = vectors >= 32 ? 4 : 2;
  }

  void Emit();

 private:
  // The rows [begin, end) of one sequence inside an item.
  struct Rows {
    Value begin, end, sequence, head;
    Value lowest, highest;  // positions
    Value queries;          // rows x query heads of the kv head
  };

  void EmitItem(Value item, Value row_blocks);
  Value SequenceOf(Value row) { return LoadIndex(row_sequence_, row); }
  Value PositionOf(Value row) { return LoadIndex(positions_, row); }
  Value LoadIndex(Value base, Value row) {
    return b_.Extend(b_.Load(b_.i32(), b_.At(base, row, 4), 4));
  }
  Value EndOfSequence(Value row, Value limit, Value sequence);
  void EmitRows(Rows rows);
  void FindPositions(Rows& rows);
  void Start(const Rows& rows);
  Value KeysOf(const Rows& rows, Value block);
  void EmitBlock(const Rows& rows, Value block, Value last_block);
  void Softmax(const Rows& rows, Value query, Value first_key);
  Values MaskedScores(const Rows& rows, Value query, Value first_key, Value scores);
  void Finish(const Rows& rows);

  // Helpers over tiles of queries: the tallest as often as it fits, then each smaller one at most
  // once.
  void ForTiles(Value queries, function_ref<void(Value query, int64_t tile)> body);
  void PrefetchLine(Value ahead, Value row, int64_t row_bytes, int64_t offset);
  LLVM::LLVMFuncOp ScoreFunction(int64_t tile);
  LLVM::LLVMFuncOp ValueFunction(int64_t tile);
  void AddValues(ValueRange args, int64_t tile, int64_t column);
  Value LoadValue(Value address, int64_t element);
  void StoreWeights(ArrayRef<Value> weights, Value address);

  // The inner loop of both: the vectors of a tile (of keys or values) times one factor a query. A
  // step is one k of f32, or a pair of them where the cache holds pairs of bf16.
  Type LineType() { return b_.Lanes(PerStep() == 1 ? b_.f32() : b_.i32()); }
  int64_t PerStep() const { return PairedElements(spec_.cache.storage); }
  int64_t FactorBytes() const { return dots_ ? 2 : 4; }
  void AddStep(ArrayRef<Value> lines, Value factors, int64_t tile, int64_t row_bytes, bool is_tail,
               Values& sums);

  Value QueryAt(Value query) { return b_.At(scratch_base_, query, scratch_.query_bytes); }
  Value ScoresAt(Value query) {
    return b_.At(b_.At(scratch_base_, scratch_.scores), query, kBlock * 4);
  }
  Value SumsAt(Value query) {
    return b_.At(b_.At(scratch_base_, scratch_.sums), query, scratch_.query_bytes);
  }
  Value MaximumAt(Value query) { return b_.At(b_.At(scratch_base_, scratch_.maxima), query, 4); }
  Value WeightAt(Value query) { return b_.At(b_.At(scratch_base_, scratch_.weights), query, 4); }
  // Row `query` of q or out: query heads of a row lie side by side.
  Value ActivationAt(Value base, const Rows& rows, Value query);

  KernelBuilder& b_;
  std::string name_;
  const AttentionSpec& spec_;
  ScratchLayout scratch_;
  int64_t group_, dim_, width_, size_, tile_;
  bool dots_;  // queries and weights are rounded to bf16 for dot products
  Value q_, pool_, page_table_, positions_, row_sequence_, out_, rows_, max_pages_, scratch_base_;
  std::map<std::string, LLVM::LLVMFuncOp> helpers_;
};

Value AttentionEmitter::ActivationAt(Value base, const Rows& rows, Value query) {
  Value row = b_.Add(rows.begin, b_.Div(query, group_));
  Value head = b_.Add(b_.Mul(rows.head, group_), b_.Rem(query, group_));
  return b_.At(b_.At(base, row, spec_.heads * dim_ * 4), head, dim_ * 4);
}

// The part of row `row` at `ahead` that lies where a tile of vectors is read meanwhile. Keys and
// values of a head have the same size, so reading one asks for all of the other.
void AttentionEmitter::PrefetchLine(Value ahead, Value row, int64_t row_bytes, int64_t offset) {
  for (int64_t line = 0; line < tile_ * kVectorBytes; line += 64) {
    b_.Prefetch(b_.At(b_.At(ahead, row, row_bytes), offset + line));
  }
}

// sums[query][line] += factor(query) * line, k ascending. `factors` are rows of `row_bytes`, one a
// query; a tail holds the first half of each pair only.
void AttentionEmitter::AddStep(ArrayRef<Value> lines, Value factors, int64_t tile,
                               int64_t row_bytes, bool is_tail, Values& sums) {
  const size_t width = lines.size();
  if (dots_) {
    for (int64_t t = 0; t < tile; ++t) {
      Value pair = b_.Load(b_.i32(), b_.At(factors, t * row_bytes), 4);
      Value factor = b_.Recast(b_.BF16Pairs(), b_.Broadcast(pair));
      for (size_t v = 0; v < width; ++v) {
        // What lies in the second half of a tail was never written, and may be no number.
        Value line = is_tail ? b_.And(lines[v], b_.SplatI32(0xffff)) : lines[v];
        sums[t * width + v] =
            b_.DotBF16(sums[t * width + v], b_.Recast(b_.BF16Pairs(), line), factor);
      }
    }
    return;
  }
  SmallVector<SmallVector<Value, 2>> parts;
  for (Value line : lines) {
    if (PerStep() == 1) {
      parts.push_back({line});
    } else {
      auto [even, odd] = b_.SplitPairs(line);
      parts.push_back({even, odd});
    }
  }
  for (int64_t part = 0; part < (is_tail ? 1 : PerStep()); ++part) {
    for (int64_t t = 0; t < tile; ++t) {
      Value factor =
          b_.Broadcast(b_.LoadScalar(Storage::kF32, b_.At(factors, t * row_bytes + part * 4)));
      for (size_t v = 0; v < width; ++v) {
        sums[t * width + v] = b_.Fma(factor, parts[v][part], sums[t * width + v]);
      }
    }
  }
}

// scores[tile][kBlock] = queries[tile][width] . keys of the block, components ascending.
LLVM::LLVMFuncOp AttentionEmitter::ScoreFunction(int64_t tile) {
  std::string name = (Twine(name_) + ".scores_" + Twine(tile)).str();
  LLVM::LLVMFuncOp& function = helpers_[name];
  if (function) return function;
  function = b_.Helper(name, {b_.ptr(), b_.ptr(), b_.ptr(), b_.ptr()}, [&](ValueRange args) {
    Value queries = args[0], keys = args[1], scores = args[2], ahead = args[3];
    constexpr int64_t kLineBytes = kBlock * 4;  // one component of f32, or two of bf16, of all keys
    for (int64_t column = 0; column < kBlock; column += tile_ * kLanes) {
      Values sums(static_cast<size_t>(tile * tile_), b_.Zero());
      sums = b_.For(b_.Index(0), b_.Index(dim_ / PerStep()), 1, sums, [&](Value d, ValueRange in) {
        Values next(in);
        Value line = b_.At(b_.At(keys, d, kLineBytes), column * 4);
        PrefetchLine(ahead, d, kLineBytes, column * 4);
        SmallVector<Value> lines;
        for (int64_t v = 0; v < tile_; ++v) {
          lines.push_back(b_.Load(LineType(), b_.At(line, v * kVectorBytes), 4));
        }
        AddStep(lines, b_.At(queries, d, FactorBytes() * PerStep()), tile, scratch_.query_bytes,
                /*is_tail=*/false, next);
        return next;
      });
      for (int64_t t = 0; t < tile; ++t) {
        for (int64_t v = 0; v < tile_; ++v) {
          b_.StoreVector(Storage::kF32, sums[t * tile_ + v],
                         b_.At(scores, (t * kBlock + column + v * kLanes) * 4));
        }
      }
    }
  });
  return function;
}

// 16 components of a value (of a pair of values) from `element` on; zeros behind its last one,
// where the next value begins.
Value AttentionEmitter::LoadValue(Value address, int64_t element) {
  if (element + kLanes <= dim_) return b_.Load(LineType(), address, 4);
  return b_.LoadMaskedAs(LineType(), address, b_.MaskBelow(b_.Index(dim_ - element)));
}

// sums[tile][width] += weights[tile][keys] . values[keys][head_dim], keys ascending. Only `keys`
// of the block are read: what lies behind them was never written.
LLVM::LLVMFuncOp AttentionEmitter::ValueFunction(int64_t tile) {
  std::string name = (Twine(name_) + ".values_" + Twine(tile)).str();
  LLVM::LLVMFuncOp& function = helpers_[name];
  if (function) return function;
  function =
      b_.Helper(name, {b_.ptr(), b_.ptr(), b_.ptr(), b_.ptr(), b_.i64()}, [&](ValueRange args) {
        for (int64_t column = 0; column < width_; column += tile_ * kLanes) {
          AddValues(args, tile, column);
        }
      });
  return function;
}

// The part of ValueFunction for one tile of columns.
void AttentionEmitter::AddValues(ValueRange args, int64_t tile, int64_t column) {
  Value weights = args[0], values = args[1], out = args[2], ahead = args[3], keys = args[4];
  const int64_t vectors = std::min(tile_, (width_ - column) / kLanes);
  const int64_t line_bytes = dim_ * 4;  // one value of f32, or two of bf16
  auto out_at = [&](int64_t t, int64_t v) {
    return b_.At(out, (t * width_ + column + v * kLanes) * 4);
  };
  Values sums;
  for (int64_t t = 0; t < tile; ++t) {
    for (int64_t v = 0; v < vectors; ++v) {
      sums.push_back(b_.LoadVector(Storage::kF32, out_at(t, v)));
    }
  }
  auto step = [&](Value k, ValueRange in, bool is_tail) {
    Values next(in);
    Value line = b_.At(b_.At(values, k, line_bytes), column * 4);
    PrefetchLine(ahead, k, line_bytes, column * 4);
    SmallVector<Value> lines;
    for (int64_t v = 0; v < vectors; ++v) {
      lines.push_back(LoadValue(b_.At(line, v * kVectorBytes), column + v * kLanes));
    }
    AddStep(lines, b_.At(weights, k, FactorBytes() * PerStep()), tile, kBlock * 4, is_tail, next);
    return next;
  };
  Value steps = b_.Div(keys, PerStep());
  sums = b_.For(b_.Index(0), steps, 1, sums,
                [&](Value k, ValueRange in) { return step(k, in, /*is_tail=*/false); });
  if (PerStep() > 1) {
    Value has_tail = b_.Less(b_.Mul(steps, PerStep()), keys);
    sums = b_.If(
        has_tail, ValueRange(sums).getTypes(), [&] { return step(steps, sums, /*is_tail=*/true); },
        [&] { return sums; });
  }
  for (int64_t t = 0; t < tile; ++t) {
    for (int64_t v = 0; v < vectors; ++v) {
      b_.StoreVector(Storage::kF32, sums[t * vectors + v], out_at(t, v));
    }
  }
}

void AttentionEmitter::ForTiles(Value queries, function_ref<void(Value, int64_t)> body) {
  Value next = b_.Mul(b_.Div(queries, tile_), tile_);
  b_.For(b_.Index(0), next, tile_, [&](Value query) { body(query, tile_); });
  for (int64_t tile = tile_ / 2; tile > 0; tile /= 2) {
    // The number of queries is a multiple of the group.
    if (group_ % (tile * 2) == 0) continue;
    Value fits = b_.Compare(arith::CmpIPredicate::sge, b_.Sub(queries, next), b_.Index(tile));
    b_.If(fits, [&] { body(next, tile); });
    next = b_.Select(fits, b_.Add(next, tile), next);
  }
}

void AttentionEmitter::Start(const Rows& rows) {
  b_.For(b_.Index(0), rows.queries, 1, [&](Value query) {
    Value source = ActivationAt(q_, rows, query);
    b_.ForVectors(dim_, [&](Value element, Value mask) {
      Value address = b_.At(source, element, 4);
      Value loaded = b_.LoadVector(Storage::kF32, address, mask);
      Value scaled = b_.MulF(loaded, b_.Splat(spec_.scale));
      b_.StoreVector(dots_ ? Storage::kBF16 : Storage::kF32, scaled,
                     b_.At(QueryAt(query), element, FactorBytes()));
      b_.StoreVector(Storage::kF32, b_.Zero(), b_.At(SumsAt(query), element, 4));
    });
    b_.Store(b_.F32(kLowest), MaximumAt(query), 4);
    b_.Store(b_.F32(0), WeightAt(query), 4);
  });
}

// The scores of one query, with -inf for keys that its row does not see.
Values AttentionEmitter::MaskedScores(const Rows& rows, Value query, Value first_key,
                                      Value scores) {
  Value position = PositionOf(b_.Add(rows.begin, b_.Div(query, group_)));
  Value visible = b_.Add(b_.Sub(position, first_key), 1);  // keys of the block up to the row itself
  Values masked;
  for (int64_t v = 0; v < kBlock / kLanes; ++v) {
    Value score = b_.LoadVector(Storage::kF32, b_.At(scores, v * kLanes * 4));
    Value seen = b_.MaskBelow(b_.Sub(visible, b_.Index(v * kLanes)));
    Value result = b_.Select(seen, score, b_.Splat(-kInfinity));
    if (spec_.window > 0) {
      Value gone = b_.MaskBelow(b_.Sub(visible, b_.Index(spec_.window + v * kLanes)));
      result = b_.Select(gone, b_.Splat(-kInfinity), result);
    }
    masked.push_back(result);
  }
  return masked;
}

// Running softmax (Milakov and Gimelshein, "Online normalizer calculation for softmax", 2018):
// turns scores into weights relative to the largest score so far, and scales what was summed
// before. The first maximum is finite, so that a block without visible keys gives weights of
// exactly 0 and a factor of exactly 1.
void AttentionEmitter::Softmax(const Rows& rows, Value query, Value first_key) {
  Value scores = ScoresAt(query);
  Values score = MaskedScores(rows, query, first_key, scores);
  Value largest = b_.MaxF(b_.MaxF(score[0], score[1]), b_.MaxF(score[2], score[3]));
  Value before = b_.Load(b_.f32(), MaximumAt(query), 4);
  Value maximum = b_.MaxF(before, b_.ReduceMax(largest));
  b_.Store(maximum, MaximumAt(query), 4);
  Value shift = b_.Broadcast(maximum);
  Values weight;
  for (Value part : score) weight.push_back(b_.Exp(b_.SubF(part, shift)));
  StoreWeights(weight, scores);
  Value total = b_.ReduceAdd(b_.AddF(b_.AddF(weight[0], weight[1]), b_.AddF(weight[2], weight[3])));
  Value factor = b_.Exp(b_.SubF(b_.Broadcast(before), shift));
  Value sum = b_.Load(b_.f32(), WeightAt(query), 4);
  b_.Store(b_.Fma(sum, b_.Extract(factor, 0), total), WeightAt(query), 4);
  // Else the factor is 1.
  b_.If(b_.LessF(before, maximum), [&] {
    b_.For(b_.Index(0), b_.Index(width_), kLanes, [&](Value element) {
      Value at = b_.At(SumsAt(query), element, 4);
      b_.StoreVector(Storage::kF32, b_.MulF(b_.LoadVector(Storage::kF32, at), factor), at);
    });
  });
}

// The weights of a block, where its scores were.
void AttentionEmitter::StoreWeights(ArrayRef<Value> weights, Value address) {
  for (size_t v = 0; v < weights.size(); v += 2) {
    if (dots_) {
      b_.Store(b_.NarrowPair(weights[v], weights[v + 1]), b_.At(address, v * kLanes * 2), 4);
    } else {
      b_.StoreVector(Storage::kF32, weights[v], b_.At(address, v * kLanes * 4));
      b_.StoreVector(Storage::kF32, weights[v + 1], b_.At(address, (v + 1) * kLanes * 4));
    }
  }
}

Value AttentionEmitter::KeysOf(const Rows& rows, Value block) {
  Value entry = b_.Add(b_.Mul(rows.sequence, max_pages_), block);
  Value layer = b_.At(pool_, LoadIndex(page_table_, entry), spec_.cache.page_bytes);
  return b_.At(layer, rows.head, kBlock * dim_ * size_);
}

void AttentionEmitter::EmitBlock(const Rows& rows, Value block, Value last_block) {
  Value keys = KeysOf(rows, block);
  Value next_keys = KeysOf(rows, b_.Min(b_.Add(block, 1), last_block));
  Value values = b_.At(keys, spec_.cache.value_offset);
  Value first_key = b_.Mul(block, kBlock);
  ForTiles(rows.queries, [&](Value query, int64_t tile) {
    b_.Call(ScoreFunction(tile), {QueryAt(query), keys, ScoresAt(query), values});
  });
  b_.For(b_.Index(0), rows.queries, 1, [&](Value query) { Softmax(rows, query, first_key); });
  Value count = b_.Min(b_.Index(kBlock), b_.Add(b_.Sub(rows.highest, first_key), 1));
  ForTiles(rows.queries, [&](Value query, int64_t tile) {
    b_.Call(ValueFunction(tile), {ScoresAt(query), values, SumsAt(query), next_keys, count});
  });
}

void AttentionEmitter::Finish(const Rows& rows) {
  b_.For(b_.Index(0), rows.queries, 1, [&](Value query) {
    Value total = b_.Broadcast(b_.Load(b_.f32(), WeightAt(query), 4));
    Value out = ActivationAt(out_, rows, query);
    b_.ForVectors(dim_, [&](Value element, Value mask) {
      Value sum = b_.LoadVector(Storage::kF32, b_.At(SumsAt(query), element, 4));
      Value result = b_.DivF(sum, total);
      b_.StoreVector(Storage::kF32, result, b_.At(out, element, 4), mask);
    });
  });
}

void AttentionEmitter::FindPositions(Rows& rows) {
  Value first = PositionOf(rows.begin);
  Values range =
      b_.For(rows.begin, rows.end, 1, {first, first}, [&](Value row, ValueRange in) -> Values {
        Value position = PositionOf(row);
        return {b_.Min(in[0], position), b_.Max(in[1], position)};
      });
  rows.lowest = range[0];
  rows.highest = range[1];
}

void AttentionEmitter::EmitRows(Rows rows) {
  rows.queries = b_.Mul(b_.Sub(rows.end, rows.begin), group_);
  FindPositions(rows);
  Start(rows);
  Value first_block = b_.Index(0);
  if (spec_.window > 0) {
    Value first_seen = b_.Sub(rows.lowest, b_.Index(spec_.window - 1));
    first_block = b_.Div(b_.Max(first_seen, b_.Index(0)), kBlock);
  }
  Value last_block = b_.Div(rows.highest, kBlock);
  b_.For(first_block, b_.Add(last_block, 1), 1,
         [&](Value block) { EmitBlock(rows, block, last_block); });
  Finish(rows);
}

Value AttentionEmitter::EndOfSequence(Value row, Value limit, Value sequence) {
  // The load is guarded: row `limit` may not exist.
  return b_.While(
      {b_.Add(row, 1)},
      [&](ValueRange state) {
        return b_.If(
            b_.Less(state[0], limit), TypeRange{b_.mlir().getI1Type()},
            [&]() -> Values {
              return {b_.Compare(arith::CmpIPredicate::eq, SequenceOf(state[0]), sequence)};
            },
            [&]() -> Values { return {b_.Less(limit, limit)}; })[0];
      },
      [&](ValueRange state) -> Values { return {b_.Add(state[0], 1)}; })[0];
}

// Items count row blocks of one kv head before those of the next: a contiguous part of them is then
// an equal share of the work, though late rows see more keys, and the keys of one head stay in the
// cache.
void AttentionEmitter::EmitItem(Value item, Value row_blocks) {
  Value head = b_.Quotient(item, row_blocks);
  Value row_block = b_.Sub(item, b_.Mul(head, row_blocks));
  Value begin = b_.Mul(row_block, kAttentionRows);
  Value end = b_.Min(rows_, b_.Add(begin, kAttentionRows));
  b_.While(
      {begin}, [&](ValueRange state) { return b_.Less(state[0], end); },
      [&](ValueRange state) -> Values {
        Rows rows;
        rows.begin = state[0];
        rows.head = head;
        rows.sequence = SequenceOf(rows.begin);
        rows.end = EndOfSequence(rows.begin, end, rows.sequence);
        EmitRows(rows);
        return {rows.end};
      });
}

void AttentionEmitter::Emit() {
  b_.Kernel(name_, [&](const KernelArgs& args) {
    q_ = b_.Operand(args, 0);
    pool_ = b_.Operand(args, 1);
    page_table_ = b_.Operand(args, 2);
    positions_ = b_.Operand(args, 3);
    row_sequence_ = b_.Operand(args, 4);
    out_ = b_.Operand(args, 5);
    rows_ = b_.Dim(args, 0);
    max_pages_ = b_.Dim(args, 1);
    scratch_base_ = args.scratch;
    Value row_blocks = b_.Div(b_.Add(rows_, kAttentionRows - 1), kAttentionRows);
    b_.For(args.begin, args.end, 1, [&](Value item) { EmitItem(item, row_blocks); });
  });
}

}  // namespace

ArithmeticUnit UnitOfAttention(const CpuLevel& level, const AttentionSpec& spec) {
  const bool has_dots = spec.cache.storage == Storage::kBF16 && level.Has("avx512_bf16");
  return has_dots ? ArithmeticUnit::kDotBF16 : ArithmeticUnit::kFmaF32;
}

int64_t AttentionItems(const AttentionSpec& spec, int64_t rows) {
  return spec.cache.kv_heads * ((rows + kAttentionRows - 1) / kAttentionRows);
}

int64_t AttentionScratchBytes(const AttentionSpec& spec) { return ScratchLayout(spec).bytes; }

void EmitAttention(KernelBuilder& b, llvm::StringRef name, const AttentionSpec& spec) {
  const CacheLayout& cache = spec.cache;
  LATHE_CHECK(cache.kv_heads > 0 && spec.heads > 0 && spec.heads % cache.kv_heads == 0)
      << "C1: " << spec.heads << " query heads, " << cache.kv_heads << " kv heads";
  LATHE_CHECK(cache.head_dim > 0 && cache.head_dim <= kMaxHeadDim)
      << "C2: heads of " << cache.head_dim;
  AttentionEmitter(b, name, spec).Emit();
}

}  // namespace lathe
