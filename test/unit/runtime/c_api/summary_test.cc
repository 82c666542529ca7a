#include "runtime/c_api/summary.h"

#include "nlohmann/json.hpp"
#include "test/support/status_matchers.h"
#include "test/support/toy_model.h"

namespace lathe::c_api {
namespace {

void AddWeight(artifact::Manifest& manifest, artifact::DType dtype, const std::string& layout,
               std::vector<int64_t> shape, uint64_t size) {
  artifact::Weight* weight = manifest.add_weights();
  weight->set_dtype(dtype);
  weight->set_layout(layout);
  for (int64_t extent : shape) weight->add_shape(extent);
  weight->set_size(size);
}

TEST(SummaryTest, MostBytesNameTheFormat) {
  artifact::Manifest manifest;
  EXPECT_EQ(WeightFormat(manifest), "");
  AddWeight(manifest, artifact::BF16, "rows", {10, 8}, 160);
  EXPECT_EQ(WeightFormat(manifest), "BF16");
  AddWeight(manifest, artifact::U8, "q4g32n16", {10, 8}, 100);
  AddWeight(manifest, artifact::U8, "q4g32n16", {10, 8}, 100);
  EXPECT_EQ(WeightFormat(manifest), "int4, groups of 32");
}

TEST(SummaryTest, TheHiddenSizeIsTheWidthOfTheEmbedding) {
  artifact::Manifest manifest;
  manifest.set_vocab_size(10);
  AddWeight(manifest, artifact::BF16, "rows", {10}, 20);
  AddWeight(manifest, artifact::BF16, "rows", {16, 8}, 256);
  EXPECT_EQ(HiddenSize(manifest), 0);
  AddWeight(manifest, artifact::BF16, "rows", {10, 8}, 160);
  AddWeight(manifest, artifact::BF16, "k2n16", {10, 8}, 160);
  EXPECT_EQ(HiddenSize(manifest), 8);
  AddWeight(manifest, artifact::BF16, "rows", {10, 4}, 80);
  EXPECT_EQ(HiddenSize(manifest), 0) << "two widths";
}

TEST(SummaryTest, ProbesAreSeen) {
  EXPECT_EQ(NumHiddenStates(testing::ToyManifest({})), testing::kToyLayers + 1);
  EXPECT_EQ(NumHiddenStates(testing::ToyManifest({.has_probes = false})), 0);
  EXPECT_EQ(NumLayers(testing::ToyManifest({})), testing::kToyLayers);
}

TEST(SummaryTest, JsonSaysAllButThePrograms) {
  artifact::Manifest manifest = testing::ToyManifest({});
  manifest.set_model_name("a\"b");
  const std::string path = testing::WriteToyModel({}, manifest);
  LATHE_ASSERT_OK_AND_ASSIGN(Artifact artifact, Artifact::Open(path));
  const auto json = nlohmann::json::parse(SummaryJson(artifact), nullptr, false);
  ASSERT_TRUE(json.is_object());
  EXPECT_EQ(json["model"], "a\"b");
  EXPECT_EQ(json["max_context"], testing::kToyContext);
  EXPECT_EQ(json["layers"], testing::kToyLayers);
  EXPECT_EQ(json["generation"]["stop_ids"], nlohmann::json({257}));
  EXPECT_EQ(json["caches"][0]["kv_heads"], testing::kToyKvHeads);
  EXPECT_EQ(json["caches"][0]["dtype"], "F32");
  EXPECT_EQ(json["entries"][0]["outputs"]["layer_inputs.0"], "[tokens, 3] F32");
  EXPECT_EQ(json["code"][0]["feature_level"], "x86-64-v3");
  EXPECT_EQ(json["weights"]["tensors"], 0);
  EXPECT_EQ(json["file_bytes"], artifact.file_bytes());
}

}  // namespace
}  // namespace lathe::c_api
