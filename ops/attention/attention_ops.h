// Op classes of the family attention, for passes and lowerings; models call attention_build.h.
#pragma once

#include "ops/core/dialect.h"

#define GET_OP_CLASSES
#include "ops/attention/attention_ops.h.inc"

namespace lathe {

void RegisterAttentionOps(LatheDialect& dialect);

}  // namespace lathe
