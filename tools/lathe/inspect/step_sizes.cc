#include "tools/lathe/inspect/step_sizes.h"

#include <algorithm>
#include <map>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "runtime/base/strings.h"

namespace lathe {
namespace {

// Far beyond any step, and small enough that products of a few stay numbers.
constexpr int64_t kLargest = int64_t{1} << 24;
constexpr int64_t kCachedKeys = 512;

using Values = std::map<std::string, int64_t>;

absl::StatusOr<Values> ReadWords(const artifact::Manifest& manifest,
                                 absl::Span<const std::string> given) {
  Values values;
  for (const std::string& word : given) {
    const size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    int64_t value = 0;
    if (equals == std::string::npos || !absl::SimpleAtoi(word.substr(equals + 1), &value) ||
        value < 1 || value > kLargest) {
      return absl::InvalidArgumentError(
          absl::StrCat(Quoted(word), ", expected a size as tokens=512, from 1 to ", kLargest));
    }
    const auto& known = manifest.symbols();
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      const std::string nearest = Nearest(name, known);
      return absl::InvalidArgumentError(
          absl::StrCat("the artifact has no size ", Quoted(name),
                       nearest.empty() ? "" : absl::StrCat(", did you mean ", nearest, "?"),
                       "; it has ", absl::StrJoin(known, ", ")));
    }
    values[name] = value;
  }
  return values;
}

int64_t Get(const Values& values, const std::string& name, int64_t otherwise) {
  const auto found = values.find(name);
  return found == values.end() ? otherwise : found->second;
}

}  // namespace

absl::StatusOr<StepSizes> ReadStepSizes(const artifact::Manifest& manifest,
                                        absl::Span<const std::string> given) {
  absl::StatusOr<Values> read = ReadWords(manifest, given);
  if (!read.ok()) return read.status();
  Values& values = *read;
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
