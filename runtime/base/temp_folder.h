// TempFolder: a private folder below TMPDIR that goes with all that is in it.
//   LATHE_ASSIGN_OR_RETURN(TempFolder folder, TempFolder::Make());
//   Write(folder.path() + "/model.lathe");
#pragma once

#include <string>

#include "absl/status/statusor.h"

namespace lathe {

class TempFolder {
 public:
  // FailedPrecondition when TMPDIR (or /tmp) cannot be written.
  static absl::StatusOr<TempFolder> Make();
  ~TempFolder();
  TempFolder(TempFolder&& other) noexcept;
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  TempFolder& operator=(TempFolder&&) = delete;

  const std::string& path() const { return path_; }

 private:
  explicit TempFolder(std::string path) : path_(std::move(path)) {}

  std::string path_;  // "" when moved from
};

}  // namespace lathe
