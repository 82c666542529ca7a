#include "runtime/base/tensor_source.h"

#include "gtest/gtest.h"

namespace lathe {
namespace {

TEST(TensorSourceTest, DescribesShapeAndType) {
  TensorView tensor{DType::kBF16, {2, 3}, ""};
  EXPECT_EQ(Describe(tensor), "[2, 3] BF16");
  EXPECT_EQ(tensor.num_elements(), 6);
  EXPECT_EQ(Describe(TensorView{}), "[] F32");
}

}  // namespace
}  // namespace lathe
