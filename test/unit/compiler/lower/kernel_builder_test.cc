#include "compiler/lower/kernel_builder.h"

#include <bit>
#include <cmath>
#include <limits>

#include "runtime/base/float_types.h"
#include "test/support/compiler/kernel_harness.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::KernelHarness;
using ::lathe::testing::RandomFloats;
using ::lathe::testing::RunnableLevels;

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

// Runs out = f(in) on vectors of 16 at every level and hands each result to `check`. The size of
// `in` is a multiple of 16.
void Map(const std::vector<float>& in, Storage out_storage,
         const std::function<mlir::Value(KernelBuilder&, mlir::Value)>& f,
         const std::function<void(const char* out)>& check) {
  for (const CpuLevel& level : RunnableLevels()) {
    SCOPED_TRACE(level.name);
    LATHE_ASSERT_OK_AND_ASSIGN(
        auto kernel, KernelHarness::Make("map", level, [&](KernelBuilder& b) {
          b.Kernel("map", [&](const KernelArgs& args) {
            b.For(args.begin, args.end, 1, [&](mlir::Value i) {
              mlir::Value x = b.LoadVector(Storage::kF32, b.At(b.Operand(args, 0), i, 64));
              b.StoreVector(out_storage, f(b, x),
                            b.At(b.Operand(args, 1), i, 16 * ByteSize(out_storage)));
            });
          });
        }));
    std::vector<char> out(in.size() * static_cast<size_t>(ByteSize(out_storage)));
    kernel->Run({in.data(), out.data()}, {}, static_cast<int64_t>(in.size() / 16));
    check(out.data());
  }
}

float At(const char* out, size_t i) { return LoadAsF32(DType::kF32, out, i); }

TEST(KernelBuilder, ExpIsGoodToTwoUlp) {
  std::vector<float> in;
  for (int i = 0; i < 16000; ++i) in.push_back(-87.0f + 175.0f * static_cast<float>(i) / 16000.0f);
  Map(
      in, Storage::kF32, [](KernelBuilder& b, mlir::Value x) { return b.Exp(x); },
      [&](const char* out) {
        for (size_t i = 0; i < in.size(); ++i) {
          const double expected = std::exp(double{in[i]});
          ASSERT_NEAR(At(out, i) / expected, 1.0, 2.4e-7) << in[i];
        }
      });
}

TEST(KernelBuilder, ExpAtTheEdges) {
  const std::vector<float> in = {0.0f,   -0.0f,   88.8f, 1000.0f, kInf,   -kInf, kNan,   -104.5f,
                                 -88.0f, -103.0f, 1.0f,  -1.0f,   -1e30f, 1e30f, 88.72f, -1e-30f};
  Map(
      in, Storage::kF32, [](KernelBuilder& b, mlir::Value x) { return b.Exp(x); },
      [&](const char* out) {
        EXPECT_EQ(At(out, 0), 1.0f);
        EXPECT_EQ(At(out, 1), 1.0f);
        for (size_t i : {2, 3, 4, 13}) EXPECT_EQ(At(out, i), kInf) << in[i];
        for (size_t i : {5, 7, 12}) EXPECT_EQ(std::bit_cast<uint32_t>(At(out, i)), 0u) << in[i];
        EXPECT_TRUE(std::isnan(At(out, 6)));
        EXPECT_NEAR(At(out, 8), std::exp(-88.0), 1e-44);  // a denormal
        EXPECT_NEAR(At(out, 9), std::exp(-103.0), 2e-45);
        EXPECT_EQ(At(out, 15), 1.0f);
      });
}

TEST(KernelBuilder, RoundsToBF16AsTheRuntimeDoes) {
  std::vector<float> in = RandomFloats(1024, 3);
  for (uint32_t bits : {0x3f808000u, 0x3f818000u, 0x3f808001u, 0x7f7fffffu, 0x7f800000u,
                        0xff800000u, 0x7f800001u, 0xffc12345u, 0x00000001u, 0x80008000u, 0u,
                        0x80000000u, 0x00018000u, 0x7f7f8000u, 0x3f7fffffu, 0x42u}) {
    in.push_back(std::bit_cast<float>(bits));
  }
  Map(
      in, Storage::kBF16, [](KernelBuilder&, mlir::Value x) { return x; },
      [&](const char* out) {
        for (size_t i = 0; i < in.size(); ++i) {
          const uint16_t bits =
              std::bit_cast<uint16_t>(std::array<char, 2>{out[2 * i], out[2 * i + 1]});
          ASSERT_EQ(bits, F32ToBF16(in[i])) << std::hex << std::bit_cast<uint32_t>(in[i]);
        }
      });
}

TEST(KernelBuilder, ReducesInAFixedTree) {
  const std::vector<float> in = RandomFloats(64, 5);
  Map(
      in, Storage::kF32,
      [](KernelBuilder& b, mlir::Value x) {
        return b.AddF(b.Broadcast(b.ReduceAdd(x)),
                      b.MulF(b.Splat(1000.0f), b.Broadcast(b.ReduceMax(x))));
      },
      [&](const char* out) {
        for (size_t v = 0; v < in.size(); v += 16) {
          std::vector<float> sums(in.begin() + static_cast<int64_t>(v),
                                  in.begin() + static_cast<int64_t>(v) + 16);
          const float max = *std::max_element(sums.begin(), sums.end());
          for (size_t half = 8; half > 0; half /= 2) {
            for (size_t i = 0; i < half; ++i) sums[i] += sums[i + half];
          }
          EXPECT_EQ(At(out, v), sums[0] + 1000.0f * max);
        }
      });
}

TEST(KernelBuilder, SwiGluClampsAfterSilu) {
  std::vector<float> in = RandomFloats(32, 6);
  for (float& x : in) x *= 9;
  Map(
      in, Storage::kF32,
      [](KernelBuilder& b, mlir::Value x) { return b.SwiGlu(x, b.NegF(x), 3.0f); },
      [&](const char* out) {
        for (size_t i = 0; i < in.size(); ++i) {
          const double x = in[i];
          const double expected = std::min(x / (1 + std::exp(-x)), 3.0) * std::clamp(-x, -3.0, 3.0);
          EXPECT_NEAR(At(out, i), expected, 1e-6 * (1 + std::abs(expected))) << x;
        }
      });
}

TEST(KernelBuilder, MaskedAccessTouchesNothingElse) {
  for (const CpuLevel& level : RunnableLevels()) {
    for (Storage storage : {Storage::kF32, Storage::kBF16}) {
      LATHE_ASSERT_OK_AND_ASSIGN(
          auto kernel, KernelHarness::Make("copy", level, [&](KernelBuilder& b) {
            b.Kernel("copy", [&](const KernelArgs& args) {
              mlir::Value mask = b.MaskBelow(b.Dim(args, 0));
              b.StoreVector(storage, b.LoadVector(storage, b.Operand(args, 0), mask),
                            b.Operand(args, 1), mask);
            });
          }));
      for (int64_t count : {0, 1, 7, 15, 16}) {
        const std::vector<uint32_t> in(16, 0x40404040u);
        std::vector<uint32_t> out(16, 0);
        kernel->Run({in.data(), out.data()}, {count}, 1);
        const auto* bytes = reinterpret_cast<const char*>(out.data());
        for (int64_t i = 0; i < 64; ++i) {
          EXPECT_EQ(bytes[i], i < count * ByteSize(storage) ? 0x40 : 0) << count << " byte " << i;
        }
      }
    }
  }
}

TEST(KernelBuilder, OffsetsMayBeLarge) {
  for (const CpuLevel& level : RunnableLevels()) {
    LATHE_ASSERT_OK_AND_ASSIGN(
        auto kernel, KernelHarness::Make("far", level, [&](KernelBuilder& b) {
          b.Kernel("far", [&](const KernelArgs& args) {
            constexpr int64_t kFar = int64_t{1} << 40;
            mlir::Value back = b.At(b.At(b.Operand(args, 0), kFar), -kFar + 4);
            b.Store(b.F32(3), back, 4);
          });
        }));
    std::vector<float> out(2, 1.0f);
    kernel->Run({out.data()}, {}, 1);
    EXPECT_EQ(out, (std::vector<float>{1, 3}));
  }
}

TEST(KernelBuilder, LoopsCarryValues) {
  // Greatest common divisor by While, and a sum of products by For with a condition inside.
  for (const CpuLevel& level : RunnableLevels()) {
    LATHE_ASSERT_OK_AND_ASSIGN(
        auto kernel, KernelHarness::Make("loops", level, [&](KernelBuilder& b) {
          b.Kernel("loops", [&](const KernelArgs& args) {
            mlir::Value out = b.Operand(args, 0);
            Values gcd = b.While(
                {b.Dim(args, 0), b.Dim(args, 1)},
                [&](mlir::ValueRange s) {
                  return b.Compare(mlir::arith::CmpIPredicate::ne, s[1], b.Index(0));
                },
                [&](mlir::ValueRange s) -> Values {
                  return {s[1], b.Sub(s[0], b.Mul(s[1], mlir::arith::DivUIOp::create(
                                                            b.mlir(), b.loc(), s[0], s[1])
                                                            .getResult()))};
                });
            b.Store(gcd[0], out, 8);
            Values sum = b.For(b.Index(0), b.Dim(args, 0), 2, {b.Index(0)},
                               [&](mlir::Value i, mlir::ValueRange s) -> Values {
                                 return b.If(
                                     b.Less(i, b.Index(6)), mlir::TypeRange{b.i64()},
                                     [&]() -> Values { return {b.Add(s[0], b.Mul(i, 10))}; },
                                     [&]() -> Values { return {b.Add(s[0], 1)}; });
                               });
            b.Store(sum[0], b.At(out, 8), 8);
          });
        }));
    std::vector<int64_t> out(2);
    kernel->Run({out.data()}, {12, 18}, 1);
    EXPECT_EQ(out[0], 6);
    EXPECT_EQ(out[1], 0 + 20 + 40 + 3);
  }
}

}  // namespace
}  // namespace lathe
