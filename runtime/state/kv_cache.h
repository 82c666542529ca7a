// One cache group: the page pool and the rules by which sequences get, lose and give back pages.
//   LATHE_ASSIGN_OR_RETURN(KvCache cache, KvCache::Create(manifest.kv_groups(0), num_pages));
//   PageList pages;
//   LATHE_RETURN_IF_ERROR(cache.Reserve(pages, cache.layout().PagesFor(prompt_tokens +
//   max_new_tokens, step_tokens))); LATHE_RETURN_IF_ERROR(cache.Extend(pages, piece_tokens));  //
//   before the step that writes them cache.Release(pages);
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/artifact/artifact.pb.h"
#include "runtime/base/dtype.h"
#include "runtime/state/page_pool.h"
#include "runtime/state/page_table.h"

namespace lathe {

enum class KvPart { kKey, kValue };

// The layout of a group's pages (artifact.proto, KvCacheGroup): [layer][K part | V part].
struct KvGroupLayout {
  std::string name;
  int64_t num_layers = 0;
  int64_t kv_heads = 0;
  int64_t head_dim = 0;
  DType dtype = DType::kBF16;
  int64_t page_tokens = 0;
  int64_t window = 0;  // keys that a query sees, itself included; 0 = all
  int64_t page_bytes = 0;
  int64_t layer_bytes = 0;
  int64_t value_offset = 0;
  std::vector<int64_t> model_layers;  // decoder layer of each cache layer

  // Pages that hold `tokens` tokens.
  int64_t NumPages(int64_t tokens) const;
  // Pages that a sequence of `tokens` tokens holds at most when a step writes at most `step_tokens`
  // of them: a window lets the older pages go.
  int64_t PagesFor(int64_t tokens, int64_t step_tokens) const;

  // Where component `component` of token `token` of a page lies in its head's part, in elements.
  int64_t ElementOf(KvPart part, int64_t token, int64_t component) const;

  // Errors: InvalidArgument when the numbers contradict each other, with the group's name.
  static absl::StatusOr<KvGroupLayout> FromManifest(const artifact::KvCacheGroup& group);
};

class KvCache {
 public:
  static absl::StatusOr<KvCache> Create(const artifact::KvCacheGroup& group, int64_t num_pages);

  // Makes sure that `list` can come to hold `num_pages` pages whatever others do. ResourceExhausted
  // when that many are not left; nothing changes then.
  absl::Status Reserve(PageList& list, int64_t num_pages);

  // Room for `tokens` more tokens. ResourceExhausted, with nothing changed, when the pages beyond
  // the reserved ones are not there.
  absl::Status Extend(PageList& list, int64_t tokens);

  // Takes back the last `tokens` tokens: their pages return at once, the reservation stays.
  // InvalidArgument when there are not so many, or when the tokens left would need a page that the
  // window has let go.
  absl::Status Truncate(PageList& list, int64_t tokens);

  // Lets go of the pages that no query at `next_position` or later can see. Nothing to do without a
  // window.
  void Recycle(PageList& list, int64_t next_position);

  // Gives back pages and reservation. A second call does nothing.
  void Release(PageList& list);

  // The keys (after norm and rope) or values of `count` tokens from `first` on in a cache layer, as
  // f32 [kv_heads, count, head_dim]. InvalidArgument when the window has let go of a part.
  absl::StatusOr<std::vector<float>> Read(const PageList& list, int64_t layer, KvPart part,
                                          int64_t first, int64_t count) const;

  const KvGroupLayout& layout() const { return layout_; }
  const PagePool& pool() const { return pool_; }
  // Free pages that no sequence has reserved.
  int64_t num_available() const { return pool_.num_free() - num_promised_; }

 private:
  KvCache(KvGroupLayout layout, PagePool pool)
      : layout_(std::move(layout)), pool_(std::move(pool)) {}
  static int64_t Promised(const PageList& list);
  absl::Status Exhausted(const PageList& list, int64_t num_pages, absl::string_view purpose) const;

  KvGroupLayout layout_;
  PagePool pool_;
  int64_t num_promised_ = 0;  // reserved but not yet held, over all lists
};

}  // namespace lathe
