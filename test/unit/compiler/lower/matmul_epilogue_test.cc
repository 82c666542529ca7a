#include "compiler/lower/matmul_epilogue.h"

#include <cmath>

#include "test/support/compiler/kernel_harness.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::KernelHarness;
using ::lathe::testing::RandomFloats;
using ::lathe::testing::RunnableLevels;

constexpr int64_t kTileRows = 2, kFirstRow = 1, kColumns = 37;
constexpr int64_t kBlocks = (kColumns + kLanes - 1) / kLanes;

// A kernel that takes sums from its operand `sums` ([block][row][source] of 16) instead of from a
// product, and ends them as tiles of two rows and one block, for rows 1 and 2 of the call.
void EmitEnd(KernelBuilder& b, const MatmulSpec& spec, int64_t first_matrix, int64_t sums) {
  std::unique_ptr<EpilogueEmitter> epilogue = MakeEpilogue(b, spec);
  const int64_t sources = MatmulSources(spec);
  b.Kernel("end", [&](const KernelArgs& args) {
    const SegmentShare share{first_matrix, b.Index(kFirstRow), b.Index(kTileRows),
                             args.begin,   args.end,           args.scratch};
    epilogue->EmitSegment(
        args, share,
        [&](mlir::ValueRange carried, mlir::Value row, mlir::Value, mlir::Value first,
            mlir::Value last) {
          auto end_tile = [&](mlir::Value block, bool is_partial) {
            const int64_t vectors = kTileRows * sources;
            mlir::Value from = b.At(b.Operand(args, sums), block, vectors * kLanes * 4);
            Values values;
            for (int64_t i = 0; i < vectors; ++i)
              values.push_back(b.LoadVector(Storage::kF32, b.At(from, i * kLanes * 4)));
            epilogue->Finish({kTileRows, 1, sources}, is_partial,
                             epilogue->AtTile(carried, row, block), values);
          };
          mlir::Value whole = b.Min(last, b.Index(kColumns / kLanes));
          b.For(first, whole, 1, [&](mlir::Value block) { end_tile(block, false); });
          b.For(b.Max(first, whole), last, 1, [&](mlir::Value block) { end_tile(block, true); });
        });
  });
}

struct Operands {
  std::vector<float> bias0 = RandomFloats(kColumns, 1), bias1 = RandomFloats(kColumns, 2);
  std::vector<float> residual = RandomFloats((kFirstRow + kTileRows) * kColumns, 3);
  std::vector<float> sums = RandomFloats(kBlocks * kTileRows * 2 * kLanes, 4);

  float Sum(int64_t sources, int64_t source, int64_t row, int64_t column) const {
    const int64_t block = column / kLanes;
    return sums[((block * kTileRows + row) * sources + source) * kLanes + column % kLanes];
  }
};

// Items [begin, end) of the segment change what `expected` says and nothing else.
void CheckEnd(const MatmulSpec& spec, int64_t first_matrix, std::vector<const void*> operands,
              int64_t output, const Operands& from, std::pair<int64_t, int64_t> items,
              const std::function<float(int64_t row, int64_t column)>& expected) {
  operands.push_back(from.sums.data());
  const auto sums = static_cast<int64_t>(operands.size()) - 1;
  for (const CpuLevel& level : RunnableLevels()) {
    SCOPED_TRACE(level.name);
    LATHE_ASSERT_OK_AND_ASSIGN(auto kernel,
                               KernelHarness::Make("end", level, [&](KernelBuilder& b) {
                                 EmitEnd(b, spec, first_matrix, sums);
                               }));
    std::vector<float> out((kFirstRow + kTileRows + 1) * kColumns, 77.0f);
    operands[output] = out.data();
    kernel->function()(const_cast<void* const*>(operands.data()), nullptr, items.first,
                       items.second, nullptr);
    for (size_t i = 0; i < out.size(); ++i) {
      const auto row = static_cast<int64_t>(i) / kColumns - kFirstRow;
      const auto column = static_cast<int64_t>(i) % kColumns;
      const bool is_written = row >= 0 && row < kTileRows &&
                              column >= items.first * kMatmulItemColumns &&
                              column < items.second * kMatmulItemColumns;
      if (is_written) {
        EXPECT_NEAR(out[i], expected(row, column), 1e-6f) << row << " " << column;
      } else {
        EXPECT_EQ(out[i], 77.0f) << "element " << i;
      }
    }
  }
}

TEST(MatmulEpilogue, StoresEachSegmentWithItsBias) {
  const MatmulSpec spec{.inner = 8, .columns = {kColumns, kColumns}, .bias = Storage::kF32};
  const Operands from;
  const std::vector<const void*> operands = {
      nullptr, nullptr, from.bias0.data(), nullptr, from.bias1.data(), nullptr, nullptr};
  for (auto items : {std::pair<int64_t, int64_t>{0, 2}, {0, 1}, {1, 2}}) {
    CheckEnd(spec, 0, operands, 5, from, items, [&](int64_t row, int64_t column) {
      return from.Sum(1, 0, row, column) + from.bias0[column];
    });
    CheckEnd(spec, 1, operands, 6, from, items, [&](int64_t row, int64_t column) {
      return from.Sum(1, 0, row, column) + from.bias1[column];
    });
  }
}

TEST(MatmulEpilogue, AddsTheResidualOfTheSameElement) {
  const MatmulSpec spec{
      .inner = 8, .columns = {kColumns}, .epilogue = MatmulEpilogue::kAddResidual};
  const Operands from;
  CheckEnd(spec, 0, {nullptr, nullptr, from.residual.data(), nullptr}, 3, from, {0, 2},
           [&](int64_t row, int64_t column) {
             return from.residual[(kFirstRow + row) * kColumns + column] +
                    from.Sum(1, 0, row, column);
           });
}

TEST(MatmulEpilogue, SwiGluTakesBothSourcesOfATile) {
  const MatmulSpec spec{.inner = 8,
                        .columns = {kColumns, kColumns},
                        .bias = Storage::kF32,
                        .epilogue = MatmulEpilogue::kSwiGlu,
                        .limit = 0.25f};
  const Operands from;
  CheckEnd(spec, 0, {nullptr, nullptr, from.bias0.data(), nullptr, from.bias1.data(), nullptr}, 5,
           from, {0, 2}, [&](int64_t row, int64_t column) {
             const float gate = from.Sum(2, 0, row, column) + from.bias0[column];
             const float up = from.Sum(2, 1, row, column) + from.bias1[column];
             return std::min(gate / (1 + std::exp(-gate)), 0.25f) * std::clamp(up, -0.25f, 0.25f);
           });
}

}  // namespace
}  // namespace lathe
