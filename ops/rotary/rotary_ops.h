// Op classes of the family rotary, for passes and lowerings; models call rotary_build.h.
#pragma once

#include "ops/core/dialect.h"

#define GET_OP_CLASSES
#include "ops/rotary/rotary_ops.h.inc"

namespace lathe {

void RegisterRotaryOps(LatheDialect& dialect);

}  // namespace lathe
