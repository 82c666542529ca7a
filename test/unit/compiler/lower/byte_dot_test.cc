#include "compiler/lower/byte_dot.h"

#include "test/support/compiler/kernel_harness.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::KernelHarness;
using ::lathe::testing::RunnableLevels;

// Operands: 16 activations as i32, a line of weights, 16 sums.
void EmitLine(KernelBuilder& b, int bits) {
  std::unique_ptr<ByteDot> dot = MakeByteDot(b);
  b.Kernel("k", [&](const KernelArgs& args) {
    dot->StoreActivations(b.Load(b.Lanes(b.i32()), b.Operand(args, 0), 4), args.scratch);
    mlir::Value sum = b.SplatI32(7);
    int64_t k = 0;
    for (const ByteDot::Factor& weights : dot->LoadWeights(b.Operand(args, 1), bits)) {
      mlir::Value x = b.At(args.scratch, k * dot->ActivationBytes());
      sum = dot->Add(sum, weights, dot->LoadActivations(x));
      k += 4;
    }
    b.Store(sum, b.Operand(args, 2), 4);
  });
}

// The largest numbers of every sign, where an instruction would saturate.
TEST(ByteDot, IsExactAtTheEnds) {
  for (const CpuLevel& level : RunnableLevels()) {
    ASSERT_LE(kMostActivationBytes, 2);
    for (int bits : {8, 4}) {
      SCOPED_TRACE(level.name + " bits " + std::to_string(bits));
      LATHE_ASSERT_OK_AND_ASSIGN(
          auto kernel,
          KernelHarness::Make("k", level, [&](KernelBuilder& b) { EmitLine(b, bits); }));
      for (int x : {127, -127, 1}) {
        alignas(64) uint8_t line[64];
        int32_t activations[16], sums[16];
        for (int k = 0; k < 16; ++k) activations[k] = k % 3 == 0 ? -x : x;
        for (int i = 0; i < 64; ++i) line[i] = static_cast<uint8_t>(255 - i / 4 * (i % 4));
        kernel->Run({activations, line, sums}, {}, 1, 1, 64);
        for (int column = 0; column < 16; ++column) {
          int expected = 7;
          for (int k = 0; k < 32 / bits; ++k) {
            const int byte = line[column * 4 + k % 4];
            const int weight = bits == 8 ? byte : k < 4 ? byte & 15 : byte >> 4;
            expected += weight * activations[k];
          }
          EXPECT_EQ(sums[column], expected) << "column " << column << " x " << x;
        }
      }
    }
  }
}

}  // namespace
}  // namespace lathe
