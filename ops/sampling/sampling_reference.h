// The meaning of the choice of tokens in plain loops. What is no number never wins.
#pragma once

#include <cstdint>

#include "ops/core/host_tensor.h"

namespace lathe {

// ids[r] = the lowest i < limits[r] with the largest x[r, i]; -1 where none of these is above minus
// infinity.
HostTensor ArgmaxReference(const HostTensor& x, const HostTensor& limits);

// maxima[r, j] = the largest of x[r, block * j ..), minus infinity where that holds no number.
HostTensor BlockMaxReference(const HostTensor& x, int64_t block);

// Argmax that trusts `maxima`, those of BlockMaxReference, for whole blocks below the limit.
HostTensor ArgmaxByBlocksReference(const HostTensor& x, const HostTensor& maxima,
                                   const HostTensor& limits, int64_t block);

}  // namespace lathe
