#include "frontend/reply/call_reader.h"

#include <algorithm>

#include "absl/strings/ascii.h"

namespace lathe {

bool IsBlank(absl::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char byte) {
    return absl::ascii_isspace(static_cast<unsigned char>(byte));
  });
}

}  // namespace lathe
