#include "compiler/emit/write_weights.h"

#include <cstring>
#include <limits>
#include <vector>

#include "compiler/emit/quantize_weights.h"
#include "gtest/gtest.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/MLIRContext.h"
#include "ops/core/extent.h"
#include "ops/dialect.h"
#include "runtime/artifact/artifact_reader.h"
#include "test/support/data.h"
#include "test/support/graph/graph.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::StatusIs;

class WriteWeightsTest : public ::testing::Test {
 protected:
  WriteWeightsTest() {
    source_.Add("matrix", HostTensor::Floats({2, 2}, {1, 2, 3, 4}));
    source_.Add("vector", HostTensor::Floats({3}, {0.5f, -1, 8}));
  }

  mlir::RankedTensorType Floats(llvm::ArrayRef<int64_t> shape) {
    return mlir::RankedTensorType::get(shape, mlir::Float32Type::get(&context_));
  }

  absl::Status Write(const Progress& progress = nullptr) {
    LATHE_ASSIGN_OR_RETURN(ArtifactWriter writer, ArtifactWriter::Create(path_));
    LATHE_ASSIGN_OR_RETURN(written_, WriteWeights(table_, source_, 1, progress, writer));
    return writer.Finish(artifact::Manifest());
  }

  mlir::MLIRContext context_;
  testing::TensorMap source_;
  WeightTable table_;
  std::vector<artifact::Weight> written_;
  const std::string path_ = testing::TempDir() + "/w.lathe";
};

std::vector<float> FloatsOf(absl::string_view bytes) {
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

TEST_F(WriteWeightsTest, WritesEachInItsLayoutAndOrder) {
  auto numbers = mlir::DenseElementsAttr::get(Floats({2}), llvm::ArrayRef<float>{0.25f, 7});
  LATHE_ASSERT_OK(table_.Add({"vector", "rows", Floats({3}), nullptr}).status());
  LATHE_ASSERT_OK(table_.Add({"matrix", "k1n16", Floats({2, 2}), nullptr}).status());
  LATHE_ASSERT_OK(table_.Add({"table", "rows", Floats({2}), numbers}).status());
  // Columns are padded to 16.
  EXPECT_EQ(StoredBytes(table_), 3 * 4 + 2 * 16 * 4 + 2 * 4);

  std::vector<uint64_t> done;
  LATHE_ASSERT_OK(Write([&](uint64_t now, uint64_t total) {
    EXPECT_EQ(total, StoredBytes(table_));
    done.push_back(now);
  }));
  EXPECT_THAT(done, ElementsAre(12, 12 + 128, 12 + 128 + 8));

  LATHE_ASSERT_OK_AND_ASSIGN(Artifact artifact, Artifact::Open(path_));
  LATHE_EXPECT_OK(artifact.VerifyAll());
  ASSERT_EQ(artifact.manifest().weights_size(), 3);
  EXPECT_EQ(artifact.manifest().weights(1).name(), "matrix");
  EXPECT_EQ(artifact.manifest().weights(1).layout(), "k1n16");
  EXPECT_EQ(artifact.manifest().weights(1).dtype(), artifact::F32);
  EXPECT_THAT(artifact.manifest().weights(1).shape(), ElementsAre(2, 2));
  EXPECT_THAT(FloatsOf(artifact.WeightBytes(0)), ElementsAre(0.5f, -1, 8));
  std::vector<float> packed = FloatsOf(artifact.WeightBytes(1));
  EXPECT_EQ(packed[0], 1);
  EXPECT_EQ(packed[1], 3);
  EXPECT_EQ(packed[16], 2);
  EXPECT_EQ(packed[17], 4);
  EXPECT_EQ(packed[2], 0);
  EXPECT_THAT(FloatsOf(artifact.WeightBytes(2)), ElementsAre(0.25f, 7));
}

TEST_F(WriteWeightsTest, SmallIntegersCarryTheirError) {
  LoadDialects(context_);
  const GroupQuant quant{.bits = 4, .group = 32};
  source_.Add("wide", testing::RandomFloats({17, 40}, 1));
  auto type = WithGroupQuant(Floats({17, 40}), quant);
  LATHE_ASSERT_OK(table_.Add({"vector", "rows", Floats({3}), nullptr}).status());
  LATHE_ASSERT_OK(table_.Add({"wide", "q4g32n16", type, nullptr}).status());
  LATHE_ASSERT_OK(Write());
  LATHE_ASSERT_OK_AND_ASSIGN(Artifact artifact, Artifact::Open(path_));
  const artifact::Weight& weight = artifact.manifest().weights(1);
  EXPECT_EQ(weight.dtype(), artifact::U8);
  EXPECT_EQ(weight.size(), 2u * (8 * 64 + 64));
  EXPECT_GT(weight.relative_error(), 0.01);
  EXPECT_LT(weight.relative_error(), 0.1);
  ASSERT_EQ(written_.size(), 2u);
  EXPECT_EQ(written_[1].relative_error(), weight.relative_error());
  EXPECT_EQ(written_[1].size(), weight.size());
  EXPECT_EQ(written_[0].relative_error(), 0);
  std::vector<float> unpacked(17 * 40);
  UnpackQuantizedWeight(artifact.WeightBytes(1), WeightFormat::kInt4Group32, 17, 40,
                        absl::MakeSpan(unpacked));
  EXPECT_EQ(absl::MakeConstSpan(unpacked),
            QuantizedValues(quant, testing::RandomFloats({17, 40}, 1)).floats());
}

TEST_F(WriteWeightsTest, SmallIntegersThatCannotBeAreToldByTensor) {
  LoadDialects(context_);
  HostTensor wide = testing::RandomFloats({17, 40}, 1);
  wide.floats()[123] = std::numeric_limits<float>::infinity();
  source_.Add("wide", wide);
  auto type = WithGroupQuant(Floats({17, 40}), {.bits = 8, .group = 128});
  LATHE_ASSERT_OK(table_.Add({"wide", "q8g128n16", type, nullptr}).status());
  EXPECT_THAT(Write(), StatusIs(absl::StatusCode::kInvalidArgument,
                                AllOf(HasSubstr("wide: holds NaN, infinity"),
                                      HasSubstr("int8 in groups of 128 cannot store"))));
}

TEST_F(WriteWeightsTest, MatricesOfExpertsLieBehindEachOther) {
  source_.Add("e.0.up", HostTensor::Floats({1, 2}, {1, 2}));
  source_.Add("e.1.up", HostTensor::Floats({1, 2}, {3, 4}));
  source_.Add("e.both", HostTensor::Floats({2, 2, 2}, {1, 2, 0, 0, 3, 4, 0, 0}));
  LATHE_ASSERT_OK(table_.Add({"e.*.up", "k1n16", Floats({2, 1, 2}), nullptr}).status());
  LATHE_ASSERT_OK(table_.Add({"e.both[0:1]", "k1n16", Floats({2, 1, 2}), nullptr}).status());
  LATHE_ASSERT_OK(Write());
  LATHE_ASSERT_OK_AND_ASSIGN(Artifact artifact, Artifact::Open(path_));
  const std::vector<float> stack = FloatsOf(artifact.WeightBytes(0));
  // Two matrices of two rows of 16 columns, of which one is there.
  ASSERT_EQ(stack.size(), 2u * 2 * 16);
  EXPECT_THAT((std::vector<float>{stack[0], stack[16], stack[32], stack[48]}),
              ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(stack[1], 0);
  EXPECT_EQ(FloatsOf(artifact.WeightBytes(1)), stack) << "rows of one tensor are the same";
  EXPECT_THAT(artifact.manifest().weights(0).shape(), ElementsAre(2, 1, 2));
}

TEST_F(WriteWeightsTest, AnExpertOfAnotherShapeIsNamed) {
  source_.Add("e.0.up", HostTensor::Floats({1, 2}, {1, 2}));
  source_.Add("e.1.up", HostTensor::Floats({1, 3}, {3, 4, 5}));
  LATHE_ASSERT_OK(table_.Add({"e.*.up", "k1n16", Floats({2, 1, 2}), nullptr}).status());
  EXPECT_THAT(Write(), StatusIs(absl::StatusCode::kInvalidArgument,
                                HasSubstr("e.1.up is [1, 3] F32, the module declares [1, 2] F32")));
}

TEST_F(WriteWeightsTest, NoWeightsAreASectionToo) {
  LATHE_ASSERT_OK(Write());
  LATHE_ASSERT_OK_AND_ASSIGN(Artifact artifact, Artifact::Open(path_));
  EXPECT_TRUE(artifact.HasSection("weights"));
}

TEST_F(WriteWeightsTest, AMissingTensorIsNamed) {
  LATHE_ASSERT_OK(table_.Add({"layers.0.w", "rows", Floats({3}), nullptr}).status());
  EXPECT_THAT(Write(), StatusIs(absl::StatusCode::kNotFound,
                                HasSubstr("weight layers.0.w is not in the checkpoint")));
}

TEST_F(WriteWeightsTest, AnotherShapeIsToldWithBoth) {
  LATHE_ASSERT_OK(table_.Add({"vector", "rows", Floats({4}), nullptr}).status());
  EXPECT_THAT(Write(), StatusIs(absl::StatusCode::kInvalidArgument,
                                AllOf(HasSubstr("the test: vector is [3] F32"),
                                      HasSubstr("the module declares [4] F32"))));
}

}  // namespace
}  // namespace lathe
