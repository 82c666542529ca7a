// How far results may lie from the golden files, in one table by the dtype of weights and caches.
//   GoldenTolerance tolerance = ToleranceOf(DType::kF32);
#pragma once

#include <algorithm>

#include "runtime/base/check.h"
#include "runtime/base/dtype.h"

namespace lathe::testing {

// A limit that is 0 does not apply to the dtype.
struct GoldenTolerance {
  double max_abs;        // of logits and layer inputs
  double state_max_abs;  // of keys and values
  // KL divergence of the golden distribution from ours, mean over the rows of a tensor: at most
  // `kl_factor` times what the reference itself loses in this dtype, or `mean_kl` where that is more.
  double mean_kl;
  double kl_factor;
  // Rows whose two best golden logits are nearer than `argmax_margin` may choose otherwise; of the
  // others the share that agrees is at most `argmax_loss` below that of the reference.
  double argmax_margin;
  double argmax_loss;

  double MeanKl(double reference_kl) const { return std::max(mean_kl, kl_factor * reference_kl); }
};

// f32: sums in another order; the logits of the golden models have a standard deviation of 3 to 5.
// bf16: eight bits of mantissa, at places that differ between any two implementations.
inline GoldenTolerance ToleranceOf(DType dtype) {
  switch (dtype) {
    case DType::kF32:
      return {2e-3, 1e-3, 1e-5, 0, 0, 0};
    case DType::kBF16:
      return {0, 0, 0, 1.5, 0.05, 0.08};
    default:
      LATHE_CHECK(false) << "there are no goldens of " << DTypeName(dtype);
      return {};
  }
}

}  // namespace lathe::testing
