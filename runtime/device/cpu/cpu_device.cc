#include "runtime/device/cpu/cpu_device.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "runtime/base/check.h"
#include "runtime/base/cpu_count.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/strings.h"
#include "runtime/device/cpu/elf_loader.h"
#include "runtime/device/cpu/page_memory.h"

namespace lathe {
namespace {

// More is a slip of the keyboard.
constexpr int kMaxThreads = 1024;
constexpr uint64_t kCacheLine = 64;

class CpuMemory : public DeviceMemory {
 public:
  explicit CpuMemory(PageMemory memory) : memory_(std::move(memory)) {}
  char* data() const override { return memory_.data(); }
  uint64_t size() const override { return memory_.size(); }

 private:
  PageMemory memory_;
};

// Host bytes used in place.
class BorrowedMemory : public DeviceMemory {
 public:
  explicit BorrowedMemory(absl::string_view bytes) : bytes_(bytes) {}
  // Nobody writes there: Device::Import promises it, and the mapping behind it is read-only.
  char* data() const override { return const_cast<char*>(bytes_.data()); }
  uint64_t size() const override { return bytes_.size(); }

 private:
  absl::string_view bytes_;
};

struct CpuCode : public DeviceCode {
  explicit CpuCode(ElfObject elf) : object(std::move(elf)) {}

  ElfObject object;
  std::vector<CpuKernel> kernels;
  PageMemory scratch;
  uint64_t scratch_stride = 0;  // from one worker's to the next
};

int64_t NowNs() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// False for a worker that gets no item.
bool RunShare(const CpuCode& code, const Launch& launch, int worker, int num_workers) {
  const ItemRange range = ShareOf(launch.items, worker, num_workers);
  if (range.begin == range.end) return false;
  code.kernels[launch.kernel](launch.operands, launch.dims, range.begin, range.end,
                              code.scratch.data() + code.scratch_stride * worker);
  return true;
}

}  // namespace

absl::StatusOr<std::unique_ptr<CpuDevice>> CpuDevice::Create(const CpuOptions& options) {
  if (options.threads < 0 || options.threads > kMaxThreads) {
    return absl::InvalidArgumentError(absl::StrCat(options.threads, " threads, expected 1 to ",
                                                   kMaxThreads, ", or 0 for all CPUs"));
  }
  LATHE_ASSIGN_OR_RETURN(const FeatureLevel level,
                         ChooseCpuLevel(LevelOf(ReadCpuid()), options.cpu_level));
  const int threads =
      options.threads > 0 ? options.threads : std::min(AvailableCpus(), kMaxThreads);
  std::unique_ptr<CpuDevice> device(new CpuDevice(threads, level));
  const int started = device->num_threads();
  if (started < threads) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the system started only ", started, " of ", threads,
                     " threads (its limits: ulimit -u, ulimit -v); use --threads=", started));
  }
  if (options.pin_threads) LATHE_RETURN_IF_ERROR(device->PinWorkers());
  return device;
}

absl::Status CpuDevice::PinWorkers() {
  const std::vector<int> cpus = AllowedCpus();
  if (static_cast<int>(cpus.size()) < num_threads()) {
    return absl::FailedPreconditionError(absl::StrCat(
        num_threads(), " threads cannot be bound to ", cpus.size(),
        " CPUs; use at most as many threads as the process may use CPUs, or do not bind them"));
  }
  std::atomic<int> refused = -1;
  pool_.Run([&](int worker, int) {
    const int cpu = cpus[static_cast<size_t>(worker)];
    if (!PinThread(cpu)) refused = cpu;
  });
  if (refused < 0) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("the system does not let a thread be bound to CPU ", refused.load()));
}

std::string CpuDevice::Describe() const {
  return absl::StrCat("cpu: ", CpuLevelName(level_), ", ", num_threads(),
                      num_threads() == 1 ? " thread" : " threads");
}

absl::Status CpuDevice::CheckFeatureLevel(absl::string_view feature_level) const {
  const std::optional<FeatureLevel> needed = ParseCpuLevel(feature_level);
  if (!needed) {
    return absl::FailedPreconditionError(
        absl::StrCat("this build does not know CPU level ", Quoted(feature_level)));
  }
  if (*needed <= level_) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("code for ", feature_level, " does not run on a CPU of ", CpuLevelName(level_)));
}

absl::StatusOr<std::unique_ptr<DeviceCode>> CpuDevice::LoadCode(
    absl::string_view code, absl::string_view name, absl::Span<const KernelRequest> kernels) {
  LATHE_ASSIGN_OR_RETURN(ElfObject object, ElfObject::Load(code), name);
  auto loaded = std::make_unique<CpuCode>(std::move(object));
  uint64_t scratch = 0;
  for (const KernelRequest& kernel : kernels) {
    LATHE_ASSIGN_OR_RETURN(const void* address, loaded->object.Find(kernel.symbol), name);
    loaded->kernels.push_back(reinterpret_cast<CpuKernel>(const_cast<void*>(address)));
    scratch = std::max(scratch, kernel.scratch_bytes);
  }
  const auto workers = static_cast<uint64_t>(num_threads());
  if (scratch > (uint64_t{1} << 46) / workers) {
    return absl::ResourceExhaustedError(
        absl::StrCat(name, ": ", HumanBytes(scratch), " of scratch memory a thread"));
  }
  // Whole cache lines, so that no two workers write to the same one.
  loaded->scratch_stride = (scratch + kCacheLine - 1) / kCacheLine * kCacheLine;
  LATHE_ASSIGN_OR_RETURN(loaded->scratch,
                         PageMemory::Allocate(loaded->scratch_stride * workers, "kernel scratch"));
  return loaded;
}

absl::StatusOr<std::unique_ptr<DeviceMemory>> CpuDevice::Allocate(uint64_t bytes,
                                                                  absl::string_view purpose) {
  LATHE_ASSIGN_OR_RETURN(PageMemory memory, PageMemory::Allocate(bytes, purpose));
  return std::make_unique<CpuMemory>(std::move(memory));
}

absl::StatusOr<std::unique_ptr<DeviceMemory>> CpuDevice::Import(absl::string_view host_bytes,
                                                                absl::string_view purpose) {
  if (reinterpret_cast<uintptr_t>(host_bytes.data()) % kCacheLine != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(purpose, " must start at a multiple of ", kCacheLine, " bytes"));
  }
  return std::make_unique<BorrowedMemory>(host_bytes);
}

absl::Status CpuDevice::Upload(const void* host, char* device, uint64_t bytes) {
  if (bytes > 0) std::memcpy(device, host, bytes);
  return absl::OkStatus();
}

absl::Status CpuDevice::Read(const char* device, void* host, uint64_t bytes) {
  if (bytes > 0) std::memcpy(host, device, bytes);
  return absl::OkStatus();
}

absl::Status CpuDevice::Run(const DeviceCode& code, absl::Span<const Launch> launches,
                            LaunchTimes* times) {
  const auto& cpu_code = static_cast<const CpuCode&>(code);
  if (times != nullptr) times->Reset(launches.size(), num_threads());
  pool_.Run([&](int worker, int num_workers) {
    for (size_t i = 0; i < launches.size(); ++i) {
      if (i > 0 && launches[i].waits) barrier_.Wait();
      if (times == nullptr) {
        RunShare(cpu_code, launches[i], worker, num_workers);
        continue;
      }
      const int64_t begin_ns = NowNs();
      const bool has_worked = RunShare(cpu_code, launches[i], worker, num_workers);
      times->At(i, worker) = {begin_ns, has_worked ? NowNs() : begin_ns};
    }
  });
  return absl::OkStatus();
}

}  // namespace lathe
