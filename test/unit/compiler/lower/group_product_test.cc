#include "compiler/lower/group_product.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "absl/strings/str_cat.h"
#include "compiler/lower/matmul.h"
#include "runtime/base/check.h"
#include "runtime/base/float_types.h"
#include "test/support/compiler/kernel_harness.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::AlignedBytes;
using ::lathe::testing::KernelHarness;
using ::lathe::testing::RandomFloats;
using ::lathe::testing::RunnableLevels;

constexpr WeightFormat kGroupFormats[] = {WeightFormat::kInt8Group32, WeightFormat::kInt8Group128,
                                          WeightFormat::kInt4Group32, WeightFormat::kInt4Group128};

// The levels that this machine runs, one for each way of multiplying: others have the same code.
std::vector<CpuLevel> LevelsThatDiffer() {
  std::vector<CpuLevel> levels;
  for (bool has_vnni : {false, true}) {
    for (const CpuLevel& level : RunnableLevels()) {
      if (level.Has("avx512_vnni") != has_vnni) continue;
      levels.push_back(level);
      break;
    }
  }
  return levels;
}

// A matrix of small integers with scales, and its packed form, written number by number.
class GroupWeights {
 public:
  GroupWeights(WeightFormat format, int64_t columns, int64_t inner, uint32_t seed)
      : format_(format),
        quant_(*QuantOf(format)),
        columns_(columns),
        inner_(inner),
        packed_(PackedWeightBytes(format, columns, inner)) {
    const float most = quant_.bits == 8 ? 128.0f : 8.0f;
    for (float value : RandomFloats(static_cast<size_t>(columns * inner), seed))
      numbers_.push_back(static_cast<int>(std::floor(value * most)));
    for (float value : RandomFloats(static_cast<size_t>(columns * quant_.Groups(inner)), seed + 1))
      scales_.push_back(F32ToF16(value / 16));
    Pack();
  }

  const void* packed() const { return packed_.data(); }

  // As the kernels document it, with q and x_scale from QuantizedRow.
  float Product(int64_t column, const std::vector<int>& q,
                const std::vector<float>& x_scales) const {
    float sum = 0;
    for (int64_t g = 0; g < quant_.Groups(inner_); ++g) {
      int total = 0;
      for (int64_t k = g * quant_.group; k < std::min(inner_, (g + 1) * quant_.group); ++k)
        total += numbers_[static_cast<size_t>(column * inner_ + k)] * q[static_cast<size_t>(k)];
      const float scale =
          F16ToF32(scales_[static_cast<size_t>(column * quant_.Groups(inner_) + g)]);
      sum = std::fma(static_cast<float>(total), scale * x_scales[static_cast<size_t>(g)], sum);
    }
    return sum;
  }

 private:
  void Pack() {
    const int64_t blocks = (columns_ + 15) / 16, groups = quant_.Groups(inner_);
    const GroupLayout layout(quant_, inner_);
    const int64_t k_per_line = 32 / quant_.bits;
    const int offset = quant_.bits == 8 ? 128 : 8;
    for (int64_t n = 0; n < blocks * 16; ++n) {
      uint8_t* block =
          reinterpret_cast<uint8_t*>(packed_.data()) + n / 16 * PackedBlockBytes(format_, inner_);
      for (int64_t k = 0; k < groups * quant_.group; ++k) {
        const bool is_padding = n >= columns_ || k >= inner_;
        const int stored =
            offset + (is_padding ? 0 : numbers_[static_cast<size_t>(n * inner_ + k)]);
        const int64_t in_line = k % k_per_line;
        uint8_t* numbers = block + layout.NumbersOffset(k / quant_.group);
        numbers[k % quant_.group / k_per_line * 64 + n % 16 * 4 + in_line % 4] |=
            static_cast<uint8_t>(in_line >= 4 ? stored << 4 : stored);
      }
      for (int64_t g = 0; g < groups && n < columns_; ++g) {
        std::memcpy(block + layout.ScalesOffset(g) + n % 16 * 2,
                    &scales_[static_cast<size_t>(n * groups + g)], 2);
      }
    }
  }

  WeightFormat format_;
  GroupQuant quant_;
  int64_t columns_, inner_;
  std::vector<int> numbers_;
  std::vector<uint16_t> scales_;
  AlignedBytes packed_;
};

// Activations as int8: the nearest even multiple of the group's magnitude / 127.
void QuantizeRow(const GroupQuant& quant, const float* x, int64_t inner, std::vector<int>& q,
                 std::vector<float>& scales) {
  q.clear();
  scales.clear();
  for (int64_t first = 0; first < inner; first += quant.group) {
    const int64_t last = std::min(inner, first + quant.group);
    float magnitude = 0;
    for (int64_t k = first; k < last; ++k) magnitude = std::max(magnitude, std::abs(x[k]));
    scales.push_back(magnitude / 127);
    const float inverse = magnitude < 0x1p-120f ? 0 : 127 / magnitude;
    for (int64_t k = first; k < last; ++k)
      q.push_back(static_cast<int>(std::nearbyint(double{x[k]} * double{inverse})));
  }
}

// A spec with random operands and its results by plain loops.
class Problem {
 public:
  Problem(MatmulSpec spec, int64_t max_rows)
      : spec_(std::move(spec)), quant_(*QuantOf(spec_.format)), max_rows_(max_rows) {
    x_ = RandomFloats(static_cast<size_t>(max_rows * spec_.inner), 1);
    // Groups of very different size, and one of zeros.
    for (size_t i = 0; i < x_.size(); ++i) x_[i] *= std::exp2(float(i / 32 % 23) - 12);
    std::fill_n(x_.begin(), std::min<int64_t>(spec_.inner, quant_.group), 0.0f);
    for (size_t i = 0; i < spec_.columns.size(); ++i) {
      const auto seed = static_cast<uint32_t>(i);
      weights_.emplace_back(spec_.format, spec_.columns[i], spec_.inner, 10 + 2 * seed);
      biases_.push_back(RandomFloats(static_cast<size_t>(spec_.columns[i]), 20 + seed));
    }
    residual_ = RandomFloats(static_cast<size_t>(max_rows * spec_.columns[0]), 30);
    for (size_t i = 0; i < num_outputs(); ++i) expected_.push_back(Expected(i));
  }

  size_t num_outputs() const {
    return spec_.epilogue == MatmulEpilogue::kSwiGlu ? 1 : spec_.columns.size();
  }

  std::vector<std::vector<float>> Run(const KernelHarness& kernel, int64_t first_row, int64_t rows,
                                      int64_t parts) const {
    std::vector<const void*> operands = {x_.data() + first_row * spec_.inner};
    for (size_t i = 0; i < spec_.columns.size(); ++i) {
      operands.push_back(weights_[i].packed());
      if (spec_.bias) operands.push_back(biases_[i].data());
    }
    if (spec_.epilogue == MatmulEpilogue::kAddResidual)
      operands.push_back(residual_.data() + first_row * spec_.columns[0]);
    std::vector<std::vector<float>> outputs(num_outputs());
    for (size_t i = 0; i < outputs.size(); ++i) {
      // One value more than the result: nothing may be written behind it.
      outputs[i].assign(static_cast<size_t>(rows * spec_.columns[i]) + 1, 12345.0f);
      operands.push_back(outputs[i].data());
    }
    kernel.Run(operands, {rows}, MatmulItems(spec_), parts, MatmulScratchBytes(spec_));
    return outputs;
  }

  // To the last bit, but for the exponential function of swiglu.
  void ExpectRight(const std::vector<std::vector<float>>& outputs, int64_t first_row,
                   int64_t rows) const {
    for (size_t i = 0; i < outputs.size(); ++i) {
      const int64_t columns = spec_.columns[i];
      const float* expected = expected_[i].data() + first_row * columns;
      for (int64_t e = 0; e < rows * columns; ++e) {
        const float actual = outputs[i][static_cast<size_t>(e)];
        const float tolerance =
            spec_.epilogue == MatmulEpilogue::kSwiGlu ? 1e-30f + 1e-6f * std::abs(expected[e]) : 0;
        ASSERT_NEAR(actual, expected[e], tolerance)
            << "output " << i << " row " << e / columns << " column " << e % columns << " of "
            << rows << " rows";
      }
      ASSERT_EQ(outputs[i].back(), 12345.0f) << "written behind output " << i;
    }
  }

 private:
  std::vector<float> Expected(size_t output) const {
    std::vector<float> values;
    std::vector<int> q;
    std::vector<float> x_scales;
    for (int64_t row = 0; row < max_rows_; ++row) {
      QuantizeRow(quant_, x_.data() + row * spec_.inner, spec_.inner, q, x_scales);
      for (int64_t n = 0; n < spec_.columns[output]; ++n) {
        auto product = [&](size_t segment) {
          const float sum = weights_[segment].Product(n, q, x_scales);
          return spec_.bias ? sum + biases_[segment][static_cast<size_t>(n)] : sum;
        };
        float value = product(output);
        if (spec_.epilogue == MatmulEpilogue::kAddResidual)
          value = residual_[static_cast<size_t>(row * spec_.columns[0] + n)] + value;
        if (spec_.epilogue == MatmulEpilogue::kSwiGlu)
          value = static_cast<float>(double{value} / (1 + std::exp(-double{value}))) * product(1);
        values.push_back(value);
      }
    }
    return values;
  }

  MatmulSpec spec_;
  GroupQuant quant_;
  int64_t max_rows_;
  std::vector<float> x_, residual_;
  std::vector<GroupWeights> weights_;
  std::vector<std::vector<float>> biases_;
  std::vector<std::vector<float>> expected_;
};

std::unique_ptr<KernelHarness> Compile(const CpuLevel& level, const MatmulSpec& spec) {
  auto kernel =
      KernelHarness::Make("k", level, [&](KernelBuilder& b) { EmitMatmul(b, "k", spec); });
  LATHE_CHECK(kernel.ok()) << kernel.status().ToString();
  return *std::move(kernel);
}

// Every level gives the bits of plain loops for any number of rows, in any split.
void CheckSpec(MatmulSpec spec, const std::vector<int64_t>& rows_of_runs) {
  for (WeightFormat format : kGroupFormats) {
    spec.format = format;
    const int64_t max_rows = *std::max_element(rows_of_runs.begin(), rows_of_runs.end());
    const Problem problem(spec, max_rows);
    for (const CpuLevel& level : LevelsThatDiffer()) {
      SCOPED_TRACE(absl::StrCat(level.name, " ", LayoutName(format)));
      std::unique_ptr<KernelHarness> kernel = Compile(level, spec);
      for (int64_t rows : rows_of_runs) {
        const int64_t first = max_rows - rows;
        problem.ExpectRight(problem.Run(*kernel, first, rows, 1 + rows % 4), first, rows);
      }
    }
  }
}

std::vector<int64_t> AllRows(int64_t most) {
  std::vector<int64_t> rows;
  for (int64_t r = 1; r <= most; ++r) rows.push_back(r);
  return rows;
}

TEST(GroupProduct, AnyRows) { CheckSpec({.inner = 256, .columns = {80}}, AllRows(70)); }
TEST(GroupProduct, MoreRowsThanAPiece) { CheckSpec({.inner = 128, .columns = {16}}, {97, 250}); }
TEST(GroupProduct, InnerAndColumnsEndInsideAGroupAndABlock) {
  CheckSpec({.inner = 1, .columns = {5}}, {1, 9});
  CheckSpec({.inner = 33, .columns = {17}}, {1, 9});
  CheckSpec({.inner = 100, .columns = {83}}, {1, 3, 7});
  CheckSpec({.inner = 175, .columns = {48}}, {1, 3, 7});
}
TEST(GroupProduct, ThreeSegments) {
  CheckSpec({.inner = 160, .columns = {128, 48, 37}}, {1, 2, 5, 14});
}
TEST(GroupProduct, BiasOfSegments) {
  CheckSpec({.inner = 64, .columns = {96, 20}, .bias = Storage::kF32}, {1, 4, 13});
}
TEST(GroupProduct, Residual) {
  CheckSpec({.inner = 96, .columns = {90}, .epilogue = MatmulEpilogue::kAddResidual}, {1, 4, 19});
}
TEST(GroupProduct, SwiGlu) {
  CheckSpec({.inner = 140, .columns = {90, 90}, .epilogue = MatmulEpilogue::kSwiGlu},
            {1, 2, 3, 6, 23});
}

// A number that is not finite may not be lost in rounding.
TEST(GroupProduct, PassesOnWhatIsNotFinite) {
  for (WeightFormat format : kGroupFormats) {
    const MatmulSpec spec{.inner = 200, .format = format, .columns = {33}};
    const GroupWeights weights(format, 33, 200, 3);
    for (const CpuLevel& level : LevelsThatDiffer()) {
      SCOPED_TRACE(absl::StrCat(level.name, " ", LayoutName(format)));
      std::unique_ptr<KernelHarness> kernel = Compile(level, spec);
      for (float bad : {std::numeric_limits<float>::infinity(),
                        -std::numeric_limits<float>::infinity(), std::nanf("")}) {
        std::vector<float> x = RandomFloats(3 * 200, 1), out(3 * 33);
        x[200 + 197] = bad;
        kernel->Run({x.data(), weights.packed(), out.data()}, {3}, MatmulItems(spec), 1,
                    MatmulScratchBytes(spec));
        for (size_t n = 0; n < 33; ++n) {
          EXPECT_TRUE(std::isfinite(out[n]));
          EXPECT_FALSE(std::isfinite(out[33 + n])) << bad << " column " << n;
          EXPECT_TRUE(std::isfinite(out[66 + n]));
        }
      }
    }
  }
}

TEST(GroupProduct, TinyActivationsCountAsZero) {
  const MatmulSpec spec{.inner = 32, .format = WeightFormat::kInt8Group32, .columns = {16}};
  const GroupWeights weights(spec.format, 16, 32, 3);
  for (const CpuLevel& level : LevelsThatDiffer()) {
    std::vector<float> x(32, 1e-38f), out(16, 1);
    Compile(level, spec)
        ->Run({x.data(), weights.packed(), out.data()}, {1}, MatmulItems(spec), 1,
              MatmulScratchBytes(spec));
    EXPECT_EQ(out, std::vector<float>(16, 0.0f)) << level.name;
  }
}

}  // namespace
}  // namespace lathe
