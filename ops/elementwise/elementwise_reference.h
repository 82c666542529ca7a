// The meaning of the elementwise ops in plain loops: operands widened to f32, one rounding to the
// dtype of the result.
#pragma once

#include <vector>

#include "ops/core/host_tensor.h"

namespace lathe {

enum class UnaryKind { kNeg, kExp, kRsqrt, kCos, kSin, kSigmoid, kSilu, kSoftplus };
enum class BinaryKind { kAdd, kSub, kMul, kDiv };
enum class ReduceKind { kSum, kMax, kMean };

HostTensor UnaryReference(UnaryKind kind, const HostTensor& x);
HostTensor BinaryReference(BinaryKind kind, const HostTensor& a, const HostTensor& b);
HostTensor ClampReference(const HostTensor& x, double low, double high);
// x * factor + offset, the product rounded to f32 before the sum.
HostTensor ScaleReference(const HostTensor& x, double factor, double offset);
// silu(gate) * up; with limit > 0 min(silu(gate), limit) * clamp(up, -limit, limit).
HostTensor SwigluReference(const HostTensor& gate, const HostTensor& up, double limit);
// Over the last axis, which becomes 1; sums in f64.
HostTensor ReduceReference(ReduceKind kind, const HostTensor& x);
// Extents align at the right; those that are 1 or absent in x repeat.
HostTensor BroadcastReference(const HostTensor& x, std::vector<int64_t> shape);
HostTensor SliceReference(const HostTensor& x, int64_t begin, int64_t end);
HostTensor ConcatReference(const std::vector<const HostTensor*>& parts);

}  // namespace lathe
