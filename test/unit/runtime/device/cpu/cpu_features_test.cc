#include "runtime/device/cpu/cpu_features.h"

#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

// Intel SDM bits of a Cascade Lake server, as the system shows them.
CpuidWords CascadeLake() {
  CpuidWords words;
  words.leaf1_ecx = 0xfffa3203;  // SSE3 SSSE3 FMA CX16 SSE4 MOVBE POPCNT OSXSAVE AVX F16C ...
  words.leaf7_ebx = 0xd39ffffb;  // BMI1 AVX2 BMI2 AVX512 F DQ CD BW VL ...
  words.leaf7_ecx = 0x808;       // AVX512_VNNI ...
  words.extended1_ecx = 0x121;   // LAHF LZCNT ...
  words.xcr0 = 0xe7;             // SSE AVX opmask ZMM
  return words;
}

TEST(CpuFeaturesTest, LevelsFollowTheBits) {
  EXPECT_EQ(LevelOf(CascadeLake()), FeatureLevel::kV4);
  CpuidWords words = CascadeLake();
  words.leaf7_ebx &= ~(1u << 30);  // no AVX512BW: Knights Landing
  EXPECT_EQ(LevelOf(words), FeatureLevel::kV3);
  words = CascadeLake();
  words.leaf7_ecx = 0;  // no AVX512_VNNI: Skylake
  EXPECT_EQ(LevelOf(words), FeatureLevel::kV3);
  words = CascadeLake();
  words.leaf7_ebx &= ~(1u << 5);  // no AVX2: Ivy Bridge
  EXPECT_EQ(LevelOf(words), FeatureLevel::kBelowV3);
  words = CascadeLake();
  words.leaf1_ecx &= ~(1u << 12);  // no FMA
  EXPECT_EQ(LevelOf(words), FeatureLevel::kBelowV3);
  words = CascadeLake();
  words.extended1_ecx = 0;
  EXPECT_EQ(LevelOf(words), FeatureLevel::kBelowV3);
  EXPECT_EQ(LevelOf(CpuidWords()), FeatureLevel::kBelowV3);
}

// Intel's dot products of bf16 are slower than widening to f32.
TEST(CpuFeaturesTest, DotProductsCountWhereTheyAreFast) {
  CpuidWords words = CascadeLake();
  words.leaf7_1_eax = 1u << 5;  // AVX512_BF16: Cooper Lake
  EXPECT_EQ(LevelOf(words), FeatureLevel::kV4);
  words.is_amd = true;  // Zen 4
  EXPECT_EQ(LevelOf(words), FeatureLevel::kV4BF16);
  words.leaf7_1_eax = 0;
  EXPECT_EQ(LevelOf(words), FeatureLevel::kV4);
}

// The CPU has the registers, but the system does not save them: using them would lose data.
TEST(CpuFeaturesTest, TheSystemMustSaveTheRegisters) {
  CpuidWords words = CascadeLake();
  words.xcr0 = 0x7;
  EXPECT_EQ(LevelOf(words), FeatureLevel::kV3);
  words.xcr0 = 0x3;
  EXPECT_EQ(LevelOf(words), FeatureLevel::kBelowV3);
}

TEST(CpuFeaturesTest, NamesGoBothWays) {
  for (FeatureLevel level : {FeatureLevel::kV3, FeatureLevel::kV4, FeatureLevel::kV4BF16}) {
    EXPECT_EQ(ParseCpuLevel(CpuLevelName(level)), level);
  }
  EXPECT_EQ(ParseCpuLevel(CpuLevelName(FeatureLevel::kBelowV3)), std::nullopt);
  EXPECT_EQ(ParseCpuLevel("avx512"), std::nullopt);
}

TEST(CpuFeaturesTest, ChoosesTheMachinesLevelOrLess) {
  EXPECT_EQ(*ChooseCpuLevel(FeatureLevel::kV4, ""), FeatureLevel::kV4);
  EXPECT_EQ(*ChooseCpuLevel(FeatureLevel::kV4, "x86-64-v3"), FeatureLevel::kV3);
  EXPECT_THAT(ChooseCpuLevel(FeatureLevel::kV3, "x86-64-v4"),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("this CPU has x86-64-v3")));
  EXPECT_THAT(ChooseCpuLevel(FeatureLevel::kV3, "v3"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("\"v3\""),
                             HasSubstr("expected x86-64-v3, x86-64-v4 or x86-64-v4-bf16"))));
  EXPECT_THAT(
      ChooseCpuLevel(FeatureLevel::kBelowV3, ""),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("this CPU is below x86-64-v3")));
  EXPECT_THAT(ChooseCpuLevel(FeatureLevel::kV4, "x86-64-v2"),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("CPU level x86-64-v2 is below x86-64-v3")));
}

TEST(CpuFeaturesTest, ThisMachineAgreesWithTheCompiler) {
  const FeatureLevel level = LevelOf(ReadCpuid());
  EXPECT_EQ(level >= FeatureLevel::kV3, __builtin_cpu_supports("x86-64-v3") != 0);
  EXPECT_EQ(level >= FeatureLevel::kV4,
            __builtin_cpu_supports("x86-64-v4") && __builtin_cpu_supports("avx512vnni"));
}

}  // namespace
}  // namespace lathe
