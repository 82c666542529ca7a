#include "runtime/state/page_table.h"

#include <algorithm>

namespace lathe {

void PageTable::Build(absl::Span<const PageList* const> lists) {
  num_sequences_ = static_cast<int64_t>(lists.size());
  max_pages_ = 1;
  for (const PageList* list : lists) {
    max_pages_ = std::max(max_pages_, static_cast<int64_t>(list->pages.size()));
  }
  entries_.assign(static_cast<size_t>(std::max<int64_t>(num_sequences_, 1) * max_pages_), 0);
  auto row = entries_.begin();
  for (const PageList* list : lists) {
    std::copy(list->pages.begin(), list->pages.end(), row);
    row += max_pages_;
  }
}

}  // namespace lathe
