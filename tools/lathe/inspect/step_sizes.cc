#include "tools/lathe/inspect/step_sizes.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/strings.h"
#include "tools/common/symbol_sizes.h"

namespace lathe {
namespace {

constexpr int64_t kCachedKeys = 512;

absl::Status CheckNames(const artifact::Manifest& manifest, const SymbolSizes& sizes) {
  const auto& known = manifest.symbols();
  for (const auto& [name, size] : sizes) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const std::string nearest = Nearest(name, known);
    return absl::InvalidArgumentError(
        absl::StrCat("the artifact has no size ", Quoted(name),
                     nearest.empty() ? "" : absl::StrCat(", did you mean ", nearest, "?"),
                     "; it has ", absl::StrJoin(known, ", ")));
  }
  return absl::OkStatus();
}

int64_t Get(const SymbolSizes& values, const std::string& name, int64_t otherwise) {
  const auto found = values.find(name);
  return found == values.end() ? otherwise : found->second;
}

}  // namespace

absl::StatusOr<StepSizes> ReadStepSizes(const artifact::Manifest& manifest,
                                        absl::Span<const std::string> given) {
  LATHE_ASSIGN_OR_RETURN(SymbolSizes values, ParseSymbolSizes(given));
  LATHE_RETURN_IF_ERROR(CheckNames(manifest, values));
  const int64_t tokens = Get(values, "tokens", 1);
  const int64_t cached = Get(values, "cached_keys", tokens > 1 ? tokens : kCachedKeys);
  values.emplace("cached_keys", cached);
  // Sequences of one length, whose last rows the tokens are: row r of t sees the keys before it
  // and its own.
  const int64_t sequences = Get(values, "sequences", 1);
  const int64_t t = std::max<int64_t>(1, tokens / sequences);
  const int64_t keys = std::max(t, cached / sequences);
  values.emplace("attended_keys", sequences * (t * keys - t * (t - 1) / 2));
  StepSizes sizes;
  std::vector<std::string> words;
  for (const std::string& symbol : manifest.symbols()) {
    sizes.values.push_back(Get(values, symbol, 1));
    words.push_back(absl::StrCat(symbol, "=", sizes.values.back()));
  }
  sizes.text = absl::StrJoin(words, " ");
  return sizes;
}

}  // namespace lathe
