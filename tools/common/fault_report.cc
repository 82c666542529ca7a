#include "tools/common/fault_report.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <new>

#include "runtime/base/mapped_ranges.h"
#include "tools/common/command.h"

namespace lathe {
namespace {

// Handlers reach nothing but what has a fixed place.
const char* tool_name = "lathe";

// A line put together without memory from the heap: in a signal handler, or when there is none.
class Line {
 public:
  Line& operator<<(const char* text) {
    for (; *text != 0 && size_ < text_.size(); ++text) text_[size_++] = *text;
    return *this;
  }
  Line& operator<<(uint64_t number) {
    std::array<char, 21> digits;
    size_t first = digits.size() - 1;
    digits[first] = 0;
    do {
      digits[--first] = static_cast<char>('0' + number % 10);
      number /= 10;
    } while (number > 0);
    return *this << &digits[first];
  }
  void WriteToStderr() const {
    for (size_t done = 0; done < size_;) {
      const ssize_t written = ::write(STDERR_FILENO, &text_[done], size_ - done);
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return;
      done += static_cast<size_t>(written);
    }
  }

 private:
  std::array<char, 8192> text_ = {};
  size_t size_ = 0;
};

void OnBusError(int signal, siginfo_t* info, void*) {
  const MappedPlace place = FindMapping(info->si_addr);
  if (place.path == nullptr) {
    // Not a file of ours: the fault happens again when the handler returns, and ends the process.
    std::signal(signal, SIG_DFL);
    return;
  }
  Line line;
  line << tool_name << ": " << place.path << ": byte " << static_cast<uint64_t>(place.offset)
       << " cannot be read any more: the file was cut short or its disk failed while it was in "
          "use; start again with the whole file, and replace files by renaming a new one\n";
  line.WriteToStderr();
  ::_exit(kExitInputFault);
}

constexpr uint64_t kMiB = 1 << 20;

// The size of the process in MiB, 0 where the system does not tell.
uint64_t SizeInMiB() {
  const int fd = ::open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  std::array<char, 32> text = {};
  const ssize_t size = ::read(fd, text.data(), text.size() - 1);
  ::close(fd);
  uint64_t pages = 0;
  for (ssize_t i = 0; i < size && text[static_cast<size_t>(i)] >= '0'; ++i)
    pages = pages * 10 + static_cast<uint64_t>(text[static_cast<size_t>(i)] - '0');
  return pages * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE)) / kMiB;
}

[[noreturn]] void OnNoMemory() { EndWithoutMemory(nullptr); }

// The limit of addresses in MiB; 0: none.
uint64_t LimitInMiB() {
  rlimit limit = {};
  if (::getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return 0;
  return static_cast<uint64_t>(limit.rlim_cur) / kMiB;
}

// Libraries take memory that they then do not check: hard by the limit that is the likely reason.
void OnSegmentationFault(int signal) {
  constexpr uint64_t kNearMiB = 16;
  const uint64_t limit = LimitInMiB();
  if (limit != 0 && SizeInMiB() + kNearMiB >= limit) EndWithoutMemory("in a library");
  Line line;
  line << tool_name << ": crashed by an access to memory that is not there: a bug of ours\n";
  line.WriteToStderr();
  // The fault happens again when the handler returns, and ends the process.
  std::signal(signal, SIG_DFL);
}

// Debuggers and sanitizers keep what they installed.
void InstallSegmentationReport() {
  struct sigaction present = {};
  if (::sigaction(SIGSEGV, nullptr, &present) != 0 || present.sa_handler != SIG_DFL) return;
  std::signal(SIGSEGV, OnSegmentationFault);
}

}  // namespace

void EndWithoutMemory(const char* what) {
  Line line;
  line << tool_name << ": out of memory";
  if (what != nullptr) line << " (" << what << ")";
  line << ": the system gave no more to this process, which has " << SizeInMiB()
       << " MiB of addresses";
  const uint64_t limit = LimitInMiB();
  if (limit != 0) line << " of the " << limit << " MiB that ulimit -v allows";
  line << "; free some memory, raise the limit, or ask for less (a shorter --context, fewer "
          "--threads)\n";
  line.WriteToStderr();
  ::_exit(kExitInputFault);
}

void InstallFaultReports(const char* tool) {
  tool_name = tool;
  struct sigaction action = {};
  action.sa_sigaction = OnBusError;
  action.sa_flags = SA_SIGINFO;
  ::sigaction(SIGBUS, &action, nullptr);
  InstallSegmentationReport();
  std::set_new_handler(OnNoMemory);
}

}  // namespace lathe
