#include "compiler/lower/matmul_product.h"

#include <cmath>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "compiler/emit/pack_weights.h"
#include "test/support/compiler/kernel_harness.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::AlignedBytes;
using ::lathe::testing::FromBF16;
using ::lathe::testing::KernelHarness;
using ::lathe::testing::RandomFloats;
using ::lathe::testing::RunnableLevels;
using ::lathe::testing::ToBF16;

// A kernel that prepares the rows of one tile where the product wants it, and stores its sums.
// Operands: rows of f32, packed weights of `blocks` blocks, sums [rows][blocks][16].
void EmitTile(KernelBuilder& b, WeightFormat format, bool rounds_x, int64_t inner, int64_t rows,
              int64_t blocks) {
  std::unique_ptr<MatmulProduct> product =
      MakeProduct(b, format, rounds_x, inner,
                  DefaultTiling(b.level(), {.format = format, .rounds_x = rounds_x}));
  b.Kernel("k", [&](const KernelArgs& args) {
    mlir::Value x = b.Operand(args, 0);
    if (product->PreparesRows()) {
      for (int64_t row = 0; row < rows; ++row) {
        product->PrepareRow(b.At(x, row * inner * 4),
                            b.At(args.scratch, row * product->RowBytes()));
      }
      x = args.scratch;
    }
    Values sums = product->Accumulate({.rows = rows, .blocks = blocks}, x, {b.Operand(args, 1)});
    for (size_t i = 0; i < sums.size(); ++i) {
      b.StoreVector(Storage::kF32, sums[i], b.At(b.Operand(args, 2), static_cast<int64_t>(i) * 64));
    }
  });
}

void CheckTile(const CpuLevel& level, WeightFormat format, bool rounds_x, int64_t inner,
               int64_t rows, int64_t blocks) {
  SCOPED_TRACE(absl::StrCat(level.name, " ", LayoutName(format), " k=", inner, " ", rows, "x",
                            blocks * kBlockColumns));
  const int64_t columns = blocks * kBlockColumns;
  // Numbers that bf16 holds, so that products which round activations to bf16 are exact too.
  const std::vector<float> x = FromBF16(ToBF16(RandomFloats(static_cast<size_t>(rows * inner), 1)));
  const std::vector<uint16_t> bits = ToBF16(RandomFloats(static_cast<size_t>(columns * inner), 2));
  const std::vector<float> w = FromBF16(bits);
  AlignedBytes packed(PackedWeightBytes(format, columns, inner));
  LATHE_ASSERT_OK(PackWeight({DType::kBF16,
                              {columns, inner},
                              {reinterpret_cast<const char*>(bits.data()), bits.size() * 2}},
                             format, 1, packed.span()));
  LATHE_ASSERT_OK_AND_ASSIGN(auto kernel, KernelHarness::Make("k", level, [&](KernelBuilder& b) {
                               EmitTile(b, format, rounds_x, inner, rows, blocks);
                             }));
  std::vector<float> sums(static_cast<size_t>(rows * columns));
  kernel->Run({x.data(), packed.data(), sums.data()}, {}, 1, 1,
              rows * PreparedRowBytes(format, inner));
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t n = 0; n < columns; ++n) {
      double expected = 0, size = 0;
      for (int64_t k = 0; k < inner; ++k) {
        const double product = double{x[r * inner + k]} * w[n * inner + k];
        expected += product;
        size += std::abs(product);
      }
      ASSERT_NEAR(sums[r * columns + n], expected, 1e-6 * size) << "row " << r << " column " << n;
    }
  }
}

TEST(MatmulProduct, SumsTilesOfEveryFormat) {
  for (const CpuLevel& level : RunnableLevels()) {
    for (WeightFormat format : {WeightFormat::kBF16Pairs, WeightFormat::kF32}) {
      for (int64_t inner : {1, 2, 7, 64, 133}) {
        for (bool rounds_x : {false, true}) {
          CheckTile(level, format, rounds_x, inner, 1, 1);
          CheckTile(level, format, rounds_x, inner, 1, 4);
          CheckTile(level, format, rounds_x, inner, 3, 2);
        }
      }
    }
  }
}

}  // namespace
}  // namespace lathe
