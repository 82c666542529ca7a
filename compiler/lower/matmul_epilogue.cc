#include "compiler/lower/matmul_epilogue.h"

#include "compiler/lower/head_epilogue.h"

namespace lathe {

using namespace mlir;  // NOLINT(google-build-using-namespace): op names would fill every line

StoreEpilogue::StoreEpilogue(KernelBuilder& b, const MatmulSpec& spec)
    : b_(b), spec_(spec), sources_(MatmulSources(spec)) {}

SmallVector<Type> StoreEpilogue::ArgTypes() const {
  const int64_t pointers = (spec_.bias ? sources_ : 0) + (HasResidual() ? 1 : 0) + 1;
  SmallVector<Type> types(pointers, b_.ptr());
  types.append(2, b_.i64());
  return types;
}

Values StoreEpilogue::Pack(const Carried& c) const {
  Values values = c.biases;
  if (c.residual) values.push_back(c.residual);
  values.append({c.out, c.columns, c.count});
  return values;
}

StoreEpilogue::Carried StoreEpilogue::Unpack(ValueRange carried) const {
  Carried c;
  size_t next = 0;
  for (int64_t s = 0; spec_.bias && s < sources_; ++s) c.biases.push_back(carried[next++]);
  if (HasResidual()) c.residual = carried[next++];
  c.out = carried[next++];
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
  return Pack(c);
}

Value StoreEpilogue::Biased(Value sum, Value bias, int64_t block, Value mask) const {
  Value address = b_.At(bias, block * kLanes * ByteSize(*spec_.bias));
  return b_.AddF(
      sum, mask ? b_.LoadMasked(*spec_.bias, address, mask) : b_.LoadVector(*spec_.bias, address));
}

// One vector of the output from those of the sources.
Value StoreEpilogue::Combined(const Carried& c, ArrayRef<Value> values, Value residual_at,
                              Value mask) const {
  if (spec_.epilogue == MatmulEpilogue::kSwiGlu)
    return b_.SwiGlu(values[0], values[1], spec_.limit);
  if (!c.residual) return values[0];
  return b_.AddF(mask ? b_.LoadMasked(Storage::kF32, residual_at, mask)
                      : b_.LoadVector(Storage::kF32, residual_at),
                 values[0]);
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
      if (mask) {
        b_.StoreMasked(Storage::kF32, result, address(c.out), mask);
      } else {
        b_.StoreVector(Storage::kF32, result, address(c.out));
      }
    }
  }
}

std::unique_ptr<EpilogueEmitter> MakeEpilogue(KernelBuilder& b, const MatmulSpec& spec) {
  if (spec.epilogue == MatmulEpilogue::kHeadSteps) return std::make_unique<HeadEpilogue>(b, spec);
  return std::make_unique<StoreEpilogue>(b, spec);
}

int64_t EpilogueScratchBytes(const MatmulSpec& spec) {
  return spec.epilogue == MatmulEpilogue::kHeadSteps ? HeadEpilogue::ScratchBytes(spec) : 0;
}

}  // namespace lathe
