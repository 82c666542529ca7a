#include "runtime/state/kv_cache.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/artifact/proto_types.h"
#include "runtime/base/check.h"
#include "runtime/base/float_types.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/strings.h"

namespace lathe {
namespace {

// Bounds each extent of a group, so that products of them fit int64.
constexpr int64_t kMaxExtent = int64_t{1} << 20;

absl::StatusOr<DType> CacheDType(artifact::DType dtype) {
  std::optional<DType> known = FromProto(dtype);
  if (known.has_value() && IsFloat(*known)) return *known;
  return absl::InvalidArgumentError(
      absl::StrCat("dtype number ", static_cast<int>(dtype), ", expected F32, BF16 or F16"));
}

absl::Status CheckExtent(absl::string_view what, int64_t value) {
  if (value > 0 && value <= kMaxExtent) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(what, " is ", value, ", expected 1 to ", kMaxExtent));
}

absl::Status CheckLayout(const KvGroupLayout& layout) {
  LATHE_RETURN_IF_ERROR(CheckExtent("num_layers", layout.num_layers));
  LATHE_RETURN_IF_ERROR(CheckExtent("kv_heads", layout.kv_heads));
  LATHE_RETURN_IF_ERROR(CheckExtent("head_dim", layout.head_dim));
  LATHE_RETURN_IF_ERROR(CheckExtent("page_tokens", layout.page_tokens));
  if (layout.window < 0)
    return absl::InvalidArgumentError(absl::StrCat("window is ", layout.window));
  if (layout.kv_heads * layout.head_dim > kMaxExtent) {
    return absl::InvalidArgumentError(absl::StrCat("kv_heads * head_dim is ",
                                                   layout.kv_heads * layout.head_dim,
                                                   ", expected at most ", kMaxExtent));
  }
  if (layout.dtype != DType::kF32 && (layout.head_dim % 2 != 0 || layout.page_tokens % 2 != 0)) {
    return absl::InvalidArgumentError(
        absl::StrCat("head_dim is ", layout.head_dim, " and page_tokens ", layout.page_tokens,
                     ", expected even numbers: elements of 16 bits lie in pairs"));
  }
  int64_t part_bytes = layout.kv_heads * layout.head_dim * layout.page_tokens *
                       static_cast<int64_t>(ByteSize(layout.dtype));
  if (layout.value_offset < part_bytes || layout.layer_bytes < part_bytes ||
      layout.value_offset > layout.layer_bytes - part_bytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("K and V parts of ", part_bytes, " bytes do not fit a layer of ",
                     layout.layer_bytes, " bytes with value_offset ", layout.value_offset));
  }
  if (layout.page_bytes <= 0 || layout.page_bytes / layout.num_layers < layout.layer_bytes) {
    return absl::InvalidArgumentError(
        absl::StrCat(layout.num_layers, " layers of ", layout.layer_bytes,
                     " bytes do not fit a page of ", layout.page_bytes, " bytes"));
  }
  if (layout.model_layers.size() != static_cast<size_t>(layout.num_layers)) {
    return absl::InvalidArgumentError(absl::StrCat("model_layers names ",
                                                   layout.model_layers.size(), " layers, expected ",
                                                   layout.num_layers));
  }
  return absl::OkStatus();
}

}  // namespace

int64_t KvGroupLayout::ElementOf(KvPart part, int64_t token, int64_t component) const {
  // Two elements of 16 bits, or one of f32, lie side by side in 4 bytes.
  const int64_t paired = dtype == DType::kF32 ? 1 : 2;
  if (part == KvPart::kKey)
    return (component / paired * page_tokens + token) * paired + component % paired;
  return (token / paired * head_dim + component) * paired + token % paired;
}

absl::StatusOr<KvGroupLayout> KvGroupLayout::FromManifest(const artifact::KvCacheGroup& group) {
  std::string context = absl::StrCat("cache group ", Quoted(group.name()));
  KvGroupLayout layout;
  layout.name = group.name();
  layout.num_layers = group.num_layers();
  layout.kv_heads = group.kv_heads();
  layout.head_dim = group.head_dim();
  LATHE_ASSIGN_OR_RETURN(layout.dtype, CacheDType(group.dtype()), context);
  layout.page_tokens = group.page_tokens();
  layout.window = group.window();
  layout.page_bytes = static_cast<int64_t>(group.page_bytes());
  layout.layer_bytes = static_cast<int64_t>(group.layer_bytes());
  layout.value_offset = static_cast<int64_t>(group.value_offset());
  layout.model_layers.assign(group.model_layers().begin(), group.model_layers().end());
  LATHE_RETURN_IF_ERROR(CheckLayout(layout), context);
  return layout;
}

int64_t KvGroupLayout::NumPages(int64_t tokens) const {
  return tokens / page_tokens + (tokens % page_tokens != 0 ? 1 : 0);
}

int64_t KvGroupLayout::PagesFor(int64_t tokens, int64_t step_tokens) const {
  int64_t all = NumPages(tokens);
  if (window == 0) return all;
  // A step's queries and the window before the first of them, plus one page because neither end
  // lies on a page's border.
  return std::min(all,
                  NumPages(std::min(tokens, window)) + NumPages(std::min(tokens, step_tokens)) + 1);
}

absl::StatusOr<KvCache> KvCache::Create(const artifact::KvCacheGroup& group, int64_t num_pages) {
  LATHE_ASSIGN_OR_RETURN(KvGroupLayout layout, KvGroupLayout::FromManifest(group));
  LATHE_ASSIGN_OR_RETURN(PagePool pool, PagePool::Create(num_pages, layout.page_bytes),
                         "cache group ", layout.name);
  return KvCache(std::move(layout), std::move(pool));
}

int64_t KvCache::Promised(const PageList& list) {
  return std::max<int64_t>(list.num_reserved - list.num_held(), 0);
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

absl::Status KvCache::Reserve(PageList& list, int64_t num_pages) {
  LATHE_CHECK(num_pages >= 0);
  int64_t target = std::max(num_pages, list.num_reserved);
  int64_t missing = std::max<int64_t>(target - list.num_held(), 0) - Promised(list);
  if (missing > num_available())
    return Exhausted(list, missing, absl::StrCat("a reservation of ", num_pages, " pages"));
  num_promised_ -= Promised(list);
  list.num_reserved = target;
  num_promised_ += Promised(list);
  return absl::OkStatus();
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
  if (layout_.window > 0 && NumUsers(page) > 0) ++num_doubled_;
  pool_.Share(page);
  if (prefix_cache_.HasPage(page)) prefix_cache_.MarkUsed(page);
}

void KvCache::GivePage(int32_t page) {
  if (layout_.window > 0 && NumUsers(page) > 1) --num_doubled_;
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
  const bool copies = MustCopyLastPage(list);
  if (std::max<int64_t>(num_new - Promised(list), 0) + (copies ? 1 : 0) > num_available())
    return Exhausted(list, num_new + (copies ? 1 : 0), absl::StrCat(tokens, " more tokens"));
  num_promised_ -= Promised(list);
  if (copies) {
    const int32_t shared = std::exchange(list.pages.back(), TakePage());
    std::memcpy(pool_.page(list.pages.back()), pool_.page(shared),
                static_cast<size_t>(layout_.page_bytes));
    GivePage(shared);
  }
  for (int64_t i = 0; i < num_new; ++i) list.pages.push_back(TakePage());
  num_promised_ += Promised(list);
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
  num_promised_ -= Promised(list);
  for (int64_t keep = layout_.NumPages(length); static_cast<int64_t>(list.pages.size()) > keep;
       list.pages.pop_back()) {
    GivePage(list.pages.back());
  }
  num_promised_ += Promised(list);
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
  num_promised_ -= Promised(list);
  for (; list.num_recycled < keep_from; ++list.num_recycled) {
    int32_t& entry = list.pages[static_cast<size_t>(list.num_recycled)];
    GivePage(std::exchange(entry, 0));
  }
  num_promised_ += Promised(list);
}

// The last page first, so that of the pages of a text that nobody uses the last is evicted first: a
// page that nobody can reach any more would be of no use.
void KvCache::Release(PageList& list) {
  num_promised_ -= Promised(list);
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

absl::Status KvCache::Attach(PageList& list, const Prefix& prefix, int64_t tokens) {
  LATHE_CHECK(list.pages.empty() && list.num_reserved == 0) << "the list is in use";
  LATHE_CHECK(Covers(prefix, tokens)) << tokens << " tokens";
  const int64_t num_pages = tokens / layout_.page_tokens;
  const int64_t first = FirstVisiblePage(tokens);
  std::vector<int32_t> pages(static_cast<size_t>(num_pages), 0);
  int64_t num_needed = 0;
  for (size_t i = static_cast<size_t>(first); i < pages.size(); ++i) {
    pages[i] = prefix_cache_.page(prefix.nodes[i]);
    if (layout_.window > 0 || NumUsers(pages[i]) == 0) ++num_needed;
  }
  if (num_needed > num_available())
    return Exhausted(list, num_needed, absl::StrCat(tokens, " tokens that are known already"));
  for (size_t i = static_cast<size_t>(first); i < pages.size(); ++i) SharePage(pages[i]);
  list.pages = std::move(pages);
  list.length = tokens;
  list.num_recycled = first;
  list.num_indexed = num_pages;
  if (num_pages > 0) MoveTo(list, prefix.nodes[static_cast<size_t>(num_pages) - 1]);
  return absl::OkStatus();
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
