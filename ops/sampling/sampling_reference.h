// The meaning of the choice of tokens in plain loops. What is no number never wins.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
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

// The arrays of ops/sampling/source/choose_row.h.
struct SampleOperands {
  const HostTensor& x;
  const HostTensor& greedy_ids;
  const HostTensor& limits;
  const HostTensor& settings;
  const HostTensor& numbers;
  const HostTensor& list_ids;
  const HostTensor& list_values;
};

// ids[r] = ChooseRow of row r. InvalidArgument when the ends of the lists do not ascend or lie
// behind the last id.
absl::StatusOr<HostTensor> SampleReference(const SampleOperands& operands);

}  // namespace lathe
