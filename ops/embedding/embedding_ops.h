// Op classes of the family embedding, for passes and lowerings; models call embedding_build.h.
#pragma once

#include "ops/core/dialect.h"

#define GET_OP_CLASSES
#include "ops/embedding/embedding_ops.h.inc"

namespace lathe {

void RegisterEmbeddingOps(LatheDialect& dialect);

}  // namespace lathe
