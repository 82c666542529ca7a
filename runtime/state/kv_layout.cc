#include "runtime/state/kv_layout.h"

#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "runtime/artifact/proto_types.h"
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

}  // namespace lathe
