// Sizes of a step on the command line: --symbol tokens=512 --symbol sequences=8.
//   LATHE_ASSIGN_OR_RETURN(SymbolSizes sizes, ParseSymbolSizes(words), "--symbol");
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace lathe {

using SymbolSizes = std::map<std::string, int64_t>;

// Far beyond any step, and small enough that products of a few stay numbers.
inline constexpr int64_t kLargestSymbolSize = int64_t{1} << 24;

// InvalidArgument for a word that is not NAME=N, a size that is not from 1 to kLargestSymbolSize,
// and a name that is given twice.
absl::StatusOr<SymbolSizes> ParseSymbolSizes(absl::Span<const std::string> words);

}  // namespace lathe
