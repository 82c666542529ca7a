// A device that runs nothing: it checks that what a program hands to kernels lies in memory that
// was given to it.
//   CheckingDevice device;
//   LATHE_ASSIGN_OR_RETURN(auto program, Program::Load(artifact, "step", device));
//   device.AddRange(pool.data(), pool.size());
#pragma once

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "runtime/artifact/artifact.pb.h"
#include "runtime/base/check.h"
#include "runtime/device/device.h"

namespace lathe::fuzz {

class CheckingDevice : public Device {
 public:
  // More memory that operands may point to. The end is allowed too: there a buffer of no bytes may
  // stand.
  void AddRange(const void* begin, uint64_t bytes) {
    ranges_.emplace_back(static_cast<const char*>(begin), bytes);
  }
  // What Run is going to see.
  void Expect(const artifact::Program& program) { program_ = &program; }
  int num_runs() const { return num_runs_; }

  absl::string_view target() const override { return "cpu"; }
  std::string Describe() const override { return "checks only"; }
  absl::Status CheckFeatureLevel(absl::string_view) const override { return absl::OkStatus(); }

  // Code is not looked at.
  absl::StatusOr<std::unique_ptr<DeviceCode>> LoadCode(absl::string_view, absl::string_view,
                                                       absl::Span<const KernelRequest>) override {
    return std::make_unique<DeviceCode>();
  }
  absl::StatusOr<std::unique_ptr<DeviceMemory>> Allocate(uint64_t bytes,
                                                         absl::string_view purpose) override {
    if (bytes > kMaxBytes) {
      return absl::ResourceExhaustedError(absl::StrCat(bytes, " bytes for ", purpose));
    }
    // A program asks for a larger workspace instead of the one before, never for two at once.
    owned_.resize(bytes + 1);
    AddRange(owned_.data(), bytes);
    return std::make_unique<Memory>(owned_.data(), bytes);
  }
  absl::StatusOr<std::unique_ptr<DeviceMemory>> Import(absl::string_view host_bytes,
                                                       absl::string_view) override {
    AddRange(host_bytes.data(), host_bytes.size());
    return std::make_unique<Memory>(const_cast<char*>(host_bytes.data()), host_bytes.size());
  }
  absl::Status Upload(const void*, char*, uint64_t) override { return absl::OkStatus(); }
  absl::Status Read(const char*, void*, uint64_t) override { return absl::OkStatus(); }

  absl::Status Run(const DeviceCode&, absl::Span<const Launch> launches, LaunchTimes*) override {
    LATHE_CHECK(launches.size() == static_cast<size_t>(program_->commands_size()))
        << launches.size();
    for (size_t i = 0; i < launches.size(); ++i) {
      const artifact::Command& command = program_->commands(static_cast<int>(i));
      LATHE_CHECK(launches[i].kernel < static_cast<uint32_t>(program_->kernels_size()))
          << command.name();
      LATHE_CHECK(launches[i].items >= 0) << command.name();
      for (int k = 0; k < command.operands_size(); ++k) {
        LATHE_CHECK(IsKnown(launches[i].operands[k])) << command.name() << ", operand " << k;
      }
    }
    ++num_runs_;
    return absl::OkStatus();
  }

 private:
  class Memory : public DeviceMemory {
   public:
    Memory(char* data, uint64_t size) : data_(data), size_(size) {}
    char* data() const override { return data_; }
    uint64_t size() const override { return size_; }

   private:
    char* data_;
    uint64_t size_;
  };

  bool IsKnown(const void* address) const {
    return std::any_of(ranges_.begin(), ranges_.end(), [&](const auto& range) {
      const char* at = static_cast<const char*>(address);
      return at >= range.first && at <= range.first + range.second;
    });
  }

  static constexpr uint64_t kMaxBytes = 1 << 20;

  std::vector<char> owned_;
  std::vector<std::pair<const char*, uint64_t>> ranges_;
  const artifact::Program* program_ = nullptr;
  int num_runs_ = 0;
};

}  // namespace lathe::fuzz
