// Op classes of the family sampling, for passes and lowerings; models call sampling_build.h.
#pragma once

#include "ops/core/dialect.h"

#define GET_OP_CLASSES
#include "ops/sampling/sampling_ops.h.inc"

namespace lathe {

void RegisterSamplingOps(LatheDialect& dialect);

}  // namespace lathe
