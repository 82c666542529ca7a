// Op classes of the family moe, for passes and lowerings; models call moe_build.h.
#pragma once

#include "ops/core/dialect.h"

#define GET_OP_CLASSES
#include "ops/moe/moe_ops.h.inc"

namespace lathe {

void RegisterMoeOps(LatheDialect& dialect);

}  // namespace lathe
