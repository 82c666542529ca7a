// A file that lives in memory only, for readers that take a path.
//   MemoryFile file(bytes);
//   Artifact::Open(file.path());
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "runtime/base/check.h"

namespace lathe::fuzz {

class MemoryFile {
 public:
  explicit MemoryFile(absl::string_view bytes) : descriptor_(::memfd_create("fuzz", MFD_CLOEXEC)) {
    LATHE_CHECK(descriptor_ >= 0) << "memfd_create";
    LATHE_CHECK(::write(descriptor_, bytes.data(), bytes.size()) ==
                static_cast<ssize_t>(bytes.size()))
        << bytes.size() << " bytes";
  }
  ~MemoryFile() { ::close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  std::string path() const { return absl::StrCat("/proc/self/fd/", descriptor_); }

 private:
  const int descriptor_;
};

}  // namespace lathe::fuzz
