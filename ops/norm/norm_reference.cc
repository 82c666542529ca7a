#include "ops/norm/norm_reference.h"

#include <cmath>

#include "runtime/base/check.h"

namespace lathe {

// After transformers models/qwen3/modeling_qwen3.py Qwen3RMSNorm and models/qwen3_5 (one-plus);
// nothing is rounded on the way.
HostTensor RmsNormReference(const HostTensor& x, const HostTensor& weight, double eps,
                            double offset) {
  const int64_t width = x.width();
  LATHE_CHECK(weight.num_elements() == width) << Describe(weight) << " for " << Describe(x);
  HostTensor y(DType::kF32, x.shape());
  for (int64_t row = 0; row < x.num_rows(); ++row) {
    const float* in = x.floats().data() + row * width;
    float* out = y.floats().data() + row * width;
    double squares = 0;
    for (int64_t i = 0; i < width; ++i) squares += static_cast<double>(in[i]) * in[i];
    double inverse = 1.0 / std::sqrt(squares / static_cast<double>(width) + eps);
    for (int64_t i = 0; i < width; ++i) {
      out[i] = static_cast<float>(in[i] * inverse * (offset + weight.floats()[i]));
    }
  }
  return y;
}

HostTensor LayerNormReference(const HostTensor& x, const HostTensor& weight, const HostTensor* bias,
                              double eps) {
  const int64_t width = x.width();
  LATHE_CHECK(weight.num_elements() == width) << Describe(weight) << " for " << Describe(x);
  HostTensor y(DType::kF32, x.shape());
  for (int64_t row = 0; row < x.num_rows(); ++row) {
    const float* in = x.floats().data() + row * width;
    float* out = y.floats().data() + row * width;
    double sum = 0;
    for (int64_t i = 0; i < width; ++i) sum += in[i];
    double mean = sum / static_cast<double>(width);
    double squares = 0;
    for (int64_t i = 0; i < width; ++i) squares += (in[i] - mean) * (in[i] - mean);
    double inverse = 1.0 / std::sqrt(squares / static_cast<double>(width) + eps);
    for (int64_t i = 0; i < width; ++i) {
      double value = (in[i] - mean) * inverse * weight.floats()[i];
      out[i] = static_cast<float>(bias ? value + bias->floats()[i] : value);
    }
  }
  return y;
}

}  // namespace lathe
