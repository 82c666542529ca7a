// One cache group: the page pool and the rules by which sequences get, share, lose and give back
// pages.
//   LATHE_ASSIGN_OR_RETURN(KvCache cache, KvCache::Create(manifest.kv_groups(0), num_pages));
//   PageList pages;
//   LATHE_RETURN_IF_ERROR(cache.Extend(pages, piece_tokens));  // before the step that writes them
//   cache.Index(pages, computed_tokens);  // after it: others may find the full pages
//   cache.Release(pages);                 // they stay findable until a page is needed
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "runtime/artifact/artifact.pb.h"
#include "runtime/state/kv_layout.h"
#include "runtime/state/page_pool.h"
#include "runtime/state/page_table.h"
#include "runtime/state/prefix_cache.h"

namespace lathe {

// The pages of a list, copied to memory of the host.
struct SavedPages {
  int64_t length = 0;      // tokens
  int64_t first_page = 0;  // those before were let go
  std::vector<std::byte> bytes;
};

class KvCache {
 public:
  static absl::StatusOr<KvCache> Create(const artifact::KvCacheGroup& group, int64_t num_pages);

  // Room for `tokens` more tokens. A last page that is not full and that others can see is copied,
  // since it will be written. ResourceExhausted, with nothing changed, when the pages are not
  // there.
  absl::Status Extend(PageList& list, int64_t tokens);

  // Whether the last page is to be copied by the next Extend.
  bool MustCopyLastPage(const PageList& list) const;

  // Takes back the last `tokens` tokens: their pages return at once.
  // InvalidArgument when there are not so many, or when the tokens left would need a page that the
  // window has let go.
  absl::Status Truncate(PageList& list, int64_t tokens);

  // Lets go of the pages that no query at `next_position` or later can see. Nothing to do without a
  // window.
  void Recycle(PageList& list, int64_t next_position);

  // Gives back all pages. A second call does nothing.
  void Release(PageList& list);

  // What is known of a text's first pages.
  struct Prefix {
    std::vector<PrefixCache::Node> nodes;  // [known pages]
    std::vector<int64_t> run_begin;        // the pages [run_begin[i], i] are there; i + 1: i is not
  };
  Prefix Find(absl::Span<const int32_t> tokens) const;
  // Whether all that a query at position `tokens` can see of the tokens before is there, in whole
  // pages.
  bool Covers(const Prefix& prefix, int64_t tokens) const;
  // Lets the empty `list` begin with these `tokens` tokens, which the prefix covers: nothing has to
  // be computed for them.
  void Attach(PageList& list, const Prefix& prefix, int64_t tokens);
  // Whether `parent` still holds all that a query at position `tokens` can see before it.
  bool CanFork(const PageList& parent, int64_t tokens) const;
  // Lets the empty `list` share the first `tokens` tokens of `parent`, where it can. A last page
  // that is not full is copied by the first of them that writes to it.
  void Fork(PageList& list, const PageList& parent, int64_t tokens);
  // `tokens`: those of the list whose keys and values are computed. Their full pages can be found
  // from now on; a page that holds what another holds already is given back for that one.
  void Index(PageList& list, absl::Span<const int32_t> tokens);

  // A copy of what the list holds.
  SavedPages Save(const PageList& list) const;
  // Gives it back to the empty `list`. Pages of `tokens`, those of the list, that are known are
  // shared instead; they count as indexed only after Index. ResourceExhausted, with nothing
  // changed, when fewer than `num_left` pages would be left.
  absl::Status Restore(PageList& list, const SavedPages& saved, absl::Span<const int32_t> tokens,
                       int64_t num_left);

  // The keys (after norm and rope) or values of `count` tokens from `first` on in a cache layer, as
  // f32 [kv_heads, count, head_dim]. InvalidArgument when the window has let go of a part.
  absl::StatusOr<std::vector<float>> Read(const PageList& list, int64_t layer, KvPart part,
                                          int64_t first, int64_t count) const;

  const KvGroupLayout& layout() const { return layout_; }
  const PagePool& pool() const { return pool_; }
  const PrefixCache& prefix_cache() const { return prefix_cache_; }
  // Pages that no sequence holds.
  int64_t num_available() const { return pool_.num_free() + prefix_cache_.num_idle(); }

 private:
  KvCache(KvGroupLayout layout, PagePool pool)
      : layout_(std::move(layout)),
        pool_(std::move(pool)),
        prefix_cache_(layout_.page_tokens, pool_.num_pages()) {}
  // The first page that a query at `position` sees.
  int64_t FirstVisiblePage(int64_t position) const;
  int32_t NumUsers(int32_t page) const;
  int32_t TakePage();
  void SharePage(int32_t page);
  void GivePage(int32_t page);
  void MoveTo(PageList& list, std::optional<PrefixCache::Node> node);
  absl::Status Exhausted(const PageList& list, int64_t num_pages, absl::string_view purpose) const;

  KvGroupLayout layout_;
  PagePool pool_;
  PrefixCache prefix_cache_;  // holds each page that it knows
};

}  // namespace lathe
