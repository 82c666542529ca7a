// Writes a file so that its name appears only when it is whole: bytes go to a file without a name
// in the same folder (where the file system has none, to a temporary one), Commit() syncs it and
// gives it the name. Without Commit() (an error, an early return, a process that is killed) nothing
// appears and whatever stood under the name before stays.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace lathe {

class AtomicFile {
 public:
  static absl::StatusOr<AtomicFile> Create(const std::string& path);

  AtomicFile(AtomicFile&& other) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;
  ~AtomicFile();

  // Appends at the end. ResourceExhausted when the disk is full; the message names the file.
  absl::Status Append(absl::string_view bytes);
  // Appends zero bytes up to the next multiple of `alignment`.
  absl::Status AlignTo(uint64_t alignment);
  // Overwrites bytes that were appended before (headers whose content is known last).
  absl::Status WriteAt(uint64_t offset, absl::string_view bytes);
  // Bytes written so far.
  uint64_t size() const { return size_; }
  absl::Status Commit();

 private:
  AtomicFile() = default;
  absl::Status Failure(int error, absl::string_view what) const;
  absl::Status GiveName();

  std::string path_;
  std::string temporary_;
  bool is_named_ = false;  // a file stands under temporary_
  int fd_ = -1;
  uint64_t size_ = 0;
};

// The common case: `bytes` become the content of `path`, or nothing changes.
absl::Status WriteFileAtomically(const std::string& path, absl::string_view bytes);

}  // namespace lathe
