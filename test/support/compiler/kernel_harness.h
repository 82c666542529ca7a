// Emits, compiles, links and runs one CPU kernel inside a test.
//   for (const CpuLevel& level : RunnableLevels()) {
//     LATHE_ASSERT_OK_AND_ASSIGN(auto kernel, KernelHarness::Make("k", level, [&](KernelBuilder& b)
//     { EmitMatmul(b, "k", spec); })); kernel->Run({x, weight, out}, {rows}, MatmulItems(spec));
//   }
#pragma once

#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "compiler/lower/kernel_builder.h"
#include "compiler/target/target.h"
#include "runtime/artifact/kernel_abi.h"

namespace lathe::testing {

// The feature levels of target "cpu" that this machine can run.
std::vector<CpuLevel> RunnableLevels();

// Zeroed memory that starts at a multiple of 64, as packed weights and scratch memory do.
class AlignedBytes {
 public:
  explicit AlignedBytes(int64_t size);
  ~AlignedBytes() { std::free(data_); }
  AlignedBytes(AlignedBytes&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(other.size_) {}
  AlignedBytes(const AlignedBytes&) = delete;
  AlignedBytes& operator=(const AlignedBytes&) = delete;

  char* data() const { return data_; }
  absl::Span<char> span() const { return {data_, size_}; }

 private:
  char* data_;
  size_t size_;
};

// Code from a linked ELF shared object, loaded into this process.
class LoadedCode {
 public:
  static absl::StatusOr<std::unique_ptr<LoadedCode>> Load(const std::string& elf);
  ~LoadedCode();
  KernelFn Find(const std::string& name) const;  // null when not exported

 private:
  LoadedCode(int fd, void* handle) : fd_(fd), handle_(handle) {}
  int fd_;
  void* handle_;
};

class KernelHarness {
 public:
  static absl::StatusOr<std::unique_ptr<KernelHarness>> Make(
      const std::string& name, const CpuLevel& level,
      const std::function<void(KernelBuilder&)>& emit, bool keep_text = false);

  // Runs items [0, items) in `parts` ranges, each with the kernel's own scratch of `scratch_bytes`.
  void Run(std::vector<const void*> operands, std::vector<int64_t> dims, int64_t items,
           int64_t parts = 1, int64_t scratch_bytes = 0) const;

  KernelFn function() const { return function_; }
  const std::string& assembly() const { return assembly_; }

 private:
  std::unique_ptr<LoadedCode> code_;
  KernelFn function_ = nullptr;
  std::string assembly_;
};

// `count` numbers in [-1, 1), the same for the same seed.
std::vector<float> RandomFloats(size_t count, uint32_t seed);

// Rounds to bf16 bits, and back.
std::vector<uint16_t> ToBF16(const std::vector<float>& values);
std::vector<float> FromBF16(const std::vector<uint16_t>& values);

}  // namespace lathe::testing
