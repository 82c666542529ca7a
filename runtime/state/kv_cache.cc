#include "runtime/state/kv_cache.h"

#include <algorithm>
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

absl::Status KvCache::Extend(PageList& list, int64_t tokens) {
  LATHE_CHECK(tokens >= 0);
  int64_t num_new =
      layout_.NumPages(list.length + tokens) - static_cast<int64_t>(list.pages.size());
  if (num_new - Promised(list) > num_available())
    return Exhausted(list, num_new, absl::StrCat(tokens, " more tokens"));
  num_promised_ -= Promised(list);
  for (int64_t i = 0; i < num_new; ++i) {
    std::optional<int32_t> page = pool_.Take();
    LATHE_CHECK(page.has_value()) << layout_.name
                                  << ": the pool is empty though pages were available";
    list.pages.push_back(*page);
  }
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
  int64_t first_visible = std::max<int64_t>(length - std::max<int64_t>(layout_.window - 1, 0), 0);
  if (first_visible / layout_.page_tokens < list.num_recycled) {
    return absl::InvalidArgumentError(absl::StrCat(
        "cache group ", layout_.name, ": cannot go back to ", length, " tokens: the window of ",
        layout_.window, " has let go of the tokens before ",
        list.num_recycled * layout_.page_tokens, "; release the sequence and read it again"));
  }
  num_promised_ -= Promised(list);
  for (int64_t keep = layout_.NumPages(length); static_cast<int64_t>(list.pages.size()) > keep;
       list.pages.pop_back()) {
    pool_.Give(list.pages.back());
  }
  num_promised_ += Promised(list);
  list.length = length;
  return absl::OkStatus();
}

void KvCache::Recycle(PageList& list, int64_t next_position) {
  if (layout_.window == 0) return;
  int64_t first_visible = std::max<int64_t>(next_position - layout_.window + 1, 0);
  int64_t keep_from =
      std::min(first_visible / layout_.page_tokens, static_cast<int64_t>(list.pages.size()));
  num_promised_ -= Promised(list);
  for (; list.num_recycled < keep_from; ++list.num_recycled) {
    int32_t& entry = list.pages[static_cast<size_t>(list.num_recycled)];
    pool_.Give(std::exchange(entry, 0));
  }
  num_promised_ += Promised(list);
}

void KvCache::Release(PageList& list) {
  num_promised_ -= Promised(list);
  for (size_t i = static_cast<size_t>(list.num_recycled); i < list.pages.size(); ++i)
    pool_.Give(list.pages[i]);
  list = PageList();
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
