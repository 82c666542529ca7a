#include "frontend/chat/strftime.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

constexpr absl::string_view kDays[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                       "Thursday", "Friday", "Saturday"};
constexpr absl::string_view kMonths[] = {"January",   "February", "March",    "April",
                                         "May",       "June",     "July",     "August",
                                         "September", "October",  "November", "December"};

template <size_t size>
absl::string_view NameAt(const absl::string_view (&names)[size], int index) {
  bool is_valid = index >= 0 && index < static_cast<int>(size);
  return is_valid ? names[index] : absl::string_view("?");
}

std::string Number(int value, int width, char pad) {
  if (pad == '-') return absl::StrCat(value);
  std::string digits = absl::StrCat(value);
  auto wanted = static_cast<size_t>(width);
  return digits.size() >= wanted ? digits : std::string(wanted - digits.size(), pad) + digits;
}

absl::StatusOr<std::string> Directive(char letter, bool is_unpadded, const std::tm& time) {
  char zero = is_unpadded ? '-' : '0';
  switch (letter) {
    case 'a':
      return std::string(NameAt(kDays, time.tm_wday).substr(0, 3));
    case 'A':
      return std::string(NameAt(kDays, time.tm_wday));
    case 'b':
      return std::string(NameAt(kMonths, time.tm_mon).substr(0, 3));
    case 'B':
      return std::string(NameAt(kMonths, time.tm_mon));
    case 'd':
      return Number(time.tm_mday, 2, zero);
    case 'e':
      return Number(time.tm_mday, 2, is_unpadded ? '-' : ' ');
    case 'H':
      return Number(time.tm_hour, 2, zero);
    case 'I':
      return Number((time.tm_hour + 11) % 12 + 1, 2, zero);
    case 'j':
      return Number(time.tm_yday + 1, 3, zero);
    case 'm':
      return Number(time.tm_mon + 1, 2, zero);
    case 'M':
      return Number(time.tm_min, 2, zero);
    case 'p':
      return std::string(time.tm_hour < 12 ? "AM" : "PM");
    case 'S':
      return Number(time.tm_sec, 2, zero);
    case 'y':
      return Number((time.tm_year % 100 + 100) % 100, 2, zero);
    case 'Y':
      return absl::StrCat(time.tm_year + 1900);
    case '%':
      return std::string("%");
    default:
      return absl::UnimplementedError(
          absl::StrCat("strftime directive '%", std::string(1, letter), "' is not supported"));
  }
}

}  // namespace

absl::StatusOr<std::string> FormatTime(absl::string_view format, const std::tm& time) {
  std::string out;
  for (size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') {
      out.push_back(format[i]);
      continue;
    }
    bool is_unpadded = i + 1 < format.size() && format[i + 1] == '-';
    i += is_unpadded ? 2 : 1;
    if (i >= format.size()) {
      return absl::InvalidArgumentError("the format of a time ends within a directive");
    }
    LATHE_ASSIGN_OR_RETURN(std::string text, Directive(format[i], is_unpadded, time));
    absl::StrAppend(&out, text);
  }
  return out;
}

}  // namespace lathe
