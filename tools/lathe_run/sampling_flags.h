// The flags that say how tokens are chosen.
//   AddSamplingFlags(options.sampling, flags);
#pragma once

#include "tools/common/flags.h"
#include "tools/lathe_run/sampling_values.h"

namespace lathe {

// Adds a group to `table`. `values` must outlive it.
void AddSamplingFlags(SamplingValues& values, FlagTable& table);

}  // namespace lathe
