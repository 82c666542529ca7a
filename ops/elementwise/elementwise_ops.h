// Op classes of the family elementwise, for passes and lowerings; models call elementwise_build.h.
#pragma once

#include "ops/core/dialect.h"

#define GET_OP_CLASSES
#include "ops/elementwise/elementwise_ops.h.inc"

namespace lathe {

void RegisterElementwiseOps(LatheDialect& dialect);

}  // namespace lathe
