#include "compiler/lower/moe.h"

#include <random>

#include "ops/moe/moe_reference.h"
#include "test/support/compiler/kernel_harness.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::KernelHarness;
using ::lathe::testing::RandomFloats;
using ::lathe::testing::RunnableLevels;

HostTensor Random(std::vector<int64_t> shape, uint32_t seed) {
  HostTensor tensor(DType::kF32, std::move(shape));
  const std::vector<float> values = RandomFloats(tensor.floats().size(), seed);
  std::copy(values.begin(), values.end(), tensor.floats().begin());
  return tensor;
}

// Few different scores, so that ties are everywhere, and some that are no numbers.
HostTensor Scores(int64_t rows, int64_t experts) {
  std::mt19937 random(4);
  HostTensor scores(DType::kF32, {rows, experts});
  for (float& score : scores.floats()) score = static_cast<float>(random() % 9) / 2 - 2;
  scores.floats()[3] = std::numeric_limits<float>::quiet_NaN();
  return scores;
}

template <typename T>
std::vector<T> Copy(absl::Span<const T> span) {
  return {span.begin(), span.end()};
}

void CheckRoute(const MoeRouteSpec& spec) {
  const int64_t rows = 37;
  const int64_t experts = spec.routing.num_experts;
  const HostTensor scores = Scores(rows, experts);
  const HostTensor bias = Random({experts}, 5);
  const MoeRoutes expected =
      MoeRouteReference(scores, spec.has_bias ? &bias : nullptr, spec.routing);
  for (const CpuLevel& level : RunnableLevels()) {
    LATHE_ASSERT_OK_AND_ASSIGN(auto kernel,
                               KernelHarness::Make("route", level, [&](KernelBuilder& b) {
                                 EmitMoeRoute(b, "route", spec);
                               }));
    HostTensor ids(DType::kI32, {rows, spec.routing.top_k});
    HostTensor weights(DType::kF32, {rows, spec.routing.top_k});
    std::vector<const void*> operands = {scores.floats().data()};
    if (spec.has_bias) operands.push_back(bias.floats().data());
    operands.push_back(ids.ints().data());
    operands.push_back(weights.floats().data());
    kernel->Run(operands, {rows}, rows, /*parts=*/3, MoeRouteScratchBytes(spec));
    EXPECT_EQ(ids.ints(), expected.experts.ints()) << level.name;
    for (int64_t i = spec.routing.top_k; i < weights.num_elements(); ++i)
      EXPECT_EQ(weights.floats()[i], expected.weights.floats()[i]) << level.name << ", " << i;
  }
}

TEST(MoeRouteTest, TheVeryExpertsAndWeightsOfTheReference) {
  CheckRoute({.routing = {.num_experts = 128, .top_k = 8, .normalize = true}});
  CheckRoute({.routing = {.num_experts = 5, .top_k = 5}});
  CheckRoute({.routing = {.num_experts = 288,
                          .top_k = 8,
                          .score = moe::Score::kSigmoid,
                          .normalize = true,
                          .scale = 3},
              .has_bias = true});
}

TEST(MoeDispatchTest, TheOrderOfTheReference) {
  std::mt19937 random(6);
  for (int64_t rows : {0, 1, 7, 200}) {
    HostTensor experts(DType::kI32, {rows, 3});
    for (int32_t& expert : experts.ints()) expert = static_cast<int32_t>(random() % 11);
    LATHE_ASSERT_OK_AND_ASSIGN(const MoeOrder expected, MoeDispatchReference(experts, 11));
    for (const CpuLevel& level : RunnableLevels()) {
      LATHE_ASSERT_OK_AND_ASSIGN(auto kernel,
                                 KernelHarness::Make("dispatch", level, [](KernelBuilder& b) {
                                   EmitMoeDispatch(b, "dispatch", {.num_experts = 11, .top_k = 3});
                                 }));
      std::vector<int32_t> order(static_cast<size_t>(rows) * 3 + 1, 77);
      std::vector<int32_t> places = order;
      std::vector<int32_t> ends(12, 77);
      kernel->Run({experts.ints().data(), order.data(), places.data(), ends.data()}, {rows}, 1);
      EXPECT_EQ(order.back(), 77);
      EXPECT_EQ(places.back(), 77);
      EXPECT_EQ(ends.back(), 77);
      order.pop_back();
      places.pop_back();
      ends.pop_back();
      EXPECT_EQ(order, Copy<int32_t>(expected.rows.ints())) << level.name;
      EXPECT_EQ(places, Copy<int32_t>(expected.places.ints())) << level.name;
      EXPECT_EQ(ends, Copy<int32_t>(expected.ends.ints())) << level.name;
    }
  }
}

TEST(MoeCombineTest, TheSumsOfTheReference) {
  const int64_t rows = 9;
  const HostTensor weights = Random({rows, 3}, 8);
  HostTensor places(DType::kI32, {rows, 3});
  for (int64_t i = 0; i < places.num_elements(); ++i)
    places.ints()[i] = static_cast<int32_t>(i * 10 % places.num_elements());
  for (int64_t columns : {1, 16, 53}) {
    const HostTensor x = Random({rows, 3, columns}, 9);
    LATHE_ASSERT_OK_AND_ASSIGN(const HostTensor expected, MoeCombineReference(x, places, weights));
    for (const CpuLevel& level : RunnableLevels()) {
      LATHE_ASSERT_OK_AND_ASSIGN(auto kernel,
                                 KernelHarness::Make("combine", level, [&](KernelBuilder& b) {
                                   EmitMoeCombine(b, "combine", {.top_k = 3, .columns = columns});
                                 }));
      std::vector<float> y(static_cast<size_t>(rows * columns) + 1, 12345.0f);
      kernel->Run({x.floats().data(), places.ints().data(), weights.floats().data(), y.data()},
                  {rows}, rows, /*parts=*/2);
      EXPECT_EQ(y.back(), 12345.0f);
      y.pop_back();
      EXPECT_EQ(y, Copy<float>(expected.floats())) << level.name;
    }
  }
}

}  // namespace
}  // namespace lathe
