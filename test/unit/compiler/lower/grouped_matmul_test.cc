// Products whose rows are grouped by expert (compiler/lower/matmul.h): each row has the bits that
// the plain product of its expert's matrix gives it.
#include <random>

#include "compiler/emit/pack_weights.h"
#include "compiler/emit/quantize_weights.h"
#include "compiler/lower/matmul.h"
#include "test/support/compiler/kernel_harness.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::AlignedBytes;
using ::lathe::testing::KernelHarness;
using ::lathe::testing::RandomFloats;
using ::lathe::testing::RunnableLevels;

class Groups {
 public:
  // `sizes`: rows of each expert.
  Groups(MatmulSpec spec, std::vector<int64_t> sizes)
      : spec_(std::move(spec)), sizes_(std::move(sizes)) {
    std::mt19937 random(3);
    int32_t end = 0;
    for (int64_t size : sizes_) {
      for (int64_t i = 0; i < size; ++i) rows_.push_back(static_cast<int32_t>(random() % 40));
      ends_.push_back(end += static_cast<int32_t>(size));
    }
    x_ = RandomFloats(static_cast<size_t>((end + 40) * spec_.inner), 1);
    for (size_t s = 0; s < spec_.columns.size(); ++s) {
      const auto bytes =
          static_cast<size_t>(PackedWeightBytes(spec_.format, spec_.columns[s], spec_.inner));
      weights_.emplace_back(static_cast<int64_t>(bytes * sizes_.size()));
      for (size_t e = 0; e < sizes_.size(); ++e) {
        Pack(spec_.columns[s], static_cast<uint32_t>(100 * s + e),
             weights_.back().span().subspan(e * bytes, bytes));
      }
    }
  }

  int64_t num_rows() const { return ends_.back(); }
  int64_t Width() const { return spec_.columns[0]; }
  bool gathers() const { return spec_.groups->gathers; }

  std::vector<float> Run(const KernelHarness& kernel, int64_t parts) const {
    std::vector<const void*> operands = {x_.data(), ends_.data()};
    if (gathers()) operands.push_back(rows_.data());
    for (const AlignedBytes& weight : weights_) operands.push_back(weight.data());
    std::vector<float> y(static_cast<size_t>(num_rows() * Width()) + 1, 12345.0f);
    operands.push_back(y.data());
    kernel.Run(operands, {num_rows()}, MatmulItems(spec_), parts, MatmulScratchBytes(spec_));
    EXPECT_EQ(y.back(), 12345.0f);
    y.pop_back();
    return y;
  }

  // Row by row with the plain kernel.
  std::vector<float> RunPlain(const KernelHarness& plain, const MatmulSpec& plain_spec) const {
    std::vector<float> y(static_cast<size_t>(num_rows() * Width()));
    size_t expert = 0;
    for (int64_t i = 0; i < num_rows(); ++i) {
      while (i >= ends_[expert]) ++expert;
      const int64_t row = gathers() ? rows_[static_cast<size_t>(i)] : i;
      std::vector<const void*> operands = {x_.data() + row * spec_.inner};
      for (size_t s = 0; s < weights_.size(); ++s) {
        operands.push_back(weights_[s].data() +
                           static_cast<int64_t>(expert) *
                               PackedWeightBytes(spec_.format, spec_.columns[s], spec_.inner));
      }
      operands.push_back(y.data() + i * Width());
      plain.Run(operands, {1}, MatmulItems(plain_spec), 1, MatmulScratchBytes(plain_spec));
    }
    return y;
  }

 private:
  void Pack(int64_t columns, uint32_t seed, absl::Span<char> out) const {
    const std::vector<float> numbers =
        RandomFloats(static_cast<size_t>(columns * spec_.inner), 10 + seed);
    const TensorView view{DType::kF32,
                          {columns, spec_.inner},
                          {reinterpret_cast<const char*>(numbers.data()), numbers.size() * 4}};
    if (QuantOf(spec_.format)) {
      LATHE_EXPECT_OK(QuantizeWeight(view, spec_.format, 1, out).status());
    } else {
      LATHE_EXPECT_OK(PackWeight(view, spec_.format, 1, out));
    }
  }

  MatmulSpec spec_;
  std::vector<int64_t> sizes_;
  std::vector<int32_t> rows_;
  std::vector<int32_t> ends_;
  std::vector<float> x_;
  std::vector<AlignedBytes> weights_;
};

void CheckLevels(const MatmulSpec& spec, const std::vector<int64_t>& sizes) {
  MatmulSpec plain_spec = spec;
  plain_spec.groups = std::nullopt;
  const Groups groups(spec, sizes);
  for (const CpuLevel& level : RunnableLevels()) {
    SCOPED_TRACE(level.name);
    LATHE_ASSERT_OK_AND_ASSIGN(auto kernel,
                               KernelHarness::Make("grouped", level, [&](KernelBuilder& b) {
                                 EmitMatmul(b, "grouped", spec);
                               }));
    LATHE_ASSERT_OK_AND_ASSIGN(auto plain,
                               KernelHarness::Make("plain", level, [&](KernelBuilder& b) {
                                 EmitMatmul(b, "plain", plain_spec);
                               }));
    const std::vector<float> expected = groups.RunPlain(*plain, plain_spec);
    for (int64_t parts : {1, 3}) EXPECT_EQ(groups.Run(*kernel, parts), expected) << parts;
  }
}

MatmulSpec Spec(WeightFormat format, std::vector<int64_t> columns, int64_t experts, bool gathers) {
  MatmulSpec spec{.inner = 70, .format = format, .columns = std::move(columns)};
  spec.groups = {.experts = experts, .gathers = gathers};
  return spec;
}

// Experts without rows at both ends and between, with one, with a few, with more than a piece.
const std::vector<int64_t> kSizes = {0, 1, 5, 0, 130, 17, 0};

TEST(GroupedMatmulTest, RowsMeetTheMatricesOfTheirExperts) {
  const std::pair<WeightFormat, bool> cases[] = {{WeightFormat::kBF16Pairs, true},
                                                 {WeightFormat::kF32, false},
                                                 {WeightFormat::kInt8Group32, true},
                                                 {WeightFormat::kInt4Group32, false}};
  for (const auto& [format, gathers] : cases) {
    SCOPED_TRACE(std::string(LayoutName(format)) + (gathers ? ", gathered" : ""));
    CheckLevels(Spec(format, {52}, 7, gathers), kSizes);
  }
}

TEST(GroupedMatmulTest, GateAndUpMeetInTheSwiglu) {
  for (WeightFormat format : {WeightFormat::kBF16Pairs, WeightFormat::kInt8Group32}) {
    MatmulSpec spec = Spec(format, {40, 40}, 7, /*gathers=*/true);
    spec.epilogue = MatmulEpilogue::kSwiGlu;
    spec.limit = 0.5f;
    CheckLevels(spec, kSizes);
  }
}

TEST(GroupedMatmulTest, DotProductsOfRoundedRows) {
  MatmulSpec spec = Spec(WeightFormat::kBF16Pairs, {52}, 7, /*gathers=*/true);
  spec.rounds_x = true;
  CheckLevels(spec, kSizes);
}

TEST(GroupedMatmulTest, NobodyChoseAnything) {
  CheckLevels(Spec(WeightFormat::kF32, {20}, 3, /*gathers=*/true), {0, 0, 0});
}

TEST(GroupedMatmulDeathTest, GroupsGoWithNothingThatIsPerMatrix) {
  MatmulSpec spec = Spec(WeightFormat::kF32, {20}, 3, /*gathers=*/false);
  spec.bias = Storage::kF32;
  EXPECT_DEATH(CheckLevels(spec, {1, 0, 0}), "C7");
}

}  // namespace
}  // namespace lathe
