#include "frontend/checkpoint/name_prefix.h"

#include <algorithm>
#include <array>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "runtime/base/strings.h"

namespace lathe {
namespace {

constexpr absl::string_view kCanonical = "model.";
// In the order in which they are tried: the longer ones would never be seen behind the shorter.
constexpr std::array<absl::string_view, 3> kPrefixes = {"model.language_model.", kCanonical, ""};
// What a decoder consists of, below its prefix.
constexpr std::array<absl::string_view, 3> kParts = {"layers.", "embed_tokens.", "norm."};

bool IsPart(absl::string_view name) {
  return std::any_of(kParts.begin(), kParts.end(),
                     [&](absl::string_view part) { return absl::StartsWith(name, part); });
}

// A part of a decoder below `prefix`.
bool IsDecoder(absl::string_view name, absl::string_view prefix) {
  return absl::StartsWith(name, prefix) && IsPart(name.substr(prefix.size()));
}

std::optional<absl::string_view> FindPrefix(const std::vector<std::string>& names) {
  for (absl::string_view prefix : kPrefixes) {
    for (const std::string& name : names) {
      if (IsDecoder(name, prefix)) return prefix;
    }
  }
  return std::nullopt;
}

}  // namespace

absl::StatusOr<std::unique_ptr<CanonicalNames>> CanonicalNames::Over(const TensorSource& stored,
                                                                     absl::string_view origin) {
  const std::vector<std::string> names = stored.Names();
  const std::optional<absl::string_view> prefix = FindPrefix(names);
  if (!prefix) {
    return absl::NotFoundError(absl::StrCat(
        origin,
        ": no decoder layers (layers.*) or embedding (embed_tokens.*) under any of the prefixes \"",
        absl::StrJoin(kPrefixes, "\", \""), "\"; it holds ", names.size(), " tensors",
        names.empty() ? "" : absl::StrCat(", the first is ", Quoted(names[0]))));
  }
  std::unique_ptr<CanonicalNames> result(new CanonicalNames(stored));
  result->prefix_ = std::string(*prefix);
  for (const std::string& name : names) {
    // Only the decoder is renamed: lm_head.weight and a vision tower keep their names.
    std::string canonical =
        IsDecoder(name, *prefix)
            ? absl::StrCat(kCanonical, absl::string_view(name).substr(prefix->size()))
            : name;
    auto [it, is_new] = result->stored_names_.emplace(std::move(canonical), name);
    if (!is_new) {
      return absl::InvalidArgumentError(absl::StrCat(origin, ": tensors ", Quoted(it->second),
                                                     " and ", Quoted(name), " both stand for ",
                                                     Quoted(it->first)));
    }
  }
  return result;
}

const TensorView* CanonicalNames::Find(absl::string_view name) const {
  auto it = stored_names_.find(ToStd(name));
  return it == stored_names_.end() ? nullptr : stored_.Find(it->second);
}

std::vector<std::string> CanonicalNames::Names() const {
  std::vector<std::string> names;
  names.reserve(stored_names_.size());
  for (const auto& [name, stored] : stored_names_) names.push_back(name);
  return names;
}

std::string CanonicalNames::Origin(absl::string_view name) const {
  return stored_.Origin(StoredName(name));
}

std::string CanonicalNames::StoredName(absl::string_view name) const {
  auto it = stored_names_.find(ToStd(name));
  return it == stored_names_.end() ? std::string(name) : it->second;
}

}  // namespace lathe
