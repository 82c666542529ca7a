#include "ops/linear/linear_reference.h"

#include "runtime/base/check.h"

namespace lathe {
namespace {

template <typename Sum>
float Dot(const float* x, const float* weight, int64_t terms, float bias) {
  Sum sum = 0;
  for (int64_t k = 0; k < terms; ++k) sum += static_cast<Sum>(x[k]) * weight[k];
  return static_cast<float>(sum + bias);
}

}  // namespace

HostTensor MatmulReference(const HostTensor& x, const HostTensor& weight, const HostTensor* bias,
                           Accumulate accumulate) {
  LATHE_CHECK(weight.rank() == 2 && weight.dim(1) == x.width())
      << Describe(x) << " times " << Describe(weight);
  const int64_t terms = x.width();
  const int64_t outputs = weight.dim(0);
  std::vector<int64_t> shape = x.shape();
  shape.back() = outputs;
  HostTensor y(DType::kF32, shape);
  for (int64_t row = 0; row < x.num_rows(); ++row) {
    const float* x_row = x.floats().data() + row * terms;
    for (int64_t n = 0; n < outputs; ++n) {
      const float* weight_row = weight.floats().data() + n * terms;
      float bias_n = bias ? bias->floats()[n] : 0.0f;
      y.floats()[row * outputs + n] = accumulate == Accumulate::kF64
                                          ? Dot<double>(x_row, weight_row, terms, bias_n)
                                          : Dot<float>(x_row, weight_row, terms, bias_n);
    }
  }
  return y;
}

}  // namespace lathe
