#include "tools/common/symbol_sizes.h"

#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "runtime/base/strings.h"

namespace lathe {

absl::StatusOr<SymbolSizes> ParseSymbolSizes(absl::Span<const std::string> words) {
  SymbolSizes sizes;
  for (const std::string& word : words) {
    const std::vector<std::string> parts = absl::StrSplit(word, '=');
    int64_t size = 0;
    if (parts.size() != 2 || parts[0].empty() || !absl::SimpleAtoi(parts[1], &size) || size < 1 ||
        size > kLargestSymbolSize) {
      return absl::InvalidArgumentError(absl::StrCat(
          Quoted(word), " is not NAME=N, as in tokens=512, with N from 1 to ", kLargestSymbolSize));
    }
    if (!sizes.emplace(parts[0], size).second)
      return absl::InvalidArgumentError(absl::StrCat(parts[0], " is given twice"));
  }
  return sizes;
}

}  // namespace lathe
