#include "runtime/state/prefix_snapshot.h"

#include "absl/strings/str_cat.h"
#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"
#include "runtime/state/prefix_reuse.h"

namespace lathe {
namespace {

void ReleaseAll(absl::Span<KvCache> caches, std::vector<PageList>& lists) {
  for (size_t i = 0; i < caches.size(); ++i) caches[i].Release(lists[i]);
}

absl::Status ImportAll(absl::Span<const int32_t> tokens, absl::Span<const KvSnapshotView> groups,
                       absl::Span<KvCache> caches, std::vector<PageList>& lists) {
  const auto num_tokens = static_cast<int64_t>(tokens.size());
  for (size_t i = 0; i < caches.size(); ++i) {
    if (groups[i].num_tokens != num_tokens) {
      return absl::InvalidArgumentError(absl::StrCat("cache group ", caches[i].layout().name,
                                                     ": the snapshot has ", groups[i].num_tokens,
                                                     " tokens, expected ", num_tokens));
    }
    LATHE_RETURN_IF_ERROR(ImportPages(groups[i], caches[i], lists[i]));
  }
  return absl::OkStatus();
}

}  // namespace

PrefixSnapshot ExportPrefix(absl::Span<KvCache> caches, absl::Span<const int32_t> tokens) {
  std::vector<PageList> lists(caches.size());
  const int64_t num_known =
      AttachPrefix(caches, absl::MakeSpan(lists), tokens, static_cast<int64_t>(tokens.size()));
  PrefixSnapshot snapshot;
  snapshot.tokens.assign(tokens.begin(), tokens.begin() + num_known);
  for (size_t i = 0; i < caches.size(); ++i)
    snapshot.groups.push_back(ExportPages(caches[i], lists[i]));
  ReleaseAll(caches, lists);
  return snapshot;
}

absl::Status ImportPrefix(absl::Span<const int32_t> tokens, absl::Span<const KvSnapshotView> groups,
                          absl::Span<KvCache> caches) {
  if (groups.size() != caches.size()) {
    return absl::InvalidArgumentError(absl::StrCat("the snapshot has ", groups.size(),
                                                   " cache groups, expected ", caches.size()));
  }
  std::vector<PageList> lists(caches.size());
  const absl::Status status = ImportAll(tokens, groups, caches, lists);
  for (size_t i = 0; status.ok() && i < caches.size(); ++i) caches[i].Index(lists[i], tokens);
  ReleaseAll(caches, lists);
  return status;
}

}  // namespace lathe
