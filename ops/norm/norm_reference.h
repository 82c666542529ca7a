// The meaning of the norms in plain loops: statistics in f64, the result rounded once to f32.
#pragma once

#include "ops/core/host_tensor.h"

namespace lathe {

// y = x / sqrt(mean(x^2) + eps) * (offset + weight) over the last axis.
HostTensor RmsNormReference(const HostTensor& x, const HostTensor& weight, double eps,
                            double offset);

// y = (x - mean(x)) / sqrt(var(x) + eps) * weight + bias over the last axis; `bias` may be null.
HostTensor LayerNormReference(const HostTensor& x, const HostTensor& weight, const HostTensor* bias,
                              double eps);

}  // namespace lathe
