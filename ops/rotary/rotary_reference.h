// The meaning of the rotary ops in plain loops.
#pragma once

#include <utility>

#include "ops/core/host_tensor.h"

namespace lathe {

// cos and sin, [S, F], of the f32 angle float(position) * inv_freq, computed in f64, times scaling,
// rounded to f32.
std::pair<HostTensor, HostTensor> RopeTableReference(const HostTensor& positions,
                                                     const HostTensor& inv_freq, double scaling);

// Half-split rotation of the first 2F components of every head of x [S, heads, D]; the rest is
// copied.
HostTensor RopeReference(const HostTensor& x, const HostTensor& cos, const HostTensor& sin);

}  // namespace lathe
