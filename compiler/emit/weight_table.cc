#include "compiler/emit/weight_table.h"

#include "absl/strings/str_cat.h"

namespace lathe {
namespace {

// "rows of tensor<4x8xf32>"
std::string Describe(const WeightEntry& entry) {
  std::string text = entry.layout + " of ";
  llvm::raw_string_ostream(text) << entry.type;
  return text;
}

}  // namespace

absl::StatusOr<uint32_t> WeightTable::Add(const WeightEntry& entry) {
  auto [it, is_new] = index_.emplace(entry.name, static_cast<uint32_t>(entries_.size()));
  if (is_new) {
    entries_.push_back(entry);
    return it->second;
  }
  const WeightEntry& known = entries_[it->second];
  if (known.layout != entry.layout || known.type != entry.type) {
    return absl::InternalError(absl::StrCat("weight ", entry.name, " is read as ", Describe(known),
                                            " and as ", Describe(entry)));
  }
  return it->second;
}

}  // namespace lathe
