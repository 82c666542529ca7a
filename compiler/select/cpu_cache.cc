#include "compiler/select/cpu_cache.h"

#include "absl/strings/str_cat.h"
#include "compiler/lower/attention.h"
#include "compiler/select/dispatch_view.h"
#include "runtime/base/status_macros.h"

namespace lathe {

absl::StatusOr<CacheLayout> CpuCacheLayout(DispatchOp dispatch, int64_t number) {
  LATHE_ASSIGN_OR_RETURN(KvCacheType cache, SourceCache(dispatch, number));
  if (cache.getPage() != kPageTokens) {
    return absl::FailedPreconditionError(
        absl::StrCat("pages of ", cache.getPage(), " tokens; kernels read ", kPageTokens));
  }
  if (cache.getHeadDim() > kMaxHeadDim) {
    return absl::FailedPreconditionError(absl::StrCat(
        "heads of ", cache.getHeadDim(), " elements; kernels read at most ", kMaxHeadDim));
  }
  if (!cache.getDtype().isF32() && !cache.getDtype().isBF16()) {
    return absl::FailedPreconditionError("the cache is neither f32 nor bf16");
  }
  if (cache.getDtype().isBF16() && cache.getHeadDim() % 2 != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("heads of ", cache.getHeadDim(), " elements; bf16 is stored in pairs"));
  }
  CacheLayout layout{.kv_heads = cache.getKvHeads(), .head_dim = cache.getHeadDim()};
  layout.storage = cache.getDtype().isBF16() ? Storage::kBF16 : Storage::kF32;
  layout.value_offset =
      layout.kv_heads * layout.head_dim * cache.getPage() * ByteSize(layout.storage);
  layout.page_bytes = 2 * layout.value_offset * cache.getLayers();
  return layout;
}

std::string CacheKey(const CacheLayout& layout) {
  return absl::StrCat(layout.storage == Storage::kBF16 ? "bf16" : "f32", " heads=", layout.kv_heads,
                      "x", layout.head_dim, " page_bytes=", layout.page_bytes);
}

}  // namespace lathe
