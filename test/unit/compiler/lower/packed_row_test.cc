#include "compiler/lower/packed_row.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "compiler/emit/pack_weights.h"
#include "compiler/emit/quantize_weights.h"
#include "compiler/lower/rowwise.h"
#include "gtest/gtest.h"
#include "test/support/compiler/kernel_harness.h"
#include "test/support/graph/graph.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::KernelHarness;
using ::lathe::testing::RunnableLevels;

constexpr int64_t kTableRows = 35;

// The table as kernels read it, and its values row by row.
struct Table {
  std::string packed;
  std::vector<float> values;
};

Table MakeTable(WeightFormat format, int64_t width) {
  const std::vector<float> numbers =
      testing::RandomFloats(static_cast<size_t>(kTableRows * width), 1);
  const TensorView view{DType::kF32,
                        {kTableRows, width},
                        {reinterpret_cast<const char*>(numbers.data()), numbers.size() * 4}};
  Table table{std::string(static_cast<size_t>(PackedWeightBytes(format, kTableRows, width)), '\0'),
              std::vector<float>(numbers.size())};
  if (QuantOf(format)) {
    LATHE_EXPECT_OK(QuantizeWeight(view, format, 1, absl::MakeSpan(table.packed)));
    UnpackQuantizedWeight(table.packed, format, kTableRows, width, absl::MakeSpan(table.values));
  } else {
    LATHE_EXPECT_OK(PackWeight(view, format, 1, absl::MakeSpan(table.packed)));
    UnpackWeight(table.packed, format, kTableRows, width, absl::MakeSpan(table.values));
  }
  return table;
}

class PackedRowTest : public ::testing::TestWithParam<WeightFormat> {};

TEST_P(PackedRowTest, RowsAreWhatUnpackingGives) {
  const std::vector<int32_t> indices = {0, 15, 16, 34, 1, 17};
  const auto rows = static_cast<int64_t>(indices.size());
  for (int64_t width : {256, 64, 40, 21, 1}) {
    const Table table = MakeTable(GetParam(), width);
    RowProgram program;
    int row = program.Gather(
        {.table = 0, .index = 1, .width = width, .limit = kTableRows, .packed = GetParam()});
    program.Store(program.Scale(row, 1.0f), 2);
    for (const CpuLevel& level : RunnableLevels()) {
      SCOPED_TRACE(absl::StrCat(level.name, ", width ", width));
      LATHE_ASSERT_OK_AND_ASSIGN(
          auto kernel,
          KernelHarness::Make("k", level, [&](KernelBuilder& b) { EmitRowwise(b, "k", program); }));
      std::vector<float> out(static_cast<size_t>(rows * width) + 1, -77.0f);
      kernel->Run({table.packed.data(), indices.data(), out.data()}, {rows}, rows, 2,
                  RowwiseScratchBytes(program));
      for (int64_t r = 0; r < rows; ++r) {
        for (int64_t k = 0; k < width; ++k) {
          ASSERT_EQ(out[static_cast<size_t>(r * width + k)],
                    table.values[static_cast<size_t>(indices[static_cast<size_t>(r)] * width + k)])
              << "row " << r << ", element " << k;
        }
      }
      EXPECT_EQ(out.back(), -77.0f) << "written behind the end";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, PackedRowTest, ::testing::ValuesIn(kAllWeightFormats),
                         [](const auto& param) { return std::string(LayoutName(param.param)); });

}  // namespace
}  // namespace lathe
