#include "compiler/emit/weight_table.h"

#include "absl/strings/str_cat.h"

namespace lathe {

absl::StatusOr<uint32_t> WeightTable::Add(const WeightEntry& entry) {
  auto [it, is_new] = index_.emplace(entry.name, static_cast<uint32_t>(entries_.size()));
  if (is_new) {
    entries_.push_back(entry);
    return it->second;
  }
  const WeightEntry& known = entries_[it->second];
  if (known.layout != entry.layout || known.type != entry.type) {
    return absl::InternalError(absl::StrCat("weight ", entry.name, " is read as ", known.layout,
                                            " and as ", entry.layout));
  }
  return it->second;
}

}  // namespace lathe
