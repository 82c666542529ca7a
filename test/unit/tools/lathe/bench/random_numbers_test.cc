#include "tools/lathe/bench/random_numbers.h"

#include <cmath>

#include "gtest/gtest.h"
#include "ops/core/host_tensor.h"
#include "runtime/base/float_types.h"
#include "test/support/graph/graph.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using testing::Graph;
using ::testing::HasSubstr;
using testing::StatusIs;

TEST(RandomNumbersTest, AreInRangeAndTheSameForTheSameSeed) {
  RandomNumbers a(1, "x"), b(1, "x"), c(2, "x"), d(1, "y");
  double sum = 0;
  for (int i = 0; i < 1000; ++i) {
    const float value = a.Uniform();
    EXPECT_GE(value, -1.0f);
    EXPECT_LT(value, 1.0f);
    EXPECT_EQ(value, b.Uniform());
    sum += value;
  }
  EXPECT_LT(std::fabs(sum / 1000), 0.1);
  EXPECT_NE(c.Uniform(), d.Uniform());
  for (int i = 0; i < 100; ++i) {
    const int64_t id = a.Below(7);
    EXPECT_TRUE(id >= 0 && id < 7) << id;
  }
}

TEST(RandomNumbersTest, AreStoredInEachType) {
  for (DType dtype : {DType::kF32, DType::kBF16, DType::kF16}) {
    char data[12] = {};
    StoreFloat(dtype, 1.5f, data, 1);
    EXPECT_EQ(LoadAsF32(dtype, data, 0), 0.0f);
    EXPECT_EQ(LoadAsF32(dtype, data, 1), 1.5f);
    EXPECT_EQ(LoadAsF32(dtype, data, 2), 0.0f);
  }
}

TEST(RandomWeightsTest, MatricesKeepTheSizeOfTheirInput) {
  Graph graph(R"(
    lathe.param @w : tensor<8x300xbf16>
    lathe.param @gain : tensor<64xf32>
    func.func @main() { return })");
  LATHE_ASSERT_OK_AND_ASSIGN(auto weights, RandomWeights::Make(graph.module(), 1));
  EXPECT_EQ(weights->stored_bytes(), 8 * 300 * 2 + 64 * 4u);
  LATHE_ASSERT_OK_AND_ASSIGN(HostTensor w, HostTensor::FromView(*weights->Find("w")));
  for (float value : w.floats()) EXPECT_LE(std::fabs(value), 0.101f);
  LATHE_ASSERT_OK_AND_ASSIGN(HostTensor gain, HostTensor::FromView(*weights->Find("gain")));
  for (float value : gain.floats()) EXPECT_TRUE(value >= 0.5f && value < 1.5f) << value;
}

TEST(RandomWeightsTest, WeightsBeyondAnyModelAreRefused) {
  Graph graph(R"(
    lathe.param @w : tensor<4000000x4000000xf32>
    func.func @main() { return })");
  EXPECT_THAT(
      RandomWeights::Make(graph.module(), 1).status(),
      StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("weight w: 16000000000000")));
}

TEST(RandomWeightsTest, MatricesThatANamePutsTogetherAreTensors) {
  Graph graph(R"(
    lathe.param @"e.*.up" : tensor<2x3x4xf32>
    lathe.param @"e.both[0:3]" : tensor<2x3x4xf32>
    lathe.param @"e.both[3:6]" : tensor<2x3x4xf32>
    func.func @main() { return })");
  LATHE_ASSERT_OK_AND_ASSIGN(auto weights, RandomWeights::Make(graph.module(), 1));
  ASSERT_NE(weights->Find("e.1.up"), nullptr);
  EXPECT_EQ(weights->Find("e.1.up")->shape, (std::vector<int64_t>{3, 4}));
  EXPECT_NE(weights->Find("e.1.up")->bytes, weights->Find("e.0.up")->bytes);
  EXPECT_EQ(weights->Find("e.2.up"), nullptr);
  ASSERT_NE(weights->Find("e.both"), nullptr);
  EXPECT_EQ(weights->Find("e.both")->shape, (std::vector<int64_t>{2, 6, 4}));
}

TEST(RandomWeightsTest, CopiesHaveTheNumbersOfTheOriginal) {
  Graph graph(R"(
    lathe.param @w : tensor<8xf32>
    func.func @main() { return })");
  LATHE_ASSERT_OK_AND_ASSIGN(auto weights, RandomWeights::Make(graph.module(), 1));
  EXPECT_EQ(weights->Find("w#3"), weights->Find("w"));
  EXPECT_EQ(weights->Find("v"), nullptr);
  EXPECT_EQ(weights->Names(), std::vector<std::string>{"w"});
}

}  // namespace
}  // namespace lathe
