// The CPU as a device: compiled code in executable memory, host memory, and a thread pool that runs
// each list of launches SPMD style: every worker walks the whole list and does its own share of
// each launch's items; they meet at a barrier where one launch needs another.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "runtime/base/thread_pool.h"
#include "runtime/device/cpu/cpu_features.h"
#include "runtime/device/device.h"

namespace lathe {

// A compiled kernel. The same type as KernelFn in runtime/artifact/kernel_abi.h, which says what
// the arguments are (a test holds the two together: devices do not see the artifact).
using CpuKernel = void (*)(void* const* operands, const int64_t* dims, int64_t begin, int64_t end,
                           void* scratch);

struct CpuOptions {
  // 0: all CPUs that the process may use.
  int threads = 0;
  // "x86-64-v3": pretend that the CPU has no more than that; empty: what it has.
  std::string cpu_level = "";
  // Binds worker i to the i-th CPU that the process may use: the system then never moves one onto
  // another's. Worker 0 is the thread that calls Create, which must be the one that calls Run.
  bool pin_threads = false;
};

class CpuDevice : public Device {
 public:
  // FailedPrecondition for a CPU below x86-64-v3 or below a forced level, and when threads cannot
  // be bound to CPUs; InvalidArgument for options out of range.
  static absl::StatusOr<std::unique_ptr<CpuDevice>> Create(const CpuOptions& options);

  int num_threads() const { return pool_.num_workers(); }
  FeatureLevel level() const { return level_; }

  absl::string_view target() const override { return "cpu"; }
  std::string Describe() const override;
  absl::Status CheckFeatureLevel(absl::string_view feature_level) const override;
  absl::StatusOr<std::unique_ptr<DeviceCode>> LoadCode(
      absl::string_view code, absl::string_view name,
      absl::Span<const KernelRequest> kernels) override;
  absl::StatusOr<std::unique_ptr<DeviceMemory>> Allocate(uint64_t bytes,
                                                         absl::string_view purpose) override;
  absl::StatusOr<std::unique_ptr<DeviceMemory>> Import(absl::string_view host_bytes,
                                                       absl::string_view purpose) override;
  absl::Status Upload(const void* host, char* device, uint64_t bytes) override;
  absl::Status Read(const char* device, void* host, uint64_t bytes) override;
  absl::Status Run(const DeviceCode& code, absl::Span<const Launch> launches,
                   LaunchTimes* times) override;

 private:
  absl::Status PinWorkers();
  CpuDevice(int threads, FeatureLevel level)
      : level_(level), pool_(threads), barrier_(pool_.num_workers()) {}

  const FeatureLevel level_;
  ThreadPool pool_;
  Barrier barrier_;
};

}  // namespace lathe
