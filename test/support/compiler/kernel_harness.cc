#include "test/support/compiler/kernel_harness.h"

#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "compiler/codegen/cpu/cpu_codegen.h"
#include "runtime/base/check.h"
#include "runtime/base/float_types.h"
#include "runtime/base/status_macros.h"
#include "runtime/device/cpu/cpu_features.h"

namespace lathe::testing {

std::vector<CpuLevel> RunnableLevels() {
  absl::StatusOr<Target> cpu = FindTarget("cpu");
  LATHE_CHECK(cpu.ok()) << cpu.status().ToString();
  const FeatureLevel machine = LevelOf(ReadCpuid());
  std::vector<CpuLevel> levels;
  for (const CpuLevel& level : cpu->levels) {
    if (*ParseCpuLevel(level.name) <= machine) levels.push_back(level);
  }
  return levels;
}

AlignedBytes::AlignedBytes(int64_t size)
    : data_(static_cast<char*>(std::aligned_alloc(64, static_cast<size_t>((size + 63) / 64 * 64)))),
      size_(static_cast<size_t>(size)) {
  LATHE_CHECK(data_ != nullptr) << size;
  std::memset(data_, 0, size_);
}

absl::StatusOr<std::unique_ptr<LoadedCode>> LoadedCode::Load(const std::string& elf) {
  int fd = memfd_create("kernels", MFD_CLOEXEC);
  if (fd < 0 || write(fd, elf.data(), elf.size()) != static_cast<ssize_t>(elf.size())) {
    return absl::InternalError("memfd");
  }
  std::string path = absl::StrCat("/proc/self/fd/", fd);
  void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return absl::InternalError(dlerror());
  return std::unique_ptr<LoadedCode>(new LoadedCode(fd, handle));
}

LoadedCode::~LoadedCode() {
  dlclose(handle_);
  close(fd_);
}

KernelFn LoadedCode::Find(const std::string& name) const {
  return reinterpret_cast<KernelFn>(dlsym(handle_, name.c_str()));
}

absl::StatusOr<std::unique_ptr<KernelHarness>> KernelHarness::Make(
    const std::string& name, const CpuLevel& level, const std::function<void(KernelBuilder&)>& emit,
    bool keep_text) {
  const KernelSource source = EmitKernel(name, level, emit);
  LATHE_ASSIGN_OR_RETURN(CpuCode code,
                         CompileKernels({source}, level, {.threads = 1, .keep_text = keep_text}));
  auto harness = std::make_unique<KernelHarness>();
  harness->assembly_ = code.kernels[0].assembly;
  LATHE_ASSIGN_OR_RETURN(harness->code_, LoadedCode::Load(code.elf));
  harness->function_ = harness->code_->Find(name);
  if (harness->function_ == nullptr) return absl::InternalError(name + " is not exported");
  return harness;
}

void KernelHarness::Run(std::vector<const void*> operands, std::vector<int64_t> dims, int64_t items,
                        int64_t parts, int64_t scratch_bytes) const {
  // Never empty, so that a kernel without scratch gets an address too.
  AlignedBytes scratch(scratch_bytes + 64);
  std::vector<void*> pointers;
  for (const void* operand : operands) pointers.push_back(const_cast<void*>(operand));
  for (int64_t part = 0; part < parts; ++part) {
    // NaN: nothing may rely on it.
    std::memset(scratch.data(), 0xff, scratch.span().size());
    function_(pointers.data(), dims.data(), items * part / parts, items * (part + 1) / parts,
              scratch.data());
  }
}

std::vector<float> RandomFloats(size_t count, uint32_t seed) {
  // The 32-bit generator of Numerical Recipes; only its high bits are used.
  uint32_t state = seed * 2654435761u + 12345u;
  std::vector<float> values(count);
  for (float& value : values) {
    state = state * 1664525u + 1013904223u;
    value = static_cast<float>(static_cast<int32_t>(state) >> 8) / 8388608.0f;
  }
  return values;
}

std::vector<uint16_t> ToBF16(const std::vector<float>& values) {
  std::vector<uint16_t> bits(values.size());
  std::transform(values.begin(), values.end(), bits.begin(), F32ToBF16);
  return bits;
}

std::vector<float> FromBF16(const std::vector<uint16_t>& values) {
  std::vector<float> floats(values.size());
  std::transform(values.begin(), values.end(), floats.begin(), BF16ToF32);
  return floats;
}

}  // namespace lathe::testing
