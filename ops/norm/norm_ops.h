// Op classes of the family norm, for passes and lowerings; models call norm_build.h.
#pragma once

#include "ops/core/dialect.h"

#define GET_OP_CLASSES
#include "ops/norm/norm_ops.h.inc"

namespace lathe {

void RegisterNormOps(LatheDialect& dialect);

}  // namespace lathe
