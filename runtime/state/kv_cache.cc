#include "runtime/state/kv_cache.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/base/check.h"
#include "runtime/base/float_types.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/strings.h"

namespace lathe {

absl::StatusOr<KvCache> KvCache::Create(const artifact::KvCacheGroup& group, int64_t num_pages) {
  LATHE_ASSIGN_OR_RETURN(KvGroupLayout layout, KvGroupLayout::FromManifest(group));
  LATHE_ASSIGN_OR_RETURN(PagePool pool, PagePool::Create(num_pages, layout.page_bytes),
                         "cache group ", layout.name);
  return KvCache(std::move(layout), std::move(pool));
}

absl::Status KvCache::Exhausted(const PageList& list, int64_t num_pages,
                                absl::string_view purpose) const {
  return absl::ResourceExhaustedError(
      absl::StrCat("cache group ", layout_.name, " has no room for ", purpose, ": ", num_pages,
                   " more pages of ", layout_.page_tokens, " tokens (",
                   HumanBytes(static_cast<uint64_t>(layout_.page_bytes)), ") are needed, ",
                   num_available(), " of ", pool_.num_pages(), " are available, ", list.num_held(),
                   " are held already; raise --context or ask for less"));
}

int64_t KvCache::FirstVisiblePage(int64_t position) const {
  if (layout_.window == 0) return 0;
  return std::max<int64_t>(position - layout_.window + 1, 0) / layout_.page_tokens;
}

// A page that the pool has left, else the one that was idle for longest.
int32_t KvCache::TakePage() {
  if (pool_.num_free() == 0) {
    std::optional<int32_t> evicted = prefix_cache_.Evict();
    LATHE_CHECK(evicted.has_value())
        << layout_.name << ": the pool is empty though pages were available";
    pool_.Give(*evicted);
  }
  return *pool_.Take();
}

int32_t KvCache::NumUsers(int32_t page) const {
  return pool_.num_holders(page) - (prefix_cache_.HasPage(page) ? 1 : 0);
}

void KvCache::SharePage(int32_t page) {
  pool_.Share(page);
  if (prefix_cache_.HasPage(page)) prefix_cache_.MarkUsed(page);
}

void KvCache::GivePage(int32_t page) {
  pool_.Give(page);
  if (prefix_cache_.HasPage(page) && NumUsers(page) == 0) prefix_cache_.MarkIdle(page);
}

bool KvCache::MustCopyLastPage(const PageList& list) const {
  return list.length % layout_.page_tokens != 0 && pool_.num_holders(list.pages.back()) > 1;
}

absl::Status KvCache::Extend(PageList& list, int64_t tokens) {
  LATHE_CHECK(tokens >= 0);
  if (tokens == 0) return absl::OkStatus();
  const int64_t num_new =
      layout_.NumPages(list.length + tokens) - static_cast<int64_t>(list.pages.size());
  bool copies = MustCopyLastPage(list);
  if (copies && num_new == num_available() && NumUsers(list.pages.back()) == 1) {
    // The list alone uses the page, and there is no other: what it held is forgotten instead.
    prefix_cache_.Forget(list.pages.back());
    GivePage(list.pages.back());
    copies = false;
  }
  const int64_t num_needed = num_new + (copies ? 1 : 0);
  if (num_needed > num_available())
    return Exhausted(list, num_needed, absl::StrCat(tokens, " more tokens"));
  if (copies) {
    const int32_t shared = std::exchange(list.pages.back(), TakePage());
    std::memcpy(pool_.page(list.pages.back()), pool_.page(shared),
                static_cast<size_t>(layout_.page_bytes));
    GivePage(shared);
  }
  for (int64_t i = 0; i < num_new; ++i) list.pages.push_back(TakePage());
  list.length += tokens;
  return absl::OkStatus();
}

absl::Status KvCache::Truncate(PageList& list, int64_t tokens) {
  if (tokens < 0 || tokens > list.length) {
    return absl::InvalidArgumentError(absl::StrCat("cache group ", layout_.name,
                                                   ": cannot take back ", tokens,
                                                   " tokens of a sequence of ", list.length));
  }
  int64_t length = list.length - tokens;
  if (FirstVisiblePage(length) < list.num_recycled) {
    return absl::InvalidArgumentError(absl::StrCat(
        "cache group ", layout_.name, ": cannot go back to ", length, " tokens: the window of ",
        layout_.window, " has let go of the tokens before ",
        list.num_recycled * layout_.page_tokens, "; release the sequence and read it again"));
  }
  for (int64_t keep = layout_.NumPages(length); static_cast<int64_t>(list.pages.size()) > keep;
       list.pages.pop_back()) {
    GivePage(list.pages.back());
  }
  list.length = length;
  for (; list.num_indexed > length / layout_.page_tokens; --list.num_indexed) {
    if (list.prefix_node.has_value()) MoveTo(list, prefix_cache_.parent(*list.prefix_node));
  }
  return absl::OkStatus();
}

void KvCache::Recycle(PageList& list, int64_t next_position) {
  if (layout_.window == 0) return;
  int64_t keep_from =
      std::min(FirstVisiblePage(next_position), static_cast<int64_t>(list.pages.size()));
  for (; list.num_recycled < keep_from; ++list.num_recycled) {
    int32_t& entry = list.pages[static_cast<size_t>(list.num_recycled)];
    GivePage(std::exchange(entry, 0));
  }
}

// The last page first, so that of the pages of a text that nobody uses the last is evicted first: a
// page that nobody can reach any more would be of no use.
void KvCache::Release(PageList& list) {
  for (size_t i = list.pages.size(); i > static_cast<size_t>(list.num_recycled); --i)
    GivePage(list.pages[i - 1]);
  MoveTo(list, std::nullopt);
  list = PageList();
}

// Stands the list on another node.
void KvCache::MoveTo(PageList& list, std::optional<PrefixCache::Node> node) {
  if (node.has_value()) prefix_cache_.Pin(*node);
  if (list.prefix_node.has_value()) prefix_cache_.Unpin(*list.prefix_node);
  list.prefix_node = node;
}

KvCache::Prefix KvCache::Find(absl::Span<const int32_t> tokens) const {
  Prefix prefix{.nodes = prefix_cache_.Find(tokens), .run_begin = {}};
  int64_t run_begin = 0;
  for (size_t i = 0; i < prefix.nodes.size(); ++i) {
    if (prefix_cache_.page(prefix.nodes[i]) == PrefixCache::kNoPage)
      run_begin = static_cast<int64_t>(i) + 1;
    prefix.run_begin.push_back(run_begin);
  }
  return prefix;
}

bool KvCache::Covers(const Prefix& prefix, int64_t tokens) const {
  const int64_t num_pages = tokens / layout_.page_tokens;
  if (num_pages * layout_.page_tokens != tokens) return false;
  if (num_pages > static_cast<int64_t>(prefix.nodes.size())) return false;
  return num_pages == 0 ||
         prefix.run_begin[static_cast<size_t>(num_pages) - 1] <= FirstVisiblePage(tokens);
}

void KvCache::Attach(PageList& list, const Prefix& prefix, int64_t tokens) {
  LATHE_CHECK(list.pages.empty()) << "the list is in use";
  LATHE_CHECK(Covers(prefix, tokens)) << tokens << " tokens";
  const int64_t num_pages = tokens / layout_.page_tokens;
  list.pages.assign(static_cast<size_t>(num_pages), 0);
  list.length = tokens;
  list.num_recycled = FirstVisiblePage(tokens);
  list.num_indexed = num_pages;
  for (int64_t i = list.num_recycled; i < num_pages; ++i) {
    int32_t& page = list.pages[static_cast<size_t>(i)];
    page = prefix_cache_.page(prefix.nodes[static_cast<size_t>(i)]);
    SharePage(page);
  }
  if (num_pages > 0) MoveTo(list, prefix.nodes[static_cast<size_t>(num_pages) - 1]);
}

bool KvCache::CanFork(const PageList& parent, int64_t tokens) const {
  return tokens <= parent.length && parent.num_recycled <= FirstVisiblePage(tokens);
}

void KvCache::Fork(PageList& list, const PageList& parent, int64_t tokens) {
  LATHE_CHECK(list.pages.empty()) << "the list is in use";
  LATHE_CHECK(CanFork(parent, tokens)) << tokens << " of " << parent.length << " tokens";
  list.pages.assign(parent.pages.begin(), parent.pages.begin() + layout_.NumPages(tokens));
  list.length = tokens;
  list.num_recycled = std::min(FirstVisiblePage(tokens), static_cast<int64_t>(list.pages.size()));
  for (size_t i = 0; i < list.pages.size(); ++i) {
    if (static_cast<int64_t>(i) < list.num_recycled) {
      list.pages[i] = 0;
    } else {
      SharePage(list.pages[i]);
    }
  }
  list.num_indexed = std::min(parent.num_indexed, tokens / layout_.page_tokens);
  std::optional<PrefixCache::Node> node = parent.prefix_node;
  for (int64_t i = parent.num_indexed; node.has_value() && i > list.num_indexed; --i)
    node = prefix_cache_.parent(*node);
  MoveTo(list, node);
}

void KvCache::Index(PageList& list, absl::Span<const int32_t> tokens) {
  LATHE_CHECK(static_cast<int64_t>(tokens.size()) <= list.length)
      << tokens.size() << " tokens in room for " << list.length;
  const int64_t num_full = static_cast<int64_t>(tokens.size()) / layout_.page_tokens;
  const auto width = static_cast<size_t>(layout_.page_tokens);
  while (list.prefix_node.has_value() && list.num_indexed < num_full) {
    const auto i = static_cast<size_t>(list.num_indexed);
    const auto node = prefix_cache_.Add(*list.prefix_node, tokens.subspan(i * width, width));
    MoveTo(list, node);
    if (!node.has_value()) return;
    ++list.num_indexed;
    if (list.num_indexed <= list.num_recycled) continue;
    int32_t& page = list.pages[i];
    const int32_t known = prefix_cache_.page(*node);
    if (known == PrefixCache::kNoPage) {
      prefix_cache_.SetPage(*node, page);
      pool_.Share(page);
    } else {
      SharePage(known);
      GivePage(std::exchange(page, known));
    }
  }
}

SavedPages KvCache::Save(const PageList& list) const {
  SavedPages saved{.length = list.length, .first_page = list.num_recycled, .bytes = {}};
  const auto page_bytes = static_cast<size_t>(layout_.page_bytes);
  saved.bytes.resize(static_cast<size_t>(list.num_held()) * page_bytes);
  std::byte* dst = saved.bytes.data();
  for (size_t i = static_cast<size_t>(list.num_recycled); i < list.pages.size(); ++i) {
    std::memcpy(dst, pool_.page(list.pages[i]), page_bytes);
    dst += page_bytes;
  }
  return saved;
}

absl::Status KvCache::Restore(PageList& list, const SavedPages& saved,
                              absl::Span<const int32_t> tokens, int64_t num_left) {
  LATHE_CHECK(list.pages.empty()) << "the list is in use";
  const std::vector<PrefixCache::Node> nodes = prefix_cache_.Find(tokens);
  const auto first = static_cast<size_t>(saved.first_page);
  list.pages.assign(static_cast<size_t>(layout_.NumPages(saved.length)), 0);
  std::vector<bool> is_known(list.pages.size(), false);
  int64_t num_needed = 0;
  for (size_t i = first; i < list.pages.size(); ++i) {
    is_known[i] = i < nodes.size() && prefix_cache_.page(nodes[i]) != PrefixCache::kNoPage;
    if (is_known[i]) list.pages[i] = prefix_cache_.page(nodes[i]);
    if (!is_known[i] || NumUsers(list.pages[i]) == 0) ++num_needed;
  }
  if (num_needed > num_available() - num_left) {
    list = PageList();
    return Exhausted(list, num_needed, absl::StrCat(saved.length, " tokens that were copied out"));
  }
  // Shared before others are taken, so that none of them is evicted for it.
  for (size_t i = first; i < list.pages.size(); ++i)
    if (is_known[i]) SharePage(list.pages[i]);
  const auto page_bytes = static_cast<size_t>(layout_.page_bytes);
  for (size_t i = first; i < list.pages.size(); ++i) {
    if (is_known[i]) continue;
    list.pages[i] = TakePage();
    std::memcpy(pool_.page(list.pages[i]), &saved.bytes[(i - first) * page_bytes], page_bytes);
  }
  list.length = saved.length;
  list.num_recycled = saved.first_page;
  return absl::OkStatus();
}

absl::StatusOr<std::vector<float>> KvCache::Read(const PageList& list, int64_t layer, KvPart part,
                                                 int64_t first, int64_t count) const {
  LATHE_CHECK(layer >= 0 && layer < layout_.num_layers) << layout_.name << " layer " << layer;
  LATHE_CHECK(first >= 0 && count >= 0 && count <= list.length - first)
      << "tokens " << first << " to " << first + count << " of " << list.length;
  if (first < list.num_recycled * layout_.page_tokens) {
    return absl::InvalidArgumentError(
        absl::StrCat("cache group ", layout_.name, ": the window of ", layout_.window,
                     " has let go of the tokens before ", list.num_recycled * layout_.page_tokens,
                     ", so token ", first, " cannot be read"));
  }
  int64_t part_offset =
      layer * layout_.layer_bytes + (part == KvPart::kKey ? 0 : layout_.value_offset);
  std::vector<float> out(static_cast<size_t>(layout_.kv_heads * count * layout_.head_dim));
  float* dst = out.data();
  for (int64_t head = 0; head < layout_.kv_heads; ++head) {
    for (int64_t t = first; t < first + count; ++t) {
      const std::byte* src =
          pool_.page(list.pages[static_cast<size_t>(t / layout_.page_tokens)]) + part_offset;
      const int64_t start = head * layout_.head_dim * layout_.page_tokens;
      for (int64_t d = 0; d < layout_.head_dim; ++d) {
        const int64_t element = start + layout_.ElementOf(part, t % layout_.page_tokens, d);
        *dst++ = LoadAsF32(layout_.dtype, src, static_cast<size_t>(element));
      }
    }
  }
  return out;
}

}  // namespace lathe
