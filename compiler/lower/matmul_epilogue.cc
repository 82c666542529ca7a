#include "compiler/lower/matmul_epilogue.h"

#include "compiler/lower/argmax.h"
#include "compiler/lower/head_epilogue.h"

namespace lathe {

using namespace mlir;  // NOLINT(google-build-using-namespace): op names would fill every line

StoreEpilogue::StoreEpilogue(KernelBuilder& b, const MatmulSpec& spec)
    : b_(b), spec_(spec), sources_(MatmulSources(spec)) {}

SmallVector<Type> StoreEpilogue::ArgTypes() const {
  const int64_t pointers =
      (spec_.bias ? sources_ : 0) + (HasResidual() ? 1 : 0) + 1 + (spec_.has_block_max ? 1 : 0);
  SmallVector<Type> types(pointers, b_.ptr());
  types.append(2, b_.i64());
  return types;
}

Values StoreEpilogue::Pack(const Carried& c) const {
  Values values = c.biases;
  if (c.residual) values.push_back(c.residual);
  values.push_back(c.out);
  if (c.maxima) values.push_back(c.maxima);
  values.append({c.columns, c.count});
  return values;
}

StoreEpilogue::Carried StoreEpilogue::Unpack(ValueRange carried) const {
  Carried c;
  size_t next = 0;
  for (int64_t s = 0; spec_.bias && s < sources_; ++s) c.biases.push_back(carried[next++]);
  if (HasResidual()) c.residual = carried[next++];
  c.out = carried[next++];
  if (spec_.has_block_max) c.maxima = carried[next++];
  c.columns = carried[next++];
  c.count = carried[next++];
  return c;
}

Values StoreEpilogue::Biases(const KernelArgs& args, int64_t first_matrix) const {
  Values biases;
  for (int64_t s = 0; spec_.bias && s < sources_; ++s)
    biases.push_back(b_.Operand(args, WeightOperand(spec_, first_matrix + s) + 1));
  return biases;
}

void StoreEpilogue::EmitSegment(const KernelArgs& args, const SegmentShare& share,
                                SweepTiles sweep) const {
  const int64_t columns = spec_.columns[share.first_matrix];
  int64_t operand = EpilogueOperand(spec_);
  Carried c;
  c.biases = Biases(args, share.first_matrix);
  auto row_of = [&](int64_t number) {
    return b_.At(b_.Operand(args, number), share.first_row, columns * 4);
  };
  if (HasResidual()) c.residual = row_of(operand++);
  c.out = row_of(operand + share.first_matrix / sources_);
  if (spec_.has_block_max)
    c.maxima = b_.At(b_.Operand(args, operand + 1), share.first_row, MatmulBlocks(spec_) * 4);
  c.columns = b_.Index(columns);
  c.count = b_.Index(columns % kLanes);
  auto block_of = [&](Value item) {
    return b_.Min(b_.Mul(item, kMatmulItemColumns / kLanes),
                  b_.Index((columns + kLanes - 1) / kLanes));
  };
  sweep(Pack(c), b_.Index(0), share.rows, block_of(share.begin), block_of(share.end));
}

Values StoreEpilogue::AtTile(ValueRange carried, Value row, Value block) const {
  Carried c = Unpack(carried);
  for (Value& bias : c.biases) bias = b_.At(bias, block, kLanes * ByteSize(*spec_.bias));
  Value offset = b_.Add(b_.Mul(row, c.columns), b_.Mul(block, kLanes));
  if (c.residual) c.residual = b_.At(c.residual, offset, 4);
  c.out = b_.At(c.out, offset, 4);
  if (c.maxima) c.maxima = b_.At(c.maxima, b_.Add(b_.Mul(row, MatmulBlocks(spec_)), block), 4);
  return Pack(c);
}

Value StoreEpilogue::Biased(Value sum, Value bias, int64_t block, Value mask) const {
  Value address = b_.At(bias, block * kLanes * ByteSize(*spec_.bias));
  return b_.AddF(sum, b_.LoadVector(*spec_.bias, address, mask));
}

// One vector of the output from those of the sources.
Value StoreEpilogue::Combined(const Carried& c, ArrayRef<Value> values, Value residual_at,
                              Value mask) const {
  if (spec_.epilogue == MatmulEpilogue::kSwiGlu)
    return b_.SwiGlu(values[0], values[1], spec_.limit);
  if (!c.residual) return values[0];
  return b_.AddF(b_.LoadVector(Storage::kF32, residual_at, mask), values[0]);
}

void StoreEpilogue::Finish(const MatmulTile& tile, bool is_partial, ValueRange carried,
                           ArrayRef<Value> sums) const {
  const Carried c = Unpack(carried);
  Value mask = is_partial ? b_.MaskBelow(c.count) : Value();
  for (int64_t row = 0; row < tile.rows; ++row) {
    Value row_offset = b_.Mul(b_.Mul(c.columns, row), 4);
    for (int64_t block = 0; block < tile.blocks; ++block) {
      Values values;
      for (int64_t s = 0; s < sources_; ++s) {
        Value sum = sums[(row * tile.blocks + block) * sources_ + s];
        values.push_back(spec_.bias ? Biased(sum, c.biases[s], block, mask) : sum);
      }
      auto address = [&](Value base) {
        return b_.At(b_.At(base, row_offset, 1), block * kLanes * 4);
      };
      Value residual_at = c.residual ? address(c.residual) : Value();
      Value result = Combined(c, values, residual_at, mask);
      b_.StoreVector(Storage::kF32, result, address(c.out), mask);
    }
  }
  if (c.maxima) StoreMaxima(tile, c, mask);
}

// Reads back what was just stored: a loop over rows is a fraction of the code, which has a copy for
// each size of tile.
void StoreEpilogue::StoreMaxima(const MatmulTile& tile, const Carried& c, Value mask) const {
  b_.For(b_.Index(0), b_.Index(tile.rows), 1, [&](Value row) {
    Value out = b_.At(c.out, b_.Mul(row, c.columns), 4);
    Value maxima = b_.At(c.maxima, row, MatmulBlocks(spec_) * 4);
    for (int64_t block = 0; block < tile.blocks; ++block) {
      Value at = b_.At(out, block * kLanes * 4);
      Value vector = b_.LoadVector(Storage::kF32, at, mask);
      b_.Store(LargestLane(b_, vector, mask), b_.At(maxima, block * 4), 4);
    }
  });
}

std::unique_ptr<EpilogueEmitter> MakeEpilogue(KernelBuilder& b, const MatmulSpec& spec) {
  if (spec.epilogue == MatmulEpilogue::kHeadSteps) return std::make_unique<HeadEpilogue>(b, spec);
  return std::make_unique<StoreEpilogue>(b, spec);
}

int64_t EpilogueScratchBytes(const MatmulSpec& spec) {
  return spec.epilogue == MatmulEpilogue::kHeadSteps ? HeadEpilogue::ScratchBytes(spec) : 0;
}

}  // namespace lathe
