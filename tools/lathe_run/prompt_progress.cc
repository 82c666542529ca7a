#include "tools/lathe_run/prompt_progress.h"

#include "absl/strings/str_cat.h"

namespace lathe {

void PromptProgress::Tell(int64_t done, int64_t total) {
  if (done < total) {
    line_.Show(absl::StrCat(100 * done / total, " %, ", done, " of ", total, " tokens"));
  } else {
    line_.Clear();
  }
}

}  // namespace lathe
