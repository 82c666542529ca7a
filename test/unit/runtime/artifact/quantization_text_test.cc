#include "runtime/artifact/quantization_text.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace lathe {
namespace {

artifact::Weight Weight(const std::string& name, const std::string& layout, double error) {
  artifact::Weight weight;
  weight.set_name(name);
  weight.set_layout(layout);
  weight.add_shape(32);
  weight.add_shape(64);
  weight.set_size(layout == "q4g32n16" ? 1152 : 2176);
  weight.set_relative_error(error);
  return weight;
}

TEST(QuantizationTextTest, WorstTensorsComeFirst) {
  std::vector<artifact::Weight> weights = {Weight("norm", "rows", 0), Weight("a", "q4g32n16", 0.08),
                                           Weight("b", "q4g32n16", 0.1),
                                           Weight("head", "q8g128n16", 0.004)};
  EXPECT_EQ(QuantizationText(weights, 2),
            "quantised weights; error is ||W - stored W|| / ||W||\n"
            "  int4, groups of 32: 2 tensors, 2.25 KiB, 0.562 bytes a weight, error 0.0900 in the "
            "mean, 0.1000 at worst\n"
            "  int8, groups of 128: 1 tensor, 2.12 KiB, 1.062 bytes a weight, error 0.0040 in the "
            "mean, 0.0040 at worst\n"
            "  0.1000  q4g32n16   b\n"
            "  0.0800  q4g32n16   a\n"
            "  and 1 more: lathe inspect ARTIFACT --quantization\n");
  EXPECT_THAT(QuantizationText(weights, 3), ::testing::EndsWith("  0.0040  q8g128n16  head\n"));
}

TEST(QuantizationTextTest, AFormatHasAName) {
  EXPECT_EQ(WeightFormatText(Weight("a", "q8g128n16", 0)), "int8, groups of 128");
  artifact::Weight plain = Weight("b", "rows", 0);
  EXPECT_EQ(WeightFormatText(plain), "?");
  plain.set_dtype(artifact::BF16);
  EXPECT_EQ(WeightFormatText(plain), "BF16");
}

TEST(QuantizationTextTest, NothingIsSaidOfPlainWeights) {
  EXPECT_EQ(QuantizationText({Weight("norm", "rows", 0)}, 5), "");
}

}  // namespace
}  // namespace lathe
