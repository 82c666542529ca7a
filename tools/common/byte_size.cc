#include "tools/common/byte_size.h"

#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "runtime/base/strings.h"

namespace lathe {
namespace {

constexpr double kMost = 4611686018427387904.0;  // 2^62

// What a unit counts; 0 for none that is known.
double UnitBytes(absl::string_view unit) {
  const std::string lower = absl::AsciiStrToLower(unit);
  if (lower.empty() || lower == "b") return 1;
  const size_t power = std::string("kmgt").find(lower[0]);
  const std::string rest = lower.substr(1);
  if (power == std::string::npos || (!rest.empty() && rest != "ib" && rest != "b")) return 0;
  const double step = rest == "b" ? 1000 : 1024;
  double bytes = step;
  for (size_t i = 0; i < power; ++i) bytes *= step;
  return bytes;
}

}  // namespace

absl::StatusOr<int64_t> ParseByteSize(absl::string_view text) {
  const size_t end = std::min(text.find_first_not_of("0123456789."), text.size());
  const double unit = UnitBytes(absl::StripAsciiWhitespace(text.substr(end)));
  double number = 0;
  if (end > 0 && unit > 0 && absl::SimpleAtod(text.substr(0, end), &number) &&
      number * unit < kMost) {
    return static_cast<int64_t>(number * unit);
  }
  return absl::InvalidArgumentError(
      absl::StrCat("got ", Quoted(text), ", expected a size such as 8G, 512M or 1.5GiB"));
}

}  // namespace lathe
