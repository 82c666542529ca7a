#include "compiler/lower/head_epilogue.h"

#include "absl/strings/str_cat.h"
#include "compiler/codegen/cpu/cpu_codegen.h"
#include "compiler/emit/pack_weights.h"
#include "compiler/emit/quantize_weights.h"
#include "test/support/compiler/kernel_harness.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::AlignedBytes;
using ::lathe::testing::KernelHarness;
using ::lathe::testing::RandomFloats;
using ::lathe::testing::RunnableLevels;
using ::lathe::testing::ToBF16;

constexpr int64_t kInner = 70, kMaxRows = 100, kMaxPages = 3, kPages = 7, kSequences = 2;

// Query, key and value of one attention layer.
struct Layer {
  WeightFormat format = WeightFormat::kBF16Pairs;
  bool rounds_x = false;
  bool has_bias = false;
  bool has_norm = true;
  int64_t head_dim = 32;
  int64_t rotary = 0;  // 0: keys and queries are not rotated
  int64_t heads = 4, kv_heads = 2;
  Storage cache = Storage::kBF16;
};

// Operands of the steps, the same for both ways: behind those of the products when fused.
struct StepOperands {
  int query_norm, key_norm, cos, sin, pool, page_table, positions, row_sequence, query;

  static StepOperands From(int first) {
    return {first,     first + 1, first + 2, first + 3, first + 4,
            first + 5, first + 6, first + 7, first + 8};
  }
};

class Problem {
 public:
  explicit Problem(const Layer& layer) : layer_(layer) {
    x_ = RandomFloats(kMaxRows * kInner, 1);
    for (int64_t i = 0; i < 3; ++i) {
      const auto seed = static_cast<uint32_t>(i);
      const std::vector<uint16_t> bits = ToBF16(RandomFloats(Columns(i) * kInner, 10 + seed));
      const TensorView view{DType::kBF16,
                            {Columns(i), kInner},
                            {reinterpret_cast<const char*>(bits.data()), bits.size() * 2}};
      weights_.emplace_back(PackedWeightBytes(layer.format, Columns(i), kInner));
      if (QuantOf(layer.format)) {
        LATHE_EXPECT_OK(QuantizeWeight(view, layer.format, 1, weights_.back().span()).status());
      } else {
        LATHE_EXPECT_OK(PackWeight(view, layer.format, 1, weights_.back().span()));
      }
      biases_.push_back(RandomFloats(Columns(i), 20 + seed));
    }
    for (uint32_t seed : {30u, 31u}) norms_.push_back(RandomFloats(layer.head_dim, seed));
    const int64_t angles = std::max<int64_t>(1, layer.rotary / 2);
    for (uint32_t seed : {40u, 41u}) angles_.push_back(RandomFloats(kMaxRows * angles, seed));
    for (int32_t row = 0; row < kMaxRows; ++row) {
      row_sequence_.push_back(row % kSequences);
      positions_.push_back(row / kSequences + 31);
    }
  }

  int64_t Columns(int64_t segment) const {
    return (segment == 0 ? layer_.heads : layer_.kv_heads) * layer_.head_dim;
  }
  MatmulSpec Products() const {
    return {.inner = kInner,
            .format = layer_.format,
            .columns = {Columns(0), Columns(1), Columns(2)},
            .bias = layer_.has_bias ? std::optional(Storage::kF32) : std::nullopt,
            .rounds_x = layer_.rounds_x};
  }
  MatmulSpec Fused() const {
    MatmulSpec spec = Products();
    const StepOperands at = StepOperands::From(static_cast<int>(EpilogueOperand(spec)));
    spec.epilogue = MatmulEpilogue::kHeadSteps;
    spec.head_steps.resize(3);
    for (size_t i = 0; i < 3; ++i)
      AddSteps(spec.head_steps[i], i, spec.head_steps[i].Input(layer_.head_dim), at);
    return spec;
  }
  // Of rows that lie in operands 0 to 2.
  RowProgram Separate() const {
    RowProgram p;
    for (int i = 0; i < 3; ++i) {
      int x = p.Load({.operand = i, .width = Columns(i)});
      AddSteps(p, static_cast<size_t>(i), x, StepOperands::From(3));
    }
    return p;
  }

  // The stored queries, then the pool.
  using Result = std::pair<std::vector<float>, std::vector<char>>;

  Result RunSeparate(const KernelHarness& products, const KernelHarness& rows, int64_t first,
                     int64_t count) const {
    std::vector<std::vector<float>> qkv;
    std::vector<const void*> operands = ProductOperands(first);
    std::vector<const void*> row_operands;
    for (int64_t i = 0; i < 3; ++i) qkv.emplace_back(count * Columns(i));
    for (std::vector<float>& values : qkv) {
      operands.push_back(values.data());
      row_operands.push_back(values.data());
    }
    const MatmulSpec spec = Products();
    products.Run(operands, {count}, MatmulItems(spec), 1, MatmulScratchBytes(spec));
    Result result = EmptyResult(count);
    AppendStepOperands(row_operands, first, result);
    rows.Run(row_operands, {count, kMaxPages}, count, 1, RowwiseScratchBytes(Separate()));
    return result;
  }

  Result RunFused(const KernelHarness& fused, int64_t first, int64_t count, int64_t parts) const {
    const MatmulSpec spec = Fused();
    std::vector<const void*> operands = ProductOperands(first);
    Result result = EmptyResult(count);
    AppendStepOperands(operands, first, result);
    fused.Run(operands, {count, kMaxPages}, MatmulItems(spec), parts, MatmulScratchBytes(spec));
    return result;
  }

 private:
  int64_t CachePartBytes() const { return Columns(1) * kPageTokens * ByteSize(layer_.cache); }

  void AddSteps(RowProgram& p, size_t segment, int x, const StepOperands& at) const {
    const RowCache cache{.pool = at.pool,
                         .page_table = at.page_table,
                         .positions = at.positions,
                         .row_sequence = at.row_sequence,
                         .layout = {layer_.kv_heads, layer_.head_dim, layer_.cache,
                                    2 * CachePartBytes(), CachePartBytes()}};
    if (segment == 2) return p.ValueWrite(x, cache);
    if (layer_.has_norm) {
      x = p.RmsNorm(x, {.weight = segment == 0 ? at.query_norm : at.key_norm,
                        .group = layer_.head_dim,
                        .eps = 1e-6f});
    }
    if (layer_.rotary > 0) {
      x = p.Rope(
          x, {.cos = at.cos, .sin = at.sin, .head_dim = layer_.head_dim, .rotary = layer_.rotary});
    }
    if (segment == 0) return p.Store(x, at.query);
    p.KeyWrite(x, cache);
  }

  std::vector<const void*> ProductOperands(int64_t first) const {
    std::vector<const void*> operands = {x_.data() + first * kInner};
    for (size_t i = 0; i < 3; ++i) {
      operands.push_back(weights_[i].data());
      if (layer_.has_bias) operands.push_back(biases_[i].data());
    }
    return operands;
  }

  Result EmptyResult(int64_t rows) const {
    // One value more than the result: nothing may be written behind it.
    return {std::vector<float>(rows * Columns(0) + 1, 77.0f),
            std::vector<char>(kPages * 2 * CachePartBytes(), 0x55)};
  }

  void AppendStepOperands(std::vector<const void*>& operands, int64_t first, Result& result) const {
    for (const std::vector<float>& norm : norms_) operands.push_back(norm.data());
    for (const std::vector<float>& angles : angles_)
      operands.push_back(angles.data() + first * (layer_.rotary / 2));
    operands.push_back(result.second.data());
    operands.push_back(page_table_.data());
    operands.push_back(positions_.data() + first);
    operands.push_back(row_sequence_.data() + first);
    operands.push_back(result.first.data());
  }

  Layer layer_;
  std::vector<float> x_;
  std::vector<AlignedBytes> weights_;
  std::vector<std::vector<float>> biases_, norms_, angles_;
  std::vector<int32_t> positions_, row_sequence_;
  std::vector<int32_t> page_table_ = {3, 0, 6, 1, 5, 2};
};

// Fused and separate kernels write the same bits, for any rows in any split.
void CheckLayer(const Layer& layer) {
  const Problem problem(layer);
  const MatmulSpec fused_spec = problem.Fused();
  for (const CpuLevel& level : RunnableLevels()) {
    SCOPED_TRACE(absl::StrCat(level.name, " ", LayoutName(layer.format), " ", layer.head_dim));
    auto make = [&](const std::function<void(KernelBuilder&)>& emit) {
      return KernelHarness::Make("k", level, emit);
    };
    LATHE_ASSERT_OK_AND_ASSIGN(
        auto products, make([&](KernelBuilder& b) { EmitMatmul(b, "k", problem.Products()); }));
    LATHE_ASSERT_OK_AND_ASSIGN(
        auto rows, make([&](KernelBuilder& b) { EmitRowwise(b, "k", problem.Separate()); }));
    LATHE_ASSERT_OK_AND_ASSIGN(auto fused,
                               make([&](KernelBuilder& b) { EmitMatmul(b, "k", fused_spec); }));
    for (int64_t count : {int64_t{1}, int64_t{5}, kMaxRows}) {
      SCOPED_TRACE(absl::StrCat(count, " rows"));
      const int64_t first = kMaxRows - count;
      const Problem::Result expected = problem.RunSeparate(*products, *rows, first, count);
      for (int64_t parts : {int64_t{1}, int64_t{3}, MatmulItems(fused_spec)}) {
        const Problem::Result result = problem.RunFused(*fused, first, count, parts);
        EXPECT_TRUE(result.first == expected.first) << "queries, " << parts << " parts";
        EXPECT_TRUE(result.second == expected.second) << "pages, " << parts << " parts";
      }
      EXPECT_EQ(expected.first.back(), 77.0f);
      EXPECT_NE(expected.first.front(), 77.0f);
    }
  }
}

TEST(HeadEpilogue, EveryFormatGivesTheBitsOfSeparateKernels) {
  for (WeightFormat format : kAllWeightFormats) CheckLayer({.format = format, .rotary = 32});
}
TEST(HeadEpilogue, RoundedActivations) { CheckLayer({.rounds_x = true, .rotary = 32}); }
TEST(HeadEpilogue, PartialRotaryAndBias) {
  CheckLayer({.has_bias = true, .head_dim = 64, .rotary = 16, .cache = Storage::kF32});
}
TEST(HeadEpilogue, NoNormAndNoRotary) { CheckLayer({.has_norm = false, .head_dim = 128}); }
TEST(HeadEpilogue, WideHeads) { CheckLayer({.head_dim = 256, .rotary = 64}); }
TEST(HeadEpilogue, HeadsOfFiveBlocks) { CheckLayer({.head_dim = 80, .rotary = 80, .heads = 3}); }
// Heads that begin within a block, and an item that holds fewer than others.
TEST(HeadEpilogue, HeadsThatShareBlocks) {
  CheckLayer({.has_bias = true, .head_dim = 20, .rotary = 12, .heads = 5, .kv_heads = 5});
  CheckLayer({.head_dim = 8, .rotary = 8, .heads = 3, .kv_heads = 1});
}

TEST(HeadEpilogue, AnItemHoldsWholeHeads) {
  auto items = [](int64_t head_dim, int64_t heads) {
    MatmulSpec spec{.inner = 8, .columns = {head_dim * heads}};
    spec.epilogue = MatmulEpilogue::kHeadSteps;
    spec.head_steps.resize(1);
    spec.head_steps[0].Store(spec.head_steps[0].Input(head_dim), 2);
    return std::pair(MatmulItemColumns(spec, 0), MatmulItems(spec));
  };
  EXPECT_EQ(items(128, 16), std::pair(int64_t{128}, int64_t{16}));
  EXPECT_EQ(items(80, 3), std::pair(int64_t{80}, int64_t{3}));
  EXPECT_EQ(items(20, 5), std::pair(int64_t{80}, int64_t{2}));
  EXPECT_EQ(items(8, 3), std::pair(int64_t{16}, int64_t{2}));
}

TEST(HeadEpilogueDeathTest, EverySegmentHasStepsOfWholeHeads) {
  const CpuLevel level = RunnableLevels().front();
  auto emit = [&](int64_t columns, size_t programs) {
    MatmulSpec spec{.inner = 8, .columns = {columns}};
    spec.epilogue = MatmulEpilogue::kHeadSteps;
    spec.head_steps.resize(programs);
    for (RowProgram& steps : spec.head_steps) steps.Store(steps.Input(32), 2);
    EmitKernel("k", level, [&](KernelBuilder& b) { EmitMatmul(b, "k", spec); });
  };
  EXPECT_DEATH(emit(64, 0), "C5");
  EXPECT_DEATH(emit(64, 2), "C5");
  EXPECT_DEATH(emit(48, 1), "C5");
}

}  // namespace
}  // namespace lathe
