// Caches as the CPU's kernels see them.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "compiler/lower/rowwise.h"
#include "compiler/select/kernel_choice.h"
#include "ops/core/dialect.h"

namespace lathe {

// The layout of the cache layer that is operand `number` of `dispatch`. FailedPrecondition for
// pages, heads and dtypes that no kernel reads.
absl::StatusOr<CacheLayout> CpuCacheLayout(DispatchOp dispatch, int64_t number);

// "bf16 heads=8x128 page_bytes=..": for keys.
std::string CacheKey(const CacheLayout& layout);

}  // namespace lathe
