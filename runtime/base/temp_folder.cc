#include "runtime/base/temp_folder.h"

#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"

namespace lathe {

absl::StatusOr<TempFolder> TempFolder::Make() {
  std::error_code error;
  std::filesystem::path parent = std::filesystem::temp_directory_path(error);
  std::string path = (parent / "lathe-XXXXXX").string();
  if (!error && ::mkdtemp(path.data()) != nullptr) return TempFolder(std::move(path));
  return absl::FailedPreconditionError(absl::StrCat("cannot make a temporary folder ", path,
                                                    "; TMPDIR may name one that can be written"));
}

TempFolder::TempFolder(TempFolder&& other) noexcept : path_(std::exchange(other.path_, "")) {}

TempFolder::~TempFolder() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace lathe
