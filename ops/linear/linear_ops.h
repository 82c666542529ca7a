// Op classes of the family linear, for passes and lowerings; models call linear_build.h.
#pragma once

#include "ops/core/dialect.h"

#define GET_OP_CLASSES
#include "ops/linear/linear_ops.h.inc"

namespace lathe {

void RegisterLinearOps(LatheDialect& dialect);

}  // namespace lathe
