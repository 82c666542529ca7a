#include "tools/lathe/bench/cache_state.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/strings.h"
#include "tools/lathe/bench/random_numbers.h"

namespace lathe {
namespace {

// All of it is written with random numbers.
constexpr int64_t kMaxCacheBytes = int64_t{8} << 30;

void Fill(const KvCache& cache, const std::vector<PageList>& lists, uint64_t seed) {
  const KvGroupLayout& layout = cache.layout();
  RandomNumbers numbers(seed, layout.name);
  const size_t count = static_cast<size_t>(layout.page_bytes) / ByteSize(layout.dtype);
  for (const PageList& list : lists) {
    for (int32_t page : list.pages) {
      char* data = reinterpret_cast<char*>(cache.pool().page(page));
      for (size_t i = 0; i < count; ++i) StoreFloat(layout.dtype, numbers.Uniform(), data, i);
    }
  }
}

// Row `t` of [heads, count, dim], heads side by side.
std::vector<float> RowOf(const std::vector<float>& values, const KvGroupLayout& layout,
                         int64_t count, int64_t t) {
  std::vector<float> row;
  for (int64_t head = 0; head < layout.kv_heads; ++head) {
    const float* begin = values.data() + (head * count + t) * layout.head_dim;
    row.insert(row.end(), begin, begin + layout.head_dim);
  }
  return row;
}

void Widen(const std::vector<float>& actual, const std::vector<float>& expected,
           CacheState::Difference& difference) {
  for (size_t i = 0; i < expected.size(); ++i) {
    const double error = std::fabs(double{actual[i]} - double{expected[i]});
    // A NaN must not pass.
    difference.error = error <= difference.error ? difference.error : error;
    difference.largest = std::max(difference.largest, std::fabs(double{expected[i]}));
  }
}

}  // namespace

absl::StatusOr<CacheState> CacheState::Make(const artifact::Manifest& manifest,
                                            const StepOperands& step, uint64_t seed) {
  CacheState state;
  state.lengths_ = step.lengths();
  for (const artifact::KvCacheGroup& description : manifest.kv_groups()) {
    LATHE_ASSIGN_OR_RETURN(KvGroupLayout layout, KvGroupLayout::FromManifest(description));
    int64_t num_pages = 0;
    for (int64_t length : state.lengths_) num_pages += layout.NumPages(length);
    if (num_pages > kMaxCacheBytes / layout.page_bytes) {
      return absl::ResourceExhaustedError(
          absl::StrCat("cache group ", layout.name, ": ", num_pages, " pages of ",
                       HumanBytes(static_cast<uint64_t>(layout.page_bytes)), ", at most ",
                       HumanBytes(kMaxCacheBytes), " are filled; give fewer --symbol cached_keys"));
    }
    LATHE_ASSIGN_OR_RETURN(KvCache cache, KvCache::Create(description, num_pages));
    auto group = std::make_unique<Group>(Group{std::move(cache), {}, {}, {}});
    group->pages.resize(state.lengths_.size());
    std::vector<const PageList*> lists;
    for (size_t i = 0; i < state.lengths_.size(); ++i) {
      const int64_t length = state.lengths_[i];
      LATHE_RETURN_IF_ERROR(group->cache.Extend(group->pages[i], length));
      lists.push_back(&group->pages[i]);
    }
    group->table.Build(lists);
    group->max_pages_symbol = manifest.symbols(static_cast<int>(description.max_pages_symbol()));
    Fill(group->cache, group->pages, seed);
    state.groups_.push_back(std::move(group));
  }
  return state;
}

absl::StatusOr<const CacheState::Group*> CacheState::Find(const std::string& name) const {
  for (const std::unique_ptr<Group>& group : groups_) {
    if (group->cache.layout().name == name) return group.get();
  }
  return absl::InternalError(absl::StrCat("the artifact has no cache group ", name));
}

absl::Status CacheState::CopyTo(const KvHandle& layer, KvState& state) const {
  LATHE_ASSIGN_OR_RETURN(const Group* group, Find(layer.group));
  const KvGroupLayout& layout = group->cache.layout();
  for (size_t s = 0; s < lengths_.size(); ++s) {
    const int64_t count = lengths_[s];
    LATHE_ASSIGN_OR_RETURN(std::vector<float> keys,
                           group->cache.Read(group->pages[s], layer.layer, KvPart::kKey, 0, count));
    LATHE_ASSIGN_OR_RETURN(
        std::vector<float> values,
        group->cache.Read(group->pages[s], layer.layer, KvPart::kValue, 0, count));
    for (int64_t t = 0; t < count; ++t) {
      state.Write(layer, static_cast<int64_t>(s), t,
                  {RowOf(keys, layout, count, t), RowOf(values, layout, count, t)});
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<CacheState::Difference> CacheState::Compare(const KvHandle& layer,
                                                           const KvState& state) const {
  KvState own;
  LATHE_RETURN_IF_ERROR(CopyTo(layer, own));
  Difference difference;
  for (size_t s = 0; s < lengths_.size(); ++s) {
    for (int64_t t = 0; t < lengths_[s]; ++t) {
      const KvState::Row* expected = state.Find(layer, static_cast<int64_t>(s), t);
      const KvState::Row* actual = own.Find(layer, static_cast<int64_t>(s), t);
      if (expected == nullptr || actual == nullptr)
        return absl::InternalError("a row of the cache is missing");
      Widen(actual->key, expected->key, difference);
      Widen(actual->value, expected->value, difference);
    }
  }
  return difference;
}

std::vector<KvBinding> CacheState::Bindings() const {
  std::vector<KvBinding> bindings;
  for (const std::unique_ptr<Group>& group : groups_) {
    bindings.push_back({.pool = reinterpret_cast<char*>(group->cache.pool().base()),
                        .page_table = group->table.data()});
  }
  return bindings;
}

std::vector<SymbolBinding> CacheState::SymbolBindings() const {
  std::vector<SymbolBinding> bindings;
  for (const std::unique_ptr<Group>& group : groups_)
    bindings.push_back({group->max_pages_symbol, group->table.max_pages()});
  return bindings;
}

}  // namespace lathe
