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

// The settings of a case as the source takes them.
struct Settings {
  explicit Settings(const json& from)
      : forbidden(from.value("forbidden", std::vector<int32_t>())),
        stops(from.value("stops", std::vector<int32_t>())),
        min_tokens(from.value("min_tokens", size_t{0})) {
    processing.has_allowed = from.contains("allowed");
    if (processing.has_allowed) allowed = from["allowed"].get<std::vector<int32_t>>();
    for (const json& pair : from.value("bias", json::array()))
      biases.push_back({pair[0].get<int32_t>(), pair[1].get<float>()});
    processing.allowed = ListOf(allowed);
    processing.forbidden = ListOf(forbidden);
    processing.stops = ListOf(stops);
    processing.biases = biases.data();
    processing.num_biases = static_cast<int32_t>(biases.size());
    processing.repetition_penalty = from.value("repetition_penalty", 1.0f);
    processing.frequency_penalty = from.value("frequency_penalty", 0.0f);
    processing.presence_penalty = from.value("presence_penalty", 0.0f);
    chance.temperature = from.value("temperature", 1.0f);
    chance.top_k = from.value("top_k", 0);
    chance.top_p = from.value("top_p", 1.0f);
    chance.min_p = from.value("min_p", 0.0f);
  }
  Settings(const Settings&) = delete;

  std::vector<int32_t> allowed;
  std::vector<int32_t> forbidden;
  std::vector<int32_t> stops;
  size_t min_tokens;
  std::vector<Bias> biases;
  Processing processing;
  Chance chance;
};

std::vector<UsedId> Used(const std::vector<int32_t>& prompt, const std::vector<int32_t>& output) {
  std::map<int32_t, int32_t> counts;
  for (int32_t id : prompt) counts[id] += 0;
  for (int32_t id : output) counts[id] += 1;
  std::vector<UsedId> used;
  for (const auto& [id, count] : counts) used.push_back({id, count});
  return used;
}

void ExpectAsTransformers(const json& test) {
  const Settings settings(test["settings"]);
  const auto logits = test["logits"].get<std::vector<float>>();
  const auto output = test["output"].get<std::vector<int32_t>>();
  const std::vector<UsedId> used = Used(test["prompt"].get<std::vector<int32_t>>(), output);
  const History history{used.data(), static_cast<int32_t>(used.size()),
                        output.size() >= settings.min_tokens};
  const auto n = static_cast<int32_t>(logits.size());
  std::vector<float> scores(logits.size());
  ASSERT_EQ(Process(settings.processing, history, logits.data(), n, scores.data()), -1);
  for (size_t id = 0; id < logits.size(); ++id) {
    scores[id] /= settings.chance.temperature;
    if (test["scores"][id].is_null()) {
      EXPECT_EQ(scores[id], -kInfinity) << "score of id " << id;
    } else {
      EXPECT_FLOAT_EQ(scores[id], test["scores"][id].get<float>()) << "score of id " << id;
    }
  }

  std::vector<Candidate> kept(logits.size());
  kept.resize(
      static_cast<size_t>(Filter(scores.data(), n, Largest(scores.data(), n), settings.chance.top_k,
                                 settings.chance.top_p, settings.chance.min_p, kept.data())));
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
