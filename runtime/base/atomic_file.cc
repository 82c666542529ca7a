#include "runtime/base/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

// The folder that holds `path`.
std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

absl::StatusOr<AtomicFile> AtomicFile::Create(const std::string& path) {
  // Renaming over a device would replace it by a file: `-o /dev/null` as root takes it away from
  // the whole system.
  struct stat old = {};
  if (::stat(path.c_str(), &old) == 0 && !S_ISREG(old.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "cannot write ", path, ": it is ", S_ISDIR(old.st_mode) ? "a folder" : "no regular file",
        "; give the name of a file"));
  }
  AtomicFile file;
  file.path_ = path;
  file.temporary_ = absl::StrCat(path, ".", ::getpid(), ".partial");
  // Without a name the bytes go when the process does, however it ends.
  file.fd_ = ::open(FolderOf(path).c_str(), O_RDWR | O_TMPFILE | O_CLOEXEC, 0666);
  file.is_named_ = file.fd_ < 0;
  if (file.is_named_) {  // not every file system can do that
    file.fd_ = ::open(file.temporary_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  }
  if (file.fd_ < 0) {
    file.is_named_ = false;
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot write ", path));
  }
  return file;
}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::move(other.temporary_)),
      is_named_(std::exchange(other.is_named_, false)),
      fd_(std::exchange(other.fd_, -1)),
      size_(other.size_) {}

AtomicFile::~AtomicFile() {
  if (fd_ >= 0) ::close(fd_);
  if (is_named_) ::unlink(temporary_.c_str());
}

absl::Status AtomicFile::Failure(int error, absl::string_view what) const {
  absl::string_view hint =
      error == ENOSPC || error == EDQUOT || error == EFBIG
          ? " (free some space or choose another folder; nothing was left behind)"
          : "";
  if (error == EFBIG) error = ENOSPC;
  absl::Status status = absl::ErrnoToStatus(error, absl::StrCat(what, " ", path_));
  return absl::Status(status.code(), absl::StrCat(status.message(), hint));
}

absl::Status AtomicFile::WriteAt(uint64_t offset, absl::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t done = ::pwrite(fd_, bytes.data(), std::min<size_t>(bytes.size(), 1 << 30),
                            static_cast<off_t>(offset));
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return Failure(errno, "cannot write");
    bytes.remove_prefix(static_cast<size_t>(done));
    offset += static_cast<uint64_t>(done);
  }
  return absl::OkStatus();
}

absl::Status AtomicFile::Append(absl::string_view bytes) {
  LATHE_RETURN_IF_ERROR(WriteAt(size_, bytes));
  size_ += bytes.size();
  return absl::OkStatus();
}

absl::Status AtomicFile::AlignTo(uint64_t alignment) {
  static constexpr std::array<char, 4096> kZeros = {};
  uint64_t missing = (alignment - size_ % alignment) % alignment;
  while (missing > 0) {
    const uint64_t piece = std::min<uint64_t>(missing, kZeros.size());
    LATHE_RETURN_IF_ERROR(Append(absl::string_view(kZeros.data(), piece)));
    missing -= piece;
  }
  return absl::OkStatus();
}

absl::Status AtomicFile::Commit() {
  if (::fsync(fd_) != 0) return Failure(errno, "cannot finish writing");
  if (!is_named_) LATHE_RETURN_IF_ERROR(GiveName());
  if (::close(std::exchange(fd_, -1)) != 0) return Failure(errno, "cannot finish writing");
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) return Failure(errno, "cannot rename to");
  is_named_ = false;
  return absl::OkStatus();
}

// Linking cannot replace a file, renaming can, so a name is needed for a moment.
absl::Status AtomicFile::GiveName() {
  const std::string self = absl::StrCat("/proc/self/fd/", fd_);
  auto link = [&] {
    return ::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, temporary_.c_str(), AT_SYMLINK_FOLLOW);
  };
  int result = link();
  if (result != 0 && errno == EEXIST) {  // left by a process of the same number
    ::unlink(temporary_.c_str());
    result = link();
  }
  if (result != 0) return Failure(errno, "cannot finish writing");
  is_named_ = true;
  return absl::OkStatus();
}

absl::Status WriteFileAtomically(const std::string& path, absl::string_view bytes) {
  LATHE_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  LATHE_RETURN_IF_ERROR(file.Append(bytes));
  return file.Commit();
}

}  // namespace lathe
