#include "compiler/lower/matmul.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "compiler/codegen/cpu/cpu_codegen.h"
#include "compiler/emit/pack_weights.h"
#include "ops/sampling/sampling_reference.h"
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

// A spec with random operands, and its result by plain loops in double.
class Problem {
 public:
  Problem(MatmulSpec spec, int64_t max_rows) : spec_(std::move(spec)) {
    // Numbers that bf16 holds: dot products of bf16 round activations to it.
    x_ = FromBF16(ToBF16(RandomFloats(static_cast<size_t>(max_rows * spec_.inner), 1)));
    for (size_t i = 0; i < spec_.columns.size(); ++i) {
      const int64_t n = spec_.columns[i];
      const auto seed = static_cast<uint32_t>(i);
      std::vector<uint16_t> bits =
          ToBF16(RandomFloats(static_cast<size_t>(n * spec_.inner), 10 + seed));
      weights_.push_back(FromBF16(bits));
      TensorView view{DType::kBF16,
                      {n, spec_.inner},
                      {reinterpret_cast<const char*>(bits.data()), bits.size() * 2}};
      packed_.emplace_back(PackedWeightBytes(spec_.format, n, spec_.inner));
      LATHE_EXPECT_OK(PackWeight(view, spec_.format, 1, packed_.back().span()));
      bias_bits_.push_back(ToBF16(RandomFloats(static_cast<size_t>(n), 20 + seed)));
      biases_.push_back(FromBF16(bias_bits_.back()));
    }
    residual_ = RandomFloats(static_cast<size_t>(max_rows * spec_.columns[0]), 30);
  }

  size_t num_products() const {
    return spec_.epilogue == MatmulEpilogue::kSwiGlu ? 1 : spec_.columns.size();
  }

  std::vector<std::vector<float>> Run(const KernelHarness& kernel, int64_t first_row, int64_t rows,
                                      int64_t parts) const {
    std::vector<const void*> operands = {x_.data() + first_row * spec_.inner};
    for (size_t i = 0; i < spec_.columns.size(); ++i) {
      operands.push_back(packed_[i].data());
      if (!spec_.bias) continue;
      operands.push_back(*spec_.bias == Storage::kF32
                             ? static_cast<const void*>(biases_[i].data())
                             : static_cast<const void*>(bias_bits_[i].data()));
    }
    if (spec_.epilogue == MatmulEpilogue::kAddResidual) {
      operands.push_back(residual_.data() + first_row * spec_.columns[0]);
    }
    std::vector<std::vector<float>> outputs(num_products() + (spec_.has_block_max ? 1 : 0));
    for (size_t i = 0; i < outputs.size(); ++i) {
      // One value more than the result: nothing may be written behind it.
      outputs[i].assign(static_cast<size_t>(rows * Width(i)) + 1, 12345.0f);
      operands.push_back(outputs[i].data());
    }
    kernel.Run(operands, {rows}, MatmulItems(spec_), parts, MatmulScratchBytes(spec_));
    return outputs;
  }

  // Of a row of an output; the maxima of blocks stand behind the products.
  int64_t Width(size_t output) const {
    return output < num_products() ? spec_.columns[output] : MatmulBlocks(spec_);
  }

  double Product(size_t segment, int64_t row, int64_t column) const {
    double sum = 0;
    for (int64_t k = 0; k < spec_.inner; ++k) {
      sum +=
          double{x_[row * spec_.inner + k]} * double{weights_[segment][column * spec_.inner + k]};
    }
    return spec_.bias ? sum + double{biases_[segment][column]} : sum;
  }

  double Expected(size_t output, int64_t row, int64_t column) const {
    double value = Product(output, row, column);
    if (spec_.epilogue == MatmulEpilogue::kAddResidual)
      value += double{residual_[row * spec_.columns[0] + column]};
    if (spec_.epilogue == MatmulEpilogue::kSwiGlu) {
      double gate = value / (1 + std::exp(-value));
      double up = Product(1, row, column);
      if (spec_.limit > 0) {
        gate = std::min<double>(gate, spec_.limit);
        up = std::clamp<double>(up, -spec_.limit, spec_.limit);
      }
      value = gate * up;
    }
    return value;
  }

  void ExpectRight(const std::vector<std::vector<float>>& outputs, int64_t rows) const {
    if (spec_.has_block_max) ExpectMaxima(outputs[0], outputs[1], rows);
    for (size_t i = 0; i < num_products(); ++i) {
      for (int64_t row = 0; row < rows; ++row) {
        for (int64_t n = 0; n < spec_.columns[i]; ++n) {
          const double expected = Expected(i, row, n);
          // Rounding of a chain of K products in [-1, 1], and of exp.
          const double tolerance = 1e-6 * std::sqrt(double(spec_.inner)) * (1 + std::abs(expected));
          ASSERT_NEAR(outputs[i][static_cast<size_t>(row * spec_.columns[i] + n)], expected,
                      tolerance)
              << "output " << i << " row " << row << " column " << n << " of " << rows << " rows";
        }
      }
      ASSERT_EQ(outputs[i].back(), 12345.0f) << "written behind output " << i;
    }
  }

 private:
  void ExpectMaxima(const std::vector<float>& y, const std::vector<float>& maxima,
                    int64_t rows) const {
    HostTensor product(DType::kF32, {rows, spec_.columns[0]});
    std::copy_n(y.begin(), product.num_elements(), product.floats().begin());
    HostTensor expected = BlockMaxReference(product, kLanes);
    EXPECT_TRUE(std::equal(expected.floats().begin(), expected.floats().end(), maxima.begin()));
    EXPECT_EQ(static_cast<int64_t>(maxima.size()), expected.num_elements() + 1);
    EXPECT_EQ(maxima.back(), 12345.0f);
  }

  MatmulSpec spec_;
  std::vector<float> x_, residual_;
  std::vector<std::vector<float>> weights_, biases_;
  std::vector<std::vector<uint16_t>> bias_bits_;
  std::vector<AlignedBytes> packed_;
};

void CheckLevels(const MatmulSpec& spec, int64_t max_rows) {
  Problem problem(spec, max_rows);
  for (const CpuLevel& level : RunnableLevels()) {
    SCOPED_TRACE(level.name);
    LATHE_ASSERT_OK_AND_ASSIGN(auto kernel,
                               KernelHarness::Make("product", level, [&](KernelBuilder& b) {
                                 EmitMatmul(b, "product", spec);
                               }));
    const std::vector<std::vector<float>> all = problem.Run(*kernel, 0, max_rows, 1);
    problem.ExpectRight(all, max_rows);
    // Any number of rows, in any split, gives the bits that the same row has among many.
    for (int64_t rows : {1, 2, 3, 4, 5, 7, 12, 13, 23}) {
      const int64_t first = max_rows - rows;
      std::vector<std::vector<float>> some = problem.Run(*kernel, first, rows, 1 + rows % 4);
      for (size_t i = 0; i < some.size(); ++i) {
        const auto row_bytes = static_cast<size_t>(problem.Width(i)) * 4;
        EXPECT_EQ(std::memcmp(some[i].data(), all[i].data() + first * problem.Width(i),
                              row_bytes * static_cast<size_t>(rows)),
                  0)
            << "output " << i << ", " << rows << " rows";
        EXPECT_EQ(some[i].back(), 12345.0f);
      }
    }
  }
}

void CheckSpec(MatmulSpec spec, int64_t max_rows = 31) {
  CheckLevels(spec, max_rows);
  if (spec.format != WeightFormat::kBF16Pairs) return;
  spec.rounds_x = true;
  CheckLevels(spec, max_rows);
}

TEST(Matmul, Plain) { CheckSpec({.inner = 64, .columns = {96}}); }
// More rows than a worker prepares at once.
TEST(Matmul, ManyRows) {
  CheckSpec({.inner = 66, .columns = {40}, .epilogue = MatmulEpilogue::kAddResidual}, 211);
}
TEST(Matmul, OddInner) { CheckSpec({.inner = 77, .columns = {64}}); }
TEST(Matmul, TinyInner) { CheckSpec({.inner = 1, .columns = {16}}); }
TEST(Matmul, PartialBlock) { CheckSpec({.inner = 40, .columns = {83}}); }
TEST(Matmul, FewColumns) { CheckSpec({.inner = 33, .columns = {5}}); }
TEST(Matmul, ManyColumns) { CheckSpec({.inner = 48, .columns = {208}}); }
TEST(Matmul, ThreeSegments) { CheckSpec({.inner = 64, .columns = {128, 48, 37}}); }
TEST(Matmul, F32Weights) {
  CheckSpec({.inner = 71, .format = WeightFormat::kF32, .columns = {70}});
}
TEST(Matmul, BiasBF16) { CheckSpec({.inner = 64, .columns = {96, 20}, .bias = Storage::kBF16}); }
TEST(Matmul, BiasF32) { CheckSpec({.inner = 64, .columns = {50}, .bias = Storage::kF32}); }
TEST(Matmul, Residual) {
  CheckSpec({.inner = 64, .columns = {90}, .epilogue = MatmulEpilogue::kAddResidual});
}
TEST(Matmul, SwiGlu) {
  CheckSpec({.inner = 64, .columns = {90, 90}, .epilogue = MatmulEpilogue::kSwiGlu});
}
TEST(Matmul, SwiGluWithLimitAndBias) {
  CheckSpec({.inner = 63,
             .columns = {48, 48},
             .bias = Storage::kBF16,
             .epilogue = MatmulEpilogue::kSwiGlu,
             .limit = 1.5f});
}

TEST(Matmul, MaximaOfBlocks) {
  for (int64_t columns : {int64_t{208}, int64_t{83}, int64_t{5}})
    CheckSpec({.inner = 40, .columns = {columns}, .has_block_max = true});
  CheckSpec({.inner = 64, .columns = {50}, .bias = Storage::kF32, .has_block_max = true});
}

// An overflow, and what is no number beside it.
TEST(Matmul, MaximaOfWhatIsNoNumber) {
  const MatmulSpec spec{
      .inner = 2, .format = WeightFormat::kF32, .columns = {40}, .has_block_max = true};
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  std::vector<float> weight(80, -1.0f);
  std::fill_n(weight.begin(), 32, std::numeric_limits<float>::quiet_NaN());  // block 0
  weight[2 * 20] = weight[2 * 25] = std::numeric_limits<float>::quiet_NaN();
  weight[2 * 22] = kInfinity;
  std::fill_n(weight.begin() + 64, 16, -kInfinity);  // block 2, the partial one
  AlignedBytes packed(PackedWeightBytes(spec.format, 40, 2));
  TensorView view{
      DType::kF32, {40, 2}, {reinterpret_cast<const char*>(weight.data()), weight.size() * 4}};
  LATHE_ASSERT_OK(PackWeight(view, spec.format, 1, packed.span()));
  for (const CpuLevel& level : RunnableLevels()) {
    LATHE_ASSERT_OK_AND_ASSIGN(auto kernel,
                               KernelHarness::Make("product", level, [&](KernelBuilder& b) {
                                 EmitMatmul(b, "product", spec);
                               }));
    const std::vector<float> x = {1.0f, 1.0f};
    std::vector<float> y(40), maxima(3);
    kernel->Run({x.data(), packed.data(), y.data(), maxima.data()}, {1}, MatmulItems(spec), 2,
                MatmulScratchBytes(spec));
    EXPECT_EQ(maxima, (std::vector<float>{-kInfinity, kInfinity, -kInfinity})) << level.name;
  }
}

TEST(Matmul, ResidualMayBeTheOutput) {
  const MatmulSpec spec{.inner = 32, .columns = {48}, .epilogue = MatmulEpilogue::kAddResidual};
  for (const CpuLevel& level : RunnableLevels()) {
    LATHE_ASSERT_OK_AND_ASSIGN(auto kernel,
                               KernelHarness::Make("product", level, [&](KernelBuilder& b) {
                                 EmitMatmul(b, "product", spec);
                               }));
    std::vector<float> x(32, 1.0f), out(48, 5.0f);
    AlignedBytes packed(PackedWeightBytes(spec.format, 48, 32));
    std::vector<float> ones(48 * 32, 1.0f);
    TensorView view{
        DType::kF32, {48, 32}, {reinterpret_cast<const char*>(ones.data()), ones.size() * 4}};
    LATHE_ASSERT_OK(PackWeight(view, spec.format, 1, packed.span()));
    kernel->Run({x.data(), packed.data(), out.data(), out.data()}, {1}, MatmulItems(spec), 1,
                MatmulScratchBytes(spec));
    EXPECT_EQ(out, std::vector<float>(48, 37.0f));
  }
}

TEST(Matmul, CountsItemsOverSegments) {
  EXPECT_EQ(MatmulItems({.inner = 8, .columns = {64, 33, 1}}), 2 + 2 + 1);
  EXPECT_EQ(MatmulItems({.inner = 8, .columns = {64, 64}, .epilogue = MatmulEpilogue::kSwiGlu}), 2);
}

TEST(MatmulDeathTest, RefusesWhatItCannotEmit) {
  const CpuLevel level = RunnableLevels().front();
  auto emit = [&](const MatmulSpec& spec) {
    EmitKernel("product", level, [&](KernelBuilder& b) { EmitMatmul(b, "product", spec); });
  };
  EXPECT_DEATH(emit({.inner = 8, .columns = {}}), "C1");
  EXPECT_DEATH(emit({.inner = 8, .columns = {16, 16}, .epilogue = MatmulEpilogue::kAddResidual}),
               "C2");
  EXPECT_DEATH(emit({.inner = 8, .columns = {16, 32}, .epilogue = MatmulEpilogue::kSwiGlu}), "C3");
  EXPECT_DEATH(emit({.inner = 8, .columns = {16}, .norm = RmsNormSpec{.width = 4}}), "C4");
  EXPECT_DEATH(emit({.inner = 8, .columns = {16, 16}, .has_block_max = true}), "C6");
}

}  // namespace
}  // namespace lathe
