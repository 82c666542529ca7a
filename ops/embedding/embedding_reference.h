// The meaning of the row lookups in plain loops. An index outside the table gives a row of zeros.
#pragma once

#include "ops/core/host_tensor.h"

namespace lathe {

// y[r] = x[rows[r]], any dtype.
HostTensor GatherRowsReference(const HostTensor& x, const HostTensor& rows);

// y[s] = f32(table[tokens[s]]) * multiplier.
HostTensor EmbedReference(const HostTensor& table, const HostTensor& tokens, double multiplier);

}  // namespace lathe
