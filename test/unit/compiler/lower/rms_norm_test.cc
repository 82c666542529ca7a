#include "compiler/lower/rms_norm.h"

#include <cmath>
#include <cstring>
#include <optional>

#include "absl/strings/str_cat.h"
#include "compiler/emit/pack_weights.h"
#include "compiler/emit/quantize_weights.h"
#include "compiler/lower/matmul.h"
#include "compiler/lower/rowwise.h"
#include "test/support/compiler/kernel_harness.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::AlignedBytes;
using ::lathe::testing::KernelHarness;
using ::lathe::testing::RandomFloats;
using ::lathe::testing::RunnableLevels;
using ::lathe::testing::ToBF16;

// Weights of a norm in both storages.
class NormWeight {
 public:
  explicit NormWeight(int64_t width)
      : floats_(RandomFloats(static_cast<size_t>(width), 7)), bits_(ToBF16(floats_)) {}
  const void* In(Storage storage) const {
    return storage == Storage::kF32 ? static_cast<const void*>(floats_.data()) : bits_.data();
  }

 private:
  std::vector<float> floats_;
  std::vector<uint16_t> bits_;
};

// Operands: x, the weight. Each element is written over its x.
TEST(RmsNorm, InPlaceAgreesWithPlainLoops) {
  for (const CpuLevel& level : RunnableLevels()) {
    for (int64_t width : {1, 16, 63, 64, 130}) {
      SCOPED_TRACE(absl::StrCat(level.name, " ", width));
      const RmsNormSpec spec{.width = width, .eps = 1e-2f, .offset = 1};
      LATHE_ASSERT_OK_AND_ASSIGN(auto kernel,
                                 KernelHarness::Make("norm", level, [&](KernelBuilder& b) {
                                   b.Kernel("norm", [&](const KernelArgs& args) {
                                     mlir::Value x = b.Operand(args, 0);
                                     EmitRmsNorm(
                                         b, spec, b.Operand(args, 1),
                                         [&](mlir::Value element, mlir::Value mask) {
                                           mlir::Value at = b.At(x, element, 4);
                                           return b.LoadVector(Storage::kF32, at, mask);
                                         },
                                         [&](mlir::Value element, mlir::Value mask, mlir::Value y) {
                                           mlir::Value at = b.At(x, element, 4);
                                           b.StoreVector(Storage::kF32, y, at, mask);
                                         });
                                   });
                                 }));
      const auto size = static_cast<size_t>(width);
      const std::vector<float> x = RandomFloats(size, 1), weight = RandomFloats(size, 2);
      std::vector<float> y = x;
      y.push_back(12345.0f);
      kernel->Run({y.data(), weight.data()}, {}, 1);
      double sum = 0;
      for (float value : x) sum += double{value} * value;
      const double factor = 1 / std::sqrt(sum / static_cast<double>(width) + double{spec.eps});
      for (size_t i = 0; i < size; ++i)
        EXPECT_NEAR(y[i], x[i] * factor * (1.0 + weight[i]), 2e-6 * (1 + std::abs(y[i])));
      EXPECT_EQ(y.back(), 12345.0f) << "written behind the group";
    }
  }
}

// Products of random rows and weights, with the norm in front of them in the same kernel or in one
// of its own.
class Products {
 public:
  Products(MatmulSpec spec, int64_t rows)
      : spec_(std::move(spec)), rows_(rows), norm_(spec_.inner) {
    x_ = RandomFloats(static_cast<size_t>(rows * spec_.inner), 1);
    for (int64_t columns : spec_.columns) {
      const std::vector<float> w = RandomFloats(static_cast<size_t>(columns * spec_.inner), 2);
      const TensorView view{DType::kF32,
                            {columns, spec_.inner},
                            {reinterpret_cast<const char*>(w.data()), w.size() * 4}};
      packed_.emplace_back(PackedWeightBytes(spec_.format, columns, spec_.inner));
      if (QuantOf(spec_.format)) {
        LATHE_EXPECT_OK(QuantizeWeight(view, spec_.format, 1, packed_.back().span()).status());
      } else {
        LATHE_EXPECT_OK(PackWeight(view, spec_.format, 1, packed_.back().span()));
      }
    }
    residual_ = RandomFloats(static_cast<size_t>(rows * spec_.columns[0]), 3);
  }

  // One kernel, for the last `rows` rows.
  std::vector<std::vector<float>> Fused(const KernelHarness& kernel, int64_t rows,
                                        int64_t parts) const {
    const int64_t first = rows_ - rows;
    return Multiply(kernel, spec_, {x_.data() + first * spec_.inner, norm_.In(spec_.norm->storage)},
                    first, parts);
  }

  // The row-by-row kernel, then the product; all rows.
  std::vector<std::vector<float>> Apart(const CpuLevel& level) const {
    RowProgram program;
    program.Store(program.RmsNorm(program.Load({.operand = 0, .width = spec_.inner}),
                                  {.weight = 1,
                                   .group = spec_.inner,
                                   .eps = spec_.norm->eps,
                                   .offset = spec_.norm->offset,
                                   .storage = spec_.norm->storage}),
                  2);
    auto norm = KernelHarness::Make("norm", level,
                                    [&](KernelBuilder& b) { EmitRowwise(b, "norm", program); });
    MatmulSpec plain = spec_;
    plain.norm.reset();
    auto product = KernelHarness::Make("product", level,
                                       [&](KernelBuilder& b) { EmitMatmul(b, "product", plain); });
    LATHE_EXPECT_OK(norm.status());
    LATHE_EXPECT_OK(product.status());
    if (!norm.ok() || !product.ok()) return {};
    std::vector<float> normalised(x_.size());
    (*norm)->Run({x_.data(), norm_.In(spec_.norm->storage), normalised.data()}, {rows_}, rows_, 1,
                 RowwiseScratchBytes(program));
    return Multiply(**product, plain, {normalised.data()}, 0, 1);
  }

 private:
  std::vector<std::vector<float>> Multiply(const KernelHarness& kernel, const MatmulSpec& spec,
                                           std::vector<const void*> operands, int64_t first_row,
                                           int64_t parts) const {
    for (const AlignedBytes& weight : packed_) operands.push_back(weight.data());
    if (spec.epilogue == MatmulEpilogue::kAddResidual)
      operands.push_back(residual_.data() + first_row * spec.columns[0]);
    std::vector<std::vector<float>> outputs(
        spec.epilogue == MatmulEpilogue::kSwiGlu ? 1 : spec.columns.size());
    for (size_t i = 0; i < outputs.size(); ++i) {
      outputs[i].resize(static_cast<size_t>((rows_ - first_row) * spec.columns[i]));
      operands.push_back(outputs[i].data());
    }
    kernel.Run(operands, {rows_ - first_row}, MatmulItems(spec), parts, MatmulScratchBytes(spec));
    return outputs;
  }

  MatmulSpec spec_;
  int64_t rows_;
  NormWeight norm_;
  std::vector<float> x_, residual_;
  std::vector<AlignedBytes> packed_;
};

// The same bits from one kernel as from two, for any number of rows in any split.
void CheckSpec(MatmulSpec spec, const RmsNormSpec& norm, int64_t max_rows) {
  spec.norm = norm;
  spec.norm->width = spec.inner;
  const Products products(spec, max_rows);
  for (const CpuLevel& level : RunnableLevels()) {
    SCOPED_TRACE(absl::StrCat(level.name, " ", LayoutName(spec.format), " k=", spec.inner,
                              spec.rounds_x ? " rounds x" : ""));
    LATHE_ASSERT_OK_AND_ASSIGN(
        auto kernel, KernelHarness::Make("fused", level,
                                         [&](KernelBuilder& b) { EmitMatmul(b, "fused", spec); }));
    const std::vector<std::vector<float>> apart = products.Apart(level);
    for (int64_t rows : {int64_t{1}, int64_t{5}, max_rows}) {
      const std::vector<std::vector<float>> fused = products.Fused(*kernel, rows, 1 + rows % 3);
      ASSERT_EQ(fused.size(), apart.size());
      for (size_t i = 0; i < fused.size(); ++i) {
        const size_t behind = apart[i].size() - fused[i].size();
        EXPECT_EQ(std::memcmp(fused[i].data(), apart[i].data() + behind, fused[i].size() * 4), 0)
            << "output " << i << " of " << rows << " rows";
      }
    }
  }
}

// Rows that end inside a vector, a pair and a group.
TEST(RmsNorm, InFrontOfAProductHasTheBitsOfItsOwnKernel) {
  for (WeightFormat format : kAllWeightFormats) {
    MatmulSpec spec{.inner = 77, .format = format, .columns = {20, 16}};
    CheckSpec(spec, {.eps = 1e-6f}, 7);
    if (format != WeightFormat::kBF16Pairs) continue;
    spec.rounds_x = true;
    CheckSpec(spec, {.eps = 1e-6f}, 7);
  }
}

// More rows than a worker prepares at once.
TEST(RmsNorm, InFrontOfAProductOfManyRows) {
  for (bool rounds_x : {false, true}) {
    CheckSpec({.inner = 40, .columns = {33}, .rounds_x = rounds_x}, {.eps = 1e-5f}, 203);
  }
  CheckSpec({.inner = 40, .format = WeightFormat::kInt8Group32, .columns = {33}}, {.eps = 1e-5f},
            203);
}

TEST(RmsNorm, InFrontOfAProductWithAnEpilogue) {
  for (bool rounds_x : {false, true}) {
    CheckSpec({.inner = 48,
               .columns = {48, 48},
               .rounds_x = rounds_x,
               .epilogue = MatmulEpilogue::kSwiGlu},
              {.eps = 1e-6f, .offset = 1, .storage = Storage::kBF16}, 9);
    CheckSpec({.inner = 48,
               .columns = {40},
               .rounds_x = rounds_x,
               .epilogue = MatmulEpilogue::kAddResidual},
              {.eps = 1e-6f, .storage = Storage::kBF16}, 9);
  }
}

}  // namespace
}  // namespace lathe
