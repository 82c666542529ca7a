// Each step against transformers' processors: test/data/sampling/vectors.json, made by
// tools/dev/make_sampling_vectors.py.
#include <map>
#include <vector>

#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "ops/sampling/source/sample_row.h"
#include "test/support/data.h"

namespace lathe::sampling {
namespace {

using nlohmann::json;

IdList ListOf(const std::vector<int32_t>& ids) {
  return {ids.data(), static_cast<int32_t>(ids.size())};
}

// Ids with numbers, as a list of the source.
struct Pairs {
  void Add(int32_t id, float value) {
    ids.push_back(id);
    values.push_back(value);
  }
  ValueList list() const { return {ids.data(), values.data(), static_cast<int32_t>(ids.size())}; }

  std::vector<int32_t> ids;
  std::vector<float> values;
};

// The settings and the history of a case as the source takes them.
struct Row {
  explicit Row(const json& test) {
    const json& from = test["settings"];
    const auto output = test["output"].get<std::vector<int32_t>>();
    allowed = from.value("allowed", allowed);
    forbidden = from.value("forbidden", forbidden);
    // Stop ids are forbidden as long as the text may not end.
    if (output.size() < from.value("min_tokens", size_t{0})) {
      for (int32_t id : from.value("stops", std::vector<int32_t>())) forbidden.push_back(id);
    }
    for (const json& pair : from.value("bias", json::array()))
      biases.Add(pair[0].get<int32_t>(), pair[1].get<float>());
    std::map<int32_t, int> counts;
    for (int32_t id : test["prompt"].get<std::vector<int32_t>>()) counts[id] += 0;
    for (int32_t id : output) counts[id] += 1;
    for (const auto& [id, count] : counts) used.Add(id, static_cast<float>(count));
    processing = {.allowed = ListOf(allowed),
                  .forbidden = ListOf(forbidden),
                  .biases = biases.list(),
                  .used = used.list(),
                  .repetition_penalty = from.value("repetition_penalty", 1.0f),
                  .frequency_penalty = from.value("frequency_penalty", 0.0f),
                  .presence_penalty = from.value("presence_penalty", 0.0f)};
    chance = {.temperature = from.value("temperature", 1.0f),
              .top_k = from.value("top_k", 0),
              .top_p = from.value("top_p", 1.0f),
              .min_p = from.value("min_p", 0.0f)};
  }
  Row(const Row&) = delete;

  std::vector<int32_t> allowed = {};
  std::vector<int32_t> forbidden = {};
  Pairs biases;
  Pairs used;
  Processing processing;
  Chance chance;
};

void ExpectAsTransformers(const json& test) {
  const Row row(test);
  const auto logits = test["logits"].get<std::vector<float>>();
  const auto n = static_cast<int32_t>(logits.size());
  std::vector<float> scores(logits.size());
  ASSERT_EQ(Process(row.processing, logits.data(), n, scores.data()), -1);
  for (size_t id = 0; id < logits.size(); ++id) {
    scores[id] /= row.chance.temperature;
    if (test["scores"][id].is_null()) {
      EXPECT_EQ(scores[id], -kInfinity) << "score of id " << id;
    } else {
      EXPECT_FLOAT_EQ(scores[id], test["scores"][id].get<float>()) << "score of id " << id;
    }
  }

  std::vector<Candidate> kept(logits.size());
  kept.resize(
      static_cast<size_t>(Filter(scores.data(), n, Largest(scores.data(), n), row.chance.top_k,
                                 row.chance.top_p, row.chance.min_p, kept.data())));
  std::vector<int32_t> ids;
  for (const Candidate& each : kept) ids.push_back(each.id);
  ASSERT_EQ(ids, test["kept"].get<std::vector<int32_t>>());
  const auto total =
      static_cast<double>(TotalWeight(kept.data(), static_cast<int32_t>(kept.size())));
  for (size_t i = 0; i < kept.size(); ++i) {
    EXPECT_NEAR(static_cast<double>(kept[i].weight) / total, test["probabilities"][i].get<double>(),
                1e-6)
        << "id " << ids[i];
  }
}

TEST(VectorsTest, EveryStepEqualsTransformers) {
  const json root = json::parse(
      testing::ReadFileOrDie(testing::SourcePath("test/data/sampling/vectors.json")), nullptr,
      /*allow_exceptions=*/false);
  ASSERT_FALSE(root.is_discarded());
  ASSERT_GE(root["cases"].size(), 80u);
  size_t index = 0;
  for (const json& test : root["cases"]) {
    SCOPED_TRACE(::testing::Message() << "case " << index++ << ": " << test["settings"].dump());
    ExpectAsTransformers(test);
  }
}

}  // namespace
}  // namespace lathe::sampling
