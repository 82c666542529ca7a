#include "tools/lathe_run/tensor_dump.h"

#include "frontend/checkpoint/safetensors.h"
#include "test/support/data.h"
#include "test/support/status_matchers.h"
#include "test/support/toy_model.h"

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
  absl::Span<const int32_t> NextIds() const override { return {}; }
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

// A window of 16 tokens over 60: the first pages are long gone when the prompt ends, their rows
// were kept in time.
TEST(TensorDumpTest, StatesBehindAWindowAreKept) {
  artifact::Manifest manifest = testing::ToyManifest({});
  artifact::KvCacheGroup group = manifest.kv_groups(0);
  group.set_page_tokens(16);
  group.set_window(16);
  std::vector<KvCache> caches;
  caches.push_back(KvCache::Create(group, 4).value());
  const KvGroupLayout& layout = caches[0].layout();
  FakeOutputs runner;
  PromptProbe probe(60);
  std::vector<PageList> pages(1);
  for (int64_t position = 0; position < 60; position += 20) {
    caches[0].Recycle(pages[0], position);
    LATHE_ASSERT_OK(caches[0].Extend(pages[0], 20));
    for (int64_t t = position; t < position + 20; ++t) {
      std::byte* page = caches[0].pool().page(pages[0].pages[static_cast<size_t>(t / 16)]);
      for (int64_t head = 0; head < layout.kv_heads; ++head) {
        float* values = reinterpret_cast<float*>(page + layout.layer_bytes + layout.value_offset);
        values[(head * 16 + t % 16) * layout.head_dim] = static_cast<float>(100 * head + t);
      }
    }
    runner.layers.assign(1, std::vector<float>(20, 0.0f));
    probe.OnStep({.first_row = 0,
                  .num_rows = 20,
                  .first_position = position,
                  .step_rows = 20,
                  .runner = runner,
                  .caches = caches,
                  .pages = pages});
  }
  EXPECT_GT(pages[0].num_recycled, 0);
  LATHE_ASSERT_OK_AND_ASSIGN(std::vector<NamedTensor> tensors, std::move(probe).Take());
  ASSERT_EQ(tensors.size(), 5);
  EXPECT_EQ(tensors[3].name, "state.layer1.value");
  EXPECT_THAT(tensors[3].shape, ElementsAre(layout.kv_heads, 60, layout.head_dim));
  for (int64_t row = 0; row < layout.kv_heads * 60; ++row) {
    EXPECT_EQ(tensors[3].values[static_cast<size_t>(row * layout.head_dim)],
              static_cast<float>(100 * (row / 60) + row % 60));
  }
  caches[0].Release(pages[0]);
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
