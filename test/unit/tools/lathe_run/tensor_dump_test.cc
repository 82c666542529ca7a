#include "tools/lathe_run/tensor_dump.h"

#include "frontend/checkpoint/safetensors.h"
#include "test/support/data.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Outputs of three layer inputs with two columns, for steps whose rows are numbered.
class FakeOutputs : public StepRunner {
 public:
  absl::Status Run(const StepInput&, absl::Span<const KvCache>) override {
    return absl::OkStatus();
  }
  absl::Span<const float> Output(absl::string_view name) const override {
    for (size_t layer = 0; layer < layers.size(); ++layer) {
      if (name == "layer_inputs." + std::to_string(layer)) return layers[layer];
    }
    return {};
  }
  std::vector<std::vector<float>> layers;
};

TEST(TensorDumpTest, TheProbeKeepsThePromptsRowsAlone) {
  FakeOutputs runner;
  PromptProbe probe(3);
  auto step = [&](int64_t first_row, int64_t num_rows, int64_t first_position, int64_t step_rows) {
    runner.layers.assign(2, {});
    for (int64_t row = 0; row < step_rows; ++row) {
      for (float layer : {0.0f, 1.0f}) {
        runner.layers[static_cast<size_t>(layer)].push_back(
            static_cast<float>(10 * step_rows + row));
        runner.layers[static_cast<size_t>(layer)].push_back(layer);
      }
    }
    probe.OnStep({.first_row = first_row,
                  .num_rows = num_rows,
                  .first_position = first_position,
                  .step_rows = step_rows,
                  .runner = runner,
                  .caches = {},
                  .pages = {}});
  };
  step(1, 2, 0, 4);
  step(0, 1, 2, 1);
  step(0, 1, 3, 1);  // a decode step
  LATHE_ASSERT_OK_AND_ASSIGN(std::vector<NamedTensor> tensors, std::move(probe).Take());
  ASSERT_EQ(tensors.size(), 1);
  EXPECT_EQ(tensors[0].name, "layer_inputs");
  EXPECT_THAT(tensors[0].shape, ElementsAre(2, 3, 2));
  EXPECT_THAT(tensors[0].values, ElementsAre(41, 0, 42, 0, 10, 0, 41, 1, 42, 1, 10, 1));
}

TEST(TensorDumpTest, AModelWithoutProbesGivesNothing) {
  FakeOutputs runner;
  PromptProbe probe(1);
  probe.OnStep({.first_row = 0,
                .num_rows = 1,
                .first_position = 0,
                .step_rows = 1,
                .runner = runner,
                .caches = {},
                .pages = {}});
  LATHE_ASSERT_OK_AND_ASSIGN(std::vector<NamedTensor> tensors, std::move(probe).Take());
  EXPECT_TRUE(tensors.empty());
}

TEST(TensorDumpTest, TensorsAreWrittenWhole) {
  std::string path = testing::TempDir() + "/dump.safetensors";
  LATHE_ASSERT_OK(WriteTensors({{"a", {1, 2}, {1.5f, -2}}, {"none", {0, 2}, {}}}, path));
  LATHE_ASSERT_OK_AND_ASSIGN(auto file, SafetensorsFile::Open(path));
  const TensorView* a = file.Find("a");
  ASSERT_NE(a, nullptr);
  EXPECT_THAT(a->shape, ElementsAre(1, 2));
  EXPECT_EQ(a->bytes, absl::string_view("\0\0\xc0\x3f\0\0\0\xc0", 8));
  EXPECT_EQ(file.Find("none"), nullptr);
  EXPECT_THAT(WriteTensors({}, "/nowhere/dump.safetensors"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("/nowhere")));
}

}  // namespace
}  // namespace lathe
