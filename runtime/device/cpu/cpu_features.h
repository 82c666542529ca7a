// What the CPU of this machine can execute, in the levels that code is compiled for: those of the
// x86-64 psABI and one above.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace lathe {

// In ascending order: a CPU of one level runs code of the levels below.
enum class FeatureLevel : uint8_t {
  kBelowV3,
  kV3,
  kV4,      // with VNNI, which x86-64-v4 itself does not ask for
  kV4BF16,  // dot products of bf16 as well, on CPUs where they outrun f32 FMA
};

// What code is compiled for, in ascending order.
inline constexpr FeatureLevel kCpuLevels[] = {FeatureLevel::kV3, FeatureLevel::kV4,
                                              FeatureLevel::kV4BF16};

// "x86-64-v3", "x86-64-v4", "x86-64-v4-bf16"; "below x86-64-v3" is a name for messages only.
absl::string_view CpuLevelName(FeatureLevel level);
// None for names that this build does not know.
std::optional<FeatureLevel> ParseCpuLevel(absl::string_view name);

// The registers that decide: CPUID leaves 0, 1, 7 and 0x80000001, and the state that the system
// saves (XCR0).
struct CpuidWords {
  bool is_amd = false;  // vendor "AuthenticAMD"
  uint32_t leaf1_ecx = 0;
  uint32_t leaf7_ebx = 0;
  uint32_t leaf7_ecx = 0;
  uint32_t leaf7_1_eax = 0;  // subleaf 1
  uint32_t extended1_ecx = 0;
  uint64_t xcr0 = 0;  // 0 where the system does not use XSAVE
};

CpuidWords ReadCpuid();
FeatureLevel LevelOf(const CpuidWords& words);

// The level of this machine, lowered to `forced` ("x86-64-v3") where that is not empty.
// FailedPrecondition below x86-64-v3 (also when an older level is forced) or when more is forced
// than the machine has; InvalidArgument for an unknown name.
absl::StatusOr<FeatureLevel> ChooseCpuLevel(FeatureLevel machine, absl::string_view forced);

}  // namespace lathe
