#include "runtime/device/cpu/cpu_features.h"

#include <cpuid.h>

#include "absl/strings/str_cat.h"
#include "runtime/base/strings.h"

namespace lathe {
namespace {

constexpr uint32_t Bit(int index) { return uint32_t{1} << index; }

// Intel SDM volume 2, CPUID. Levels as in the x86-64 psABI, section "Micro-Architecture Levels".
constexpr uint32_t kV3Leaf1 = Bit(0) | Bit(9) | Bit(13) | Bit(19) |
                              Bit(20) |                      // SSE3 SSSE3 CX16 SSE4.1 SSE4.2
                              Bit(12) | Bit(22) | Bit(23) |  // FMA MOVBE POPCNT
                              Bit(27) | Bit(28) | Bit(29);   // OSXSAVE AVX F16C
constexpr uint32_t kV3Leaf7 = Bit(3) | Bit(5) | Bit(8);      // BMI1 AVX2 BMI2
constexpr uint32_t kV3Extended1 = Bit(0) | Bit(5);           // LAHF LZCNT
constexpr uint32_t kV4Leaf7 =
    Bit(16) | Bit(17) | Bit(28) | Bit(30) | Bit(31);  // AVX512 F DQ CD BW VL
constexpr uint32_t kV4Leaf7Ecx = Bit(11);             // AVX512_VNNI
constexpr uint32_t kBF16Leaf7_1 = Bit(5);             // AVX512_BF16
constexpr uint64_t kYmmState = Bit(1) | Bit(2);       // SSE AVX
constexpr uint64_t kZmmState =
    kYmmState | Bit(5) | Bit(6) | Bit(7);  // opmask, upper halves, ZMM16-31

bool HasAll(uint64_t word, uint64_t mask) { return (word & mask) == mask; }

uint64_t ReadXcr0() {
  uint32_t low = 0;
  uint32_t high = 0;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return uint64_t{high} << 32 | low;
}

}  // namespace

absl::string_view CpuLevelName(FeatureLevel level) {
  switch (level) {
    case FeatureLevel::kBelowV3:
      return "below x86-64-v3";
    case FeatureLevel::kV3:
      return "x86-64-v3";
    case FeatureLevel::kV4:
      return "x86-64-v4";
    case FeatureLevel::kV4BF16:
      return "x86-64-v4-bf16";
  }
  return "";
}

std::optional<FeatureLevel> ParseCpuLevel(absl::string_view name) {
  for (FeatureLevel level : kCpuLevels) {
    if (CpuLevelName(level) == name) return level;
  }
  return std::nullopt;
}

CpuidWords ReadCpuid() {
  CpuidWords words;
  uint32_t eax = 0;
  uint32_t ebx = 0;
  uint32_t ecx = 0;
  uint32_t edx = 0;
  if (__get_cpuid(0, &eax, &ebx, &ecx, &edx) != 0) {
    words.is_amd = ebx == signature_AMD_ebx && ecx == signature_AMD_ecx && edx == signature_AMD_edx;
  }
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0) words.leaf1_ecx = ecx;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0) {
    words.leaf7_ebx = ebx;
    words.leaf7_ecx = ecx;
  }
  if (__get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) != 0) words.leaf7_1_eax = eax;
  if (__get_cpuid(0x80000001, &eax, &ebx, &ecx, &edx) != 0) words.extended1_ecx = ecx;
  if (HasAll(words.leaf1_ecx, Bit(27))) words.xcr0 = ReadXcr0();
  return words;
}

FeatureLevel LevelOf(const CpuidWords& words) {
  const bool is_v3 = HasAll(words.leaf1_ecx, kV3Leaf1) && HasAll(words.leaf7_ebx, kV3Leaf7) &&
                     HasAll(words.extended1_ecx, kV3Extended1) && HasAll(words.xcr0, kYmmState);
  if (!is_v3) return FeatureLevel::kBelowV3;
  const bool is_v4 = HasAll(words.leaf7_ebx, kV4Leaf7) && HasAll(words.leaf7_ecx, kV4Leaf7Ecx) &&
                     HasAll(words.xcr0, kZmmState);
  if (!is_v4) return FeatureLevel::kV3;
  // vdpbf16ps does twice the work of an FMA. Zen 4 runs one a cycle like FMA of 512 bits; Intel's
  // Sapphire and Emerald Rapids run one in two cycles and FMA two a cycle, so that widening to f32
  // is twice as fast there (measured: 85 against 172 GFLOP/s).
  const bool has_fast_dot = words.is_amd && HasAll(words.leaf7_1_eax, kBF16Leaf7_1);
  return has_fast_dot ? FeatureLevel::kV4BF16 : FeatureLevel::kV4;
}

absl::StatusOr<FeatureLevel> ChooseCpuLevel(FeatureLevel machine, absl::string_view forced) {
  // The levels below have names too: asking for one shows what such a machine is told.
  const bool is_forced_below = forced == "x86-64" || forced == "x86-64-v2";
  if (machine == FeatureLevel::kBelowV3 || is_forced_below) {
    return absl::FailedPreconditionError(absl::StrCat(
        is_forced_below ? absl::StrCat("CPU level ", forced) : "this CPU",
        " is below x86-64-v3 (it lacks AVX2, FMA, BMI2 or the system does not enable them), the "
        "least that compiled models need; run on a CPU of 2013 or later (Intel Haswell, AMD "
        "Excavator)"));
  }
  if (forced.empty()) return machine;
  const std::optional<FeatureLevel> level = ParseCpuLevel(forced);
  if (!level) {
    return absl::InvalidArgumentError(
        absl::StrCat("CPU level ", Quoted(forced),
                     " is unknown, expected x86-64-v3, x86-64-v4 or x86-64-v4-bf16"));
  }
  if (*level > machine) {
    return absl::FailedPreconditionError(
        absl::StrCat("CPU level ", forced, " was asked for, this CPU has ", CpuLevelName(machine)));
  }
  return *level;
}

}  // namespace lathe
