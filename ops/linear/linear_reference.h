// The meaning of the linear ops in plain loops.
#pragma once

#include "ops/core/eval_options.h"
#include "ops/core/host_tensor.h"

namespace lathe {

// y[.., n] = sum over k, ascending, of x[.., k] * weight[n, k]; then plus bias[n] where there is
// one.
HostTensor MatmulReference(const HostTensor& x, const HostTensor& weight, const HostTensor* bias,
                           Accumulate accumulate);

}  // namespace lathe
