#include "runtime/base/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/base/mapped_ranges.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/strings.h"

namespace lathe {
namespace {

// Reasons without a code of their own (a loop of links, a disk that fails) are the input's fault,
// too.
absl::Status Failure(int error, absl::string_view what, const std::string& path) {
  absl::Status status = absl::ErrnoToStatus(error, absl::StrCat(what, " ", path));
  if (status.code() != absl::StatusCode::kUnknown) return status;
  return absl::InvalidArgumentError(status.message());
}

}  // namespace

absl::StatusOr<MappedFile> MappedFile::Open(const std::string& path) {
  // Without O_NONBLOCK a pipe would be waited for, until someone writes to it.
  int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return Failure(errno, "cannot open", path);
  struct stat info;
  if (::fstat(fd, &info) != 0) {
    absl::Status status = Failure(errno, "cannot examine", path);
    ::close(fd);
    return status;
  }
  if (!S_ISREG(info.st_mode)) {
    ::close(fd);
    return absl::InvalidArgumentError(absl::StrCat(path, " is not a regular file"));
  }
  MappedFile file;
  file.path_ = path;
  file.size_ = static_cast<size_t>(info.st_size);
  if (file.size_ > 0) {
    void* data = ::mmap(nullptr, file.size_, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED) {
      absl::Status status = Failure(errno, "cannot map", path);
      ::close(fd);
      file.size_ = 0;
      return status;
    }
    file.data_ = static_cast<const char*>(data);
    RememberMapping(data, file.size_, path);
  }
  ::close(fd);
  return file;
}

MappedFile::MappedFile(MappedFile&& other) noexcept { *this = std::move(other); }

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  if (this != &other) {
    Unmap();
    path_ = std::move(other.path_);
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

MappedFile::~MappedFile() { Unmap(); }

void MappedFile::Unmap() {
  if (data_ != nullptr) {
    ForgetMapping(data_);
    ::munmap(const_cast<char*>(data_), size_);
  }
  data_ = nullptr;
}

void MappedFile::Prefetch(size_t offset, size_t size) const {
  if (offset >= size_) return;
  const size_t page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  const size_t begin = offset / page * page;
  const size_t end = std::min(size_, offset + size);
  // Advice only: a refusal changes nothing but speed.
  ::madvise(const_cast<char*>(data_) + begin, end - begin, MADV_WILLNEED);
}

absl::StatusOr<std::string> ReadFile(const std::string& path, size_t limit) {
  LATHE_ASSIGN_OR_RETURN(MappedFile file, MappedFile::Open(path));
  if (file.bytes().size() > limit) {
    return absl::ResourceExhaustedError(absl::StrCat(path, " has ", HumanBytes(file.bytes().size()),
                                                     ", the limit is ", HumanBytes(limit)));
  }
  return std::string(file.bytes());
}

}  // namespace lathe
