#include "ops/elementwise/elementwise_reference.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "runtime/base/check.h"

namespace lathe {
namespace {

float Sigmoid(float x) { return static_cast<float>(1.0 / (1.0 + std::exp(-double{x}))); }

float Silu(float x) { return static_cast<float>(x / (1.0 + std::exp(-double{x}))); }

float Apply(UnaryKind kind, float x) {
  switch (kind) {
    case UnaryKind::kNeg:
      return -x;
    case UnaryKind::kExp:
      return static_cast<float>(std::exp(double{x}));
    case UnaryKind::kRsqrt:
      return static_cast<float>(1.0 / std::sqrt(double{x}));
    case UnaryKind::kCos:
      return static_cast<float>(std::cos(double{x}));
    case UnaryKind::kSin:
      return static_cast<float>(std::sin(double{x}));
    case UnaryKind::kSigmoid:
      return Sigmoid(x);
    case UnaryKind::kSilu:
      return Silu(x);
    case UnaryKind::kSoftplus:
      if (x > 20.0f) return x;
      return static_cast<float>(std::max(double{x}, 0.0) +
                                std::log1p(std::exp(-std::abs(double{x}))));
  }
  LATHE_CHECK(false) << "unary kind " << static_cast<int>(kind);
  return 0;
}

float Apply(BinaryKind kind, float a, float b) {
  switch (kind) {
    case BinaryKind::kAdd:
      return a + b;
    case BinaryKind::kSub:
      return a - b;
    case BinaryKind::kMul:
      return a * b;
    case BinaryKind::kDiv:
      return a / b;
  }
  LATHE_CHECK(false) << "binary kind " << static_cast<int>(kind);
  return 0;
}

// A NaN fails both comparisons and stays.
float Clamp(float x, float low, float high) {
  if (x < low) return low;
  return x > high ? high : x;
}

template <typename Function>
HostTensor Map(const HostTensor& x, Function function) {
  HostTensor y(x.dtype(), x.shape());
  std::transform(x.floats().begin(), x.floats().end(), y.floats().begin(), function);
  y.RoundToDType();
  return y;
}

template <typename Function>
HostTensor Zip(const HostTensor& a, const HostTensor& b, Function function) {
  LATHE_CHECK(a.shape() == b.shape()) << Describe(a) << " and " << Describe(b);
  HostTensor y(a.dtype(), a.shape());
  std::transform(a.floats().begin(), a.floats().end(), b.floats().begin(), y.floats().begin(),
                 function);
  y.RoundToDType();
  return y;
}

float Reduce(ReduceKind kind, absl::Span<const float> values) {
  if (kind == ReduceKind::kMax) {
    float largest = -std::numeric_limits<float>::infinity();
    for (float value : values) {
      if (std::isnan(value)) return value;
      largest = std::max(largest, value);
    }
    return largest;
  }
  double sum = 0;
  for (float value : values) sum += value;
  return static_cast<float>(kind == ReduceKind::kMean ? sum / static_cast<double>(values.size())
                                                      : sum);
}

// Copies `count` elements of either kind.
void CopyElements(const HostTensor& from, int64_t from_index, HostTensor& to, int64_t to_index,
                  int64_t count) {
  if (from.dtype() == DType::kI32) {
    std::copy_n(from.ints().data() + from_index, count, to.ints().data() + to_index);
  } else {
    std::copy_n(from.floats().data() + from_index, count, to.floats().data() + to_index);
  }
}

}  // namespace

HostTensor UnaryReference(UnaryKind kind, const HostTensor& x) {
  return Map(x, [kind](float value) { return Apply(kind, value); });
}

HostTensor BinaryReference(BinaryKind kind, const HostTensor& a, const HostTensor& b) {
  return Zip(a, b, [kind](float left, float right) { return Apply(kind, left, right); });
}

HostTensor ClampReference(const HostTensor& x, double low, double high) {
  return Map(x, [=](float value) {
    return Clamp(value, static_cast<float>(low), static_cast<float>(high));
  });
}

HostTensor ScaleReference(const HostTensor& x, double factor, double offset) {
  return Map(x, [=](float value) {
    float product = value * static_cast<float>(factor);
    return product + static_cast<float>(offset);
  });
}

// The limit acts after silu on the gate's side, above only, and on both sides of up: the convention
// of Step-3.5, not of GPT-OSS.
HostTensor SwigluReference(const HostTensor& gate, const HostTensor& up, double limit) {
  return Zip(gate, up, [limit](float g, float u) {
    float bound = limit > 0 ? static_cast<float>(limit) : std::numeric_limits<float>::infinity();
    return Clamp(Silu(g), -std::numeric_limits<float>::infinity(), bound) * Clamp(u, -bound, bound);
  });
}

HostTensor ReduceReference(ReduceKind kind, const HostTensor& x) {
  std::vector<int64_t> shape = x.shape();
  shape.back() = 1;
  HostTensor y(x.dtype(), shape);
  for (int64_t row = 0; row < x.num_rows(); ++row) {
    y.floats()[row] = Reduce(kind, x.floats().subspan(row * x.width(), x.width()));
  }
  return y;
}

HostTensor BroadcastReference(const HostTensor& x, std::vector<int64_t> shape) {
  HostTensor y(x.dtype(), std::move(shape));
  LATHE_CHECK(x.rank() <= y.rank()) << Describe(x) << " to " << Describe(y);
  for (int64_t index = 0; index < y.num_elements(); ++index) {
    // The source's index, from the last axis to the first.
    int64_t rest = index;
    int64_t source = 0;
    int64_t stride = 1;
    for (int64_t back = 1; back <= x.rank(); ++back) {
      int64_t extent = y.dim(y.rank() - back);
      int64_t source_extent = x.dim(x.rank() - back);
      LATHE_CHECK(source_extent == 1 || source_extent == extent)
          << Describe(x) << " to " << Describe(y);
      if (source_extent != 1) source += rest % extent * stride;
      stride *= source_extent;
      rest /= extent;
    }
    CopyElements(x, source, y, index, 1);
  }
  return y;
}

HostTensor SliceReference(const HostTensor& x, int64_t begin, int64_t end) {
  std::vector<int64_t> shape = x.shape();
  shape.back() = end - begin;
  HostTensor y(x.dtype(), shape);
  for (int64_t row = 0; row < x.num_rows(); ++row) {
    CopyElements(x, row * x.width() + begin, y, row * y.width(), y.width());
  }
  return y;
}

HostTensor ConcatReference(const std::vector<const HostTensor*>& parts) {
  LATHE_CHECK(!parts.empty()) << "nothing to join";
  std::vector<int64_t> shape = parts[0]->shape();
  shape.back() = 0;
  for (const HostTensor* part : parts) shape.back() += part->width();
  HostTensor y(parts[0]->dtype(), shape);
  for (int64_t row = 0; row < y.num_rows(); ++row) {
    int64_t column = 0;
    for (const HostTensor* part : parts) {
      CopyElements(*part, row * part->width(), y, row * y.width() + column, part->width());
      column += part->width();
    }
  }
  return y;
}

}  // namespace lathe
