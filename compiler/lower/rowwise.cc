#include "compiler/lower/rowwise.h"

#include "compiler/lower/packed_row.h"
#include "compiler/lower/rms_norm.h"
#include "runtime/base/check.h"

namespace lathe {

using namespace mlir;  // NOLINT(google-build-using-namespace): op names would fill every line

namespace {

bool IsSource(RowOp op) {
  return op == RowOp::kInput || op == RowOp::kLoad || op == RowOp::kGather ||
         op == RowOp::kLoadBroadcast;
}

// Computed vector by vector in one loop with its neighbours.
bool IsPointwise(RowOp op) {
  switch (op) {
    case RowOp::kAdd:
    case RowOp::kSub:
    case RowOp::kMul:
    case RowOp::kScale:
    case RowOp::kSilu:
    case RowOp::kSwiGlu:
    case RowOp::kStore:
      return true;
    default:
      return false;
  }
}

int64_t AlignedRowBytes(int64_t width) { return WholeLines(width * 4); }

// Where each value lives: sources stay in their operand and are loaded when used; the others have a
// place in scratch if a later loop reads them.
class RowEmitter {
 public:
  RowEmitter(KernelBuilder& b, const RowProgram& program, const KernelArgs& args,
             const RowPlace& place)
      : b_(b), steps_(program.steps()), args_(args), place_(place) {}

  void Emit();

 private:
  size_t EndOfRun(size_t first) const;
  bool IsReadFrom(size_t value, size_t first_reader) const;
  void EmitPointwise(size_t first, size_t last);
  Value Compute(const RowStep& step, ArrayRef<Value> in);
  void EmitNorm(size_t index);
  void EmitRope(size_t index);
  void EmitCacheWrite(const RowStep& step);
  void WriteKey(const RowStep& step, Value head, Value address);
  void WriteValue(const RowStep& step, Value head, Value address);

  Value ReadSource(const RowStep& step, Value element, Value mask);
  Value Read(int value, Value element, Value mask);
  Value LoadAt(Storage storage, Value base, Value element, Value mask);
  void StoreAt(Storage storage, Value vector, Value base, Value element, Value mask);
  Value Scratch(size_t value);
  Value RowOf(const RowStep& step);  // of the step's operand, or this part of it
  Value IndexOperand(int operand);   // i32 element [row] of an operand, as i64

  KernelBuilder& b_;
  const std::vector<RowStep>& steps_;
  const KernelArgs& args_;
  const RowPlace& place_;
};

Value RowEmitter::LoadAt(Storage storage, Value base, Value element, Value mask) {
  Value address = b_.At(base, element, ByteSize(storage));
  return b_.LoadVector(storage, address, mask);
}

void RowEmitter::StoreAt(Storage storage, Value vector, Value base, Value element, Value mask) {
  Value address = b_.At(base, element, ByteSize(storage));
  b_.StoreVector(storage, vector, address, mask);
}

Value RowEmitter::Scratch(size_t value) {
  int64_t offset = 0;
  for (size_t i = 0; i < value; ++i) {
    if (!IsSource(steps_[i].op)) offset += AlignedRowBytes(steps_[i].width);
  }
  return b_.At(place_.scratch, offset);
}

Value RowEmitter::RowOf(const RowStep& step) {
  Value number = place_.part ? b_.Add(b_.Mul(place_.row, place_.parts), place_.part) : place_.row;
  return b_.At(b_.Operand(args_, step.operands[0]), number, step.width * ByteSize(step.storage));
}

Value RowEmitter::IndexOperand(int operand) {
  return b_.Extend(b_.Load(b_.i32(), b_.At(b_.Operand(args_, operand), place_.row, 4), 4));
}

Value RowEmitter::ReadSource(const RowStep& step, Value element, Value mask) {
  if (step.op == RowOp::kInput) return LoadAt(Storage::kF32, place_.input, element, mask);
  if (step.op == RowOp::kLoad) return LoadAt(step.storage, RowOf(step), element, mask);
  Value base = b_.Operand(args_, step.operands[0]);
  if (step.op == RowOp::kLoadBroadcast) return LoadAt(step.storage, base, element, mask);
  const int64_t row_bytes = step.width * ByteSize(step.storage);
  Value index = IndexOperand(step.operands[1]);
  Value limit = step.limit == RowGather::kLimitFromDims ? b_.Dim(args_, 2) : b_.Index(step.limit);
  Value inside = b_.Compare(arith::CmpIPredicate::ult, index, limit);
  Value safe = b_.Select(inside, index, b_.Index(0));
  // A packed row has no gaps behind its width to mask: stores drop what is read there.
  Value loaded = step.packed ? LoadPackedRow(b_, *step.packed, step.width, base, safe, element)
                             : LoadAt(step.storage, b_.At(base, safe, row_bytes), element, mask);
  return b_.Select(inside, loaded, b_.Zero());
}

Value RowEmitter::Read(int value, Value element, Value mask) {
  const RowStep& step = steps_[value];
  if (IsSource(step.op)) return ReadSource(step, element, mask);
  return LoadAt(Storage::kF32, Scratch(value), element, mask);
}

Value RowEmitter::Compute(const RowStep& step, ArrayRef<Value> in) {
  switch (step.op) {
    case RowOp::kAdd:
      return b_.AddF(in[0], in[1]);
    case RowOp::kSub:
      return b_.SubF(in[0], in[1]);
    case RowOp::kMul:
      return b_.MulF(in[0], in[1]);
    case RowOp::kScale:
      return b_.MulF(in[0], b_.Splat(step.constant));
    case RowOp::kSilu:
      return b_.Silu(in[0]);
    case RowOp::kSwiGlu:
      return b_.SwiGlu(in[0], in[1], step.constant);
    default:
      return in[0];
  }
}

// Pointwise steps from `first` on that have its width; sources between them do not end a run.
size_t RowEmitter::EndOfRun(size_t first) const {
  size_t last = first + 1;
  while (last < steps_.size() &&
         (IsSource(steps_[last].op) ||
          (IsPointwise(steps_[last].op) && steps_[last].width == steps_[first].width))) {
    ++last;
  }
  return last;
}

bool RowEmitter::IsReadFrom(size_t value, size_t first_reader) const {
  for (size_t i = first_reader; i < steps_.size(); ++i) {
    for (int input : steps_[i].inputs) {
      if (input == static_cast<int>(value)) return true;
    }
  }
  return false;
}

void RowEmitter::EmitPointwise(size_t first, size_t last) {
  b_.ForVectors(steps_[first].width, [&](Value element, Value mask) {
    SmallVector<Value> values(steps_.size());
    auto get = [&](int input) {
      if (!values[input]) values[input] = Read(input, element, mask);
      return values[input];
    };
    for (size_t i = first; i < last; ++i) {
      const RowStep& step = steps_[i];
      if (IsSource(step.op)) continue;
      SmallVector<Value> in;
      for (int input : step.inputs) in.push_back(get(input));
      values[i] = Compute(step, in);
      if (step.op == RowOp::kStore) {
        StoreAt(step.storage, values[i], RowOf(step), element, mask);
      } else if (IsReadFrom(i, last)) {
        StoreAt(Storage::kF32, values[i], Scratch(i), element, mask);
      }
    }
  });
}

void RowEmitter::EmitNorm(size_t index) {
  const RowStep& step = steps_[index];
  const RmsNormSpec spec{
      .width = step.group, .eps = step.constant, .offset = step.offset, .storage = step.storage};
  b_.For(b_.Index(0), b_.Index(step.width), step.group, [&](Value base) {
    Value weight = step.operands.empty() ? Value() : b_.Operand(args_, step.operands[0]);
    EmitRmsNorm(
        b_, spec, weight,
        [&](Value element, Value mask) {
          return Read(step.inputs[0], b_.Add(base, element), mask);
        },
        [&](Value element, Value mask, Value y) {
          StoreAt(Storage::kF32, y, Scratch(index), b_.Add(base, element), mask);
        });
  });
}

// Half-split pairs as transformers models/llama/modeling_llama.py rotate_half.
void RowEmitter::EmitRope(size_t index) {
  const RowStep& step = steps_[index];
  const int64_t half = step.rotary / 2;
  const int x = step.inputs[0];
  auto table = [&](int i) {
    return b_.At(b_.Operand(args_, step.operands[i]), place_.row, half * 4);
  };
  b_.For(b_.Index(0), b_.Index(step.width), step.group, [&](Value base) {
    b_.ForVectors(half, [&](Value element, Value mask) {
      Value first = b_.Add(base, element), second = b_.Add(first, half);
      Value cos = LoadAt(Storage::kF32, table(0), element, mask);
      Value sin = LoadAt(Storage::kF32, table(1), element, mask);
      Value a = Read(x, first, mask), c = Read(x, second, mask);
      StoreAt(Storage::kF32, b_.Fma(a, cos, b_.NegF(b_.MulF(c, sin))), Scratch(index), first, mask);
      StoreAt(Storage::kF32, b_.Fma(c, cos, b_.MulF(a, sin)), Scratch(index), second, mask);
    });
    b_.ForVectors(step.group - step.rotary, [&](Value element, Value mask) {
      Value at = b_.Add(b_.Add(base, element), step.rotary);
      StoreAt(Storage::kF32, Read(x, at, mask), Scratch(index), at, mask);
    });
  });
}

// Head `head` of the step's heads. Keys lie side by side in a page, so the components of one key
// are scattered, in pairs where the cache holds bf16.
void RowEmitter::WriteKey(const RowStep& step, Value head, Value address) {
  const CacheLayout& cache = step.cache;
  const int64_t per_store = PairedElements(cache.storage);
  Type stored = cache.storage == Storage::kBF16 ? b_.i32() : b_.f32();
  Value base = b_.Mul(head, cache.head_dim);
  b_.ForVectors(cache.head_dim, [&](Value element, Value mask) {
    Value at = b_.Add(base, element);
    Value vector = b_.Stored(cache.storage, Read(step.inputs[0], at, mask));
    vector = b_.Recast(b_.Lanes(stored, kLanes / per_store), vector);
    const int64_t lanes = (mask ? cache.head_dim % kLanes : kLanes) / per_store;
    Value first = b_.Div(at, per_store);
    for (int64_t lane = 0; lane < lanes; ++lane) {
      b_.Store(b_.Extract(vector, lane), b_.At(address, b_.Add(first, lane), kPageTokens * 4), 4);
    }
  });
}

// Values of bf16 are stored in pairs of tokens, of which this is one half.
void RowEmitter::WriteValue(const RowStep& step, Value head, Value address) {
  const CacheLayout& cache = step.cache;
  Value base = b_.Mul(head, cache.head_dim);
  Value row = b_.At(address, head, kPageTokens * cache.head_dim * ByteSize(cache.storage));
  b_.ForVectors(cache.head_dim, [&](Value element, Value mask) {
    Value vector = Read(step.inputs[0], b_.Add(base, element), mask);
    if (cache.storage == Storage::kF32) return StoreAt(cache.storage, vector, row, element, mask);
    vector = b_.Stored(cache.storage, vector);
    const int64_t lanes = mask ? cache.head_dim % kLanes : kLanes;
    for (int64_t lane = 0; lane < lanes; ++lane) {
      b_.Store(b_.Extract(vector, lane), b_.At(row, b_.Add(element, lane), 4), 2);
    }
  });
}

void RowEmitter::EmitCacheWrite(const RowStep& step) {
  const CacheLayout& cache = step.cache;
  const int64_t size = ByteSize(cache.storage);
  const int64_t heads = step.width / cache.head_dim;
  Value position = IndexOperand(step.operands[2]);
  Value sequence = IndexOperand(step.operands[3]);
  Value entry = b_.Add(b_.Mul(sequence, b_.Dim(args_, 1)), b_.Div(position, kPageTokens));
  Value page =
      b_.Extend(b_.Load(b_.i32(), b_.At(b_.Operand(args_, step.operands[1]), entry, 4), 4));
  Value slot = b_.Rem(position, kPageTokens);
  Value layer = b_.At(b_.Operand(args_, step.operands[0]), page, cache.page_bytes);
  if (place_.part) layer = b_.At(layer, place_.part, heads * kPageTokens * cache.head_dim * size);
  const int64_t paired = PairedElements(cache.storage);
  if (step.op == RowOp::kKeyWrite) {
    Value keys = b_.At(layer, slot, paired * size);
    b_.For(b_.Index(0), b_.Index(heads), 1, [&](Value head) { WriteKey(step, head, keys); });
    return;
  }
  Value values =
      b_.At(b_.At(layer, cache.value_offset), b_.Div(slot, paired), cache.head_dim * paired * size);
  values = b_.At(values, b_.Rem(slot, paired), size);
  b_.For(b_.Index(0), b_.Index(heads), 1, [&](Value head) { WriteValue(step, head, values); });
}

void RowEmitter::Emit() {
  for (size_t i = 0; i < steps_.size();) {
    const RowStep& step = steps_[i];
    size_t next = i + 1;
    if (IsPointwise(step.op)) {
      next = EndOfRun(i);
      EmitPointwise(i, next);
    } else if (step.op == RowOp::kRmsNorm) {
      EmitNorm(i);
    } else if (step.op == RowOp::kRope) {
      EmitRope(i);
    } else if (step.op == RowOp::kKeyWrite || step.op == RowOp::kValueWrite) {
      EmitCacheWrite(step);
    } else {
      LATHE_CHECK(IsSource(step.op)) << "a row step without an emitter";
    }
    i = next;
  }
}

}  // namespace

int64_t RowwiseScratchBytes(const RowProgram& program) {
  int64_t bytes = 0;
  for (const RowStep& step : program.steps()) {
    if (!IsSource(step.op)) bytes += AlignedRowBytes(step.width);
  }
  return bytes;
}

void EmitRowSteps(KernelBuilder& b, const RowProgram& program, const KernelArgs& args,
                  const RowPlace& place) {
  RowEmitter(b, program, args, place).Emit();
}

void EmitRowwise(KernelBuilder& b, llvm::StringRef name, const RowProgram& program) {
  b.Kernel(name, [&](const KernelArgs& args) {
    b.For(args.begin, args.end, 1, [&](Value row) {
      EmitRowSteps(b, program, args, {.row = row, .scratch = args.scratch});
    });
  });
}

}  // namespace lathe
