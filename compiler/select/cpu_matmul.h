// What the matchers of matrix products share (compiler/lower/matmul.h).
#pragma once

#include "absl/status/status.h"
#include "compiler/lower/matmul.h"
#include "compiler/select/kernel_choice.h"
#include "ops/core/dialect.h"

namespace lathe {

// Completes a choice whose bindings, dims and spec are known: arithmetic, tiles, key, items,
// scratch memory, emitter. FailedPrecondition for tiles of the dispatch that do not fit.
absl::Status FinishMatmul(DispatchOp dispatch, MatmulSpec spec, KernelChoice& choice);

}  // namespace lathe
