#include "compiler/probe/probe.h"

#include <cstring>

#include "compiler/codegen/cpu/cpu_codegen.h"
#include "gtest/gtest.h"
#include "test/support/compiler/kernel_harness.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using testing::KernelHarness;
using testing::LoadedCode;
using testing::RunnableLevels;

size_t Count(const std::string& text, absl::string_view word) {
  size_t count = 0;
  for (size_t at = text.find(word.data(), 0, word.size()); at != std::string::npos;
       at = text.find(word.data(), at + 1, word.size()))
    ++count;
  return count;
}

TEST(ProbeTest, TheFmaProbeCountsWhatItDoes) {
  for (const CpuLevel& level : RunnableLevels()) {
    double operations = 0;
    LATHE_ASSERT_OK_AND_ASSIGN(auto probe, KernelHarness::Make(
                                               "probe", level,
                                               [&](KernelBuilder& b) {
                                                 operations = EmitArithmeticProbe(
                                                     b, "probe", ArithmeticUnit::kFmaF32);
                                               },
                                               /*keep_text=*/true));
    // One operation a lane for the product, one for the sum.
    const size_t lanes = static_cast<size_t>(level.vector_bits) / 32;
    EXPECT_EQ(Count(probe->assembly(), "vfmadd") * lanes * 2, static_cast<size_t>(operations));
    float x[16];
    std::fill(std::begin(x), std::end(x), 2.0f);
    std::vector<float> out(kProbeOutputBytes / 4, -1.0f);
    probe->Run({x, out.data()}, {}, /*items=*/10);
    EXPECT_EQ(out[0], 40.0f);
    EXPECT_EQ(out[15], 40.0f);
  }
}

TEST(ProbeTest, EveryUnitCompilesEverywhere) {
  LATHE_ASSERT_OK_AND_ASSIGN(Target cpu, FindTarget("cpu"));
  LATHE_ASSERT_OK_AND_ASSIGN(CpuLevel level, FindLevel(cpu, "x86-64-v4"));
  for (ArithmeticUnit unit : kArithmeticUnits) {
    LATHE_ASSERT_OK_AND_ASSIGN(ProbeCode probe, CompileArithmeticProbe(unit, level));
    EXPECT_GT(probe.operations_per_item, 0) << UnitName(unit);
    LATHE_ASSERT_OK_AND_ASSIGN(auto code, LoadedCode::Load(probe.elf));
    EXPECT_NE(code->Find(ProbeCode::kSymbol), nullptr) << UnitName(unit);
  }
}

TEST(ProbeTest, DotProductsAddWhatTheirNamesSay) {
  LATHE_ASSERT_OK_AND_ASSIGN(Target cpu, FindTarget("cpu"));
  LATHE_ASSERT_OK_AND_ASSIGN(CpuLevel level, FindLevel(cpu, "x86-64-v4"));
  auto run = [&](ArithmeticUnit unit, uint8_t byte, void* out) {
    auto probe = CompileArithmeticProbe(unit, level);
    auto code = LoadedCode::Load(probe->elf);
    uint8_t factors[64];
    std::memset(factors, byte, sizeof(factors));
    void* operands[] = {factors, out};
    (*code)->Find(ProbeCode::kSymbol)(operands, nullptr, 0, 3, nullptr);
  };
  if (__builtin_cpu_supports("avx512vnni")) {
    std::vector<int32_t> out(kProbeOutputBytes / 4);
    run(ArithmeticUnit::kDotInt8, 5, out.data());
    EXPECT_EQ(out[0], 3 * 4 * 25);
  }
  if (__builtin_cpu_supports("avx512bf16")) {
    std::vector<float> out(kProbeOutputBytes / 4);
    run(ArithmeticUnit::kDotBF16, 0x40, out.data());  // 0x4040 is 3.0
    EXPECT_EQ(out[0], 3 * 2 * 9.0f);
  }
}

TEST(ProbeTest, TheReadProbeReadsEveryByteOfEveryStream) {
  for (const CpuLevel& level : RunnableLevels()) {
    for (int64_t streams : {1, 2, 8}) {
      LATHE_ASSERT_OK_AND_ASSIGN(auto probe,
                                 KernelHarness::Make("probe", level, [&](KernelBuilder& b) {
                                   EmitReadProbe(b, "probe", streams);
                                 }));
      constexpr int64_t kItems = 3;
      constexpr size_t kStreamFloats = kItems * kReadProbeItemBytes / 4;
      std::vector<float> data(static_cast<size_t>(streams) * kStreamFloats, 0.0f);
      float out[16];
      for (size_t at = 0; at < data.size(); at += 16) {
        data[at] = 1.0f;
        probe->Run({data.data(), out}, {static_cast<int64_t>(kStreamFloats * 4)}, kItems);
        EXPECT_EQ(out[0], 1.0f) << streams << " streams, float " << at;
        data[at] = 0.0f;
      }
    }
  }
}

}  // namespace
}  // namespace lathe
