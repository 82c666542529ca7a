#include "ops/rotary/rotary_reference.h"

#include <cmath>

#include "runtime/base/check.h"

namespace lathe {

// After transformers models/qwen3/modeling_qwen3.py Qwen3RotaryEmbedding: the angle is an f32
// product there too; its functions are evaluated in f64 here, so that large angles lose nothing.
std::pair<HostTensor, HostTensor> RopeTableReference(const HostTensor& positions,
                                                     const HostTensor& inv_freq, double scaling) {
  const int64_t rows = positions.num_elements();
  const int64_t width = inv_freq.num_elements();
  const float factor = static_cast<float>(scaling);
  HostTensor cos(DType::kF32, {rows, width});
  HostTensor sin(DType::kF32, {rows, width});
  for (int64_t row = 0; row < rows; ++row) {
    float position = static_cast<float>(positions.ints()[row]);
    for (int64_t i = 0; i < width; ++i) {
      float angle = position * inv_freq.floats()[i];
      cos.floats()[row * width + i] = static_cast<float>(std::cos(double{angle})) * factor;
      sin.floats()[row * width + i] = static_cast<float>(std::sin(double{angle})) * factor;
    }
  }
  return {std::move(cos), std::move(sin)};
}

// spec common_text 3.3 = transformers rotate_half: y[i] = x[i] cos - x[i+F] sin, y[i+F] = x[i+F]
// cos + x[i] sin.
HostTensor RopeReference(const HostTensor& x, const HostTensor& cos, const HostTensor& sin) {
  LATHE_CHECK(x.rank() == 3 && cos.dim(0) == x.dim(0) && 2 * cos.dim(1) <= x.dim(2))
      << "rope of " << Describe(x) << " by " << Describe(cos);
  const int64_t heads = x.dim(1);
  const int64_t head_dim = x.dim(2);
  const int64_t half = cos.dim(1);
  HostTensor y = x;
  for (int64_t row = 0; row < x.dim(0); ++row) {
    const float* c = cos.floats().data() + row * half;
    const float* s = sin.floats().data() + row * half;
    for (int64_t head = 0; head < heads; ++head) {
      const float* in = x.floats().data() + (row * heads + head) * head_dim;
      float* out = y.floats().data() + (row * heads + head) * head_dim;
      for (int64_t i = 0; i < half; ++i) {
        out[i] = in[i] * c[i] - in[i + half] * s[i];
        out[i + half] = in[i + half] * c[i] + in[i] * s[i];
      }
    }
  }
  return y;
}

}  // namespace lathe
