// A file mapped read-only into memory: bytes appear as they are touched, nothing is copied.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace lathe {

class MappedFile {
 public:
  // Errors: NotFound when there is no such file, InvalidArgument for a folder, otherwise the system's reason with the path.
  static absl::StatusOr<MappedFile> Open(const std::string& path);

  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  const std::string& path() const { return path_; }
  // The file's bytes as it was when opened. Empty for an empty file.
  absl::string_view bytes() const { return {data_, size_}; }
  // Asks the kernel to read [offset, offset + size) ahead, in the background.
  void Prefetch(size_t offset, size_t size) const;

 private:
  MappedFile() = default;
  void Unmap();

  std::string path_;
  const char* data_ = nullptr;
  size_t size_ = 0;
};

// The whole of a small file (JSON, templates) as a string. Errors as for MappedFile::Open; ResourceExhausted over `limit` bytes.
absl::StatusOr<std::string> ReadFile(const std::string& path, size_t limit = size_t{1} << 30);

}  // namespace lathe
