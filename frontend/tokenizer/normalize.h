// Unicode normalisation form C.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace lathe {

// `text` (valid UTF-8) in form C. The result is `text` itself where it is in that form already by a
// quick look, as ASCII and most prose is, otherwise a view of `*buffer`, which it fills. Time is
// linear up to the sorting of runs of combining marks.
absl::string_view NormalizeNfc(absl::string_view text, std::string* buffer);

}  // namespace lathe
