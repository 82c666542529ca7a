// What a device must be able to do so that a program can run on it: load code, hold memory, run a
// list of launches, read results back. The one device so far is runtime/device/cpu; the interface
// is the seam for others, so it knows nothing about artifacts.
//   LATHE_ASSIGN_OR_RETURN(std::unique_ptr<Device> device, CpuDevice::Create({.threads = 4}));
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "runtime/device/launch_times.h"

namespace lathe {

// A range of the device's memory, freed with this object. Aligned to at least 64 bytes.
class DeviceMemory {
 public:
  virtual ~DeviceMemory() = default;
  // An address on the device: only where the device is the host may the host follow it.
  virtual char* data() const = 0;
  virtual uint64_t size() const = 0;
};

struct KernelRequest {
  std::string symbol;
  uint64_t scratch_bytes = 0;  // per worker
};

// Loaded code with its kernels, in the order in which they were asked for.
class DeviceCode {
 public:
  virtual ~DeviceCode() = default;
};

// One command, ready to run. The pointers belong to the caller and must stay until Run() returns.
struct Launch {
  uint32_t kernel = 0;              // index into the requests of LoadCode
  void* const* operands = nullptr;  // device addresses
  const int64_t* dims = nullptr;    // host memory
  int64_t items = 0;
  // It starts only when all launches before it are done; otherwise it may run beside those since
  // the last one that waits.
  bool waits = true;
};

class Device {
 public:
  virtual ~Device() = default;

  // "cpu": the target that its programs and code are compiled for.
  virtual absl::string_view target() const = 0;
  // One line for people: "cpu: x86-64-v4, 8 threads".
  virtual std::string Describe() const = 0;
  // Whether code for this feature level runs here. FailedPrecondition says what is missing.
  virtual absl::Status CheckFeatureLevel(absl::string_view feature_level) const = 0;

  // `name` is for messages. InvalidArgument for code that is malformed, NotFound for a kernel that
  // it does not export.
  virtual absl::StatusOr<std::unique_ptr<DeviceCode>> LoadCode(
      absl::string_view code, absl::string_view name, absl::Span<const KernelRequest> kernels) = 0;

  // Zeroed memory. ResourceExhausted names the size and `purpose`.
  virtual absl::StatusOr<std::unique_ptr<DeviceMemory>> Allocate(uint64_t bytes,
                                                                 absl::string_view purpose) = 0;

  // Host bytes that never change and outlive the device's use of them, as the device reads them:
  // the same bytes where it can read host memory, else a copy that the returned object owns. The
  // device never writes there.
  virtual absl::StatusOr<std::unique_ptr<DeviceMemory>> Import(absl::string_view host_bytes,
                                                               absl::string_view purpose) = 0;

  virtual absl::Status Upload(const void* host, char* device, uint64_t bytes) = 0;
  virtual absl::Status Read(const char* device, void* host, uint64_t bytes) = 0;

  // Runs the launches in order and returns when all are done. `times` takes when each worker did
  // its share of each; null: nobody looks at the clock. One call at a time.
  virtual absl::Status Run(const DeviceCode& code, absl::Span<const Launch> launches,
                           LaunchTimes* times = nullptr) = 0;
};

}  // namespace lathe
