#include "compiler/select/tiles.h"

#include "compiler/select/candidates.h"
#include "gtest/gtest.h"
#include "mlir/AsmParser/AsmParser.h"
#include "test/support/graph/graph.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using testing::Graph;
using ::testing::HasSubstr;
using testing::StatusIs;

constexpr char kProduct[] = R"(
  func.func @step(%x: tensor<?x32xf32, #tokens>, %w: tensor<48x32xbf16>) -> tensor<?x48xf32, #tokens> {
    %y = lathe.dispatch "product" (%a = %x : tensor<?x32xf32, #tokens>, %b = %w : tensor<48x32xbf16>) -> tensor<?x48xf32, #tokens> {
      %m = lathe.matmul %a, %b : tensor<?x32xf32, #tokens>, tensor<48x32xbf16>
      lathe.yield %m : tensor<?x48xf32, #tokens>
    }
    return %y : tensor<?x48xf32, #tokens>
  })";

class TilesTest : public ::testing::Test {
 protected:
  void Set(const char* attribute) {
    dispatch_->setAttr("tiles", mlir::parseAttribute(attribute, dispatch_->getContext()));
  }

  Graph graph_{kProduct};
  DispatchOp dispatch_ = llvm::cast<DispatchOp>(graph_.Op("lathe.dispatch"));
};

TEST_F(TilesTest, GoThereAndBack) {
  EXPECT_FALSE(HasTiles(dispatch_));
  EXPECT_TRUE(ReadTiles(dispatch_)->empty());
  const Tiles tiles = {{"x86-64-v3", {6, 1, 1, 3, 0}}, {"x86-64-v4", {8, 2, 2, 4, 16}}};
  SetTiles(dispatch_, tiles);
  EXPECT_TRUE(HasTiles(dispatch_));
  EXPECT_EQ(ReadTiles(dispatch_).value(), tiles);
}

TEST_F(TilesTest, ArePartOfTheKernelsKey) {
  const KernelChoice plain = MatchCpuMatmul(dispatch_).value();
  LATHE_ASSERT_OK_AND_ASSIGN(Target cpu, FindTarget("cpu"));
  const MatmulTiling other = {4, 2, 2, 4, 16};
  SetTiles(dispatch_, {{"x86-64-v4", other}});
  LATHE_ASSERT_OK_AND_ASSIGN(KernelChoice tuned, MatchCpuMatmul(dispatch_));
  EXPECT_EQ(tuned.key, plain.key +
                           " tile[x86-64-v4]: rows=4 blocks=2 few_rows=2 few_blocks=4 "
                           "prefetch_lines=16");
  for (const CpuLevel& level : cpu.levels) {
    EXPECT_EQ(tuned.tiling(level), level.name == "x86-64-v4" ? other : plain.tiling(level))
        << level.name;
  }
}

TEST_F(TilesTest, WhatDoesNotFitOrIsNoTileIsRefused) {
  auto refused = [&](const char* attribute, const char* message) {
    Set(attribute);
    EXPECT_THAT(MatchCpuMatmul(dispatch_).status(),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(message)));
  };
  refused(
      "{\"x86-64-v4\" = {rows = 12, blocks = 4, few_rows = 1, few_blocks = 1, "
      "prefetch_lines = 0}}",
      "the tile of x86-64-v4: a tile of rows = 12, blocks = 4 needs 53 vector registers, "
      "x86-64-v4 has 32; with as many blocks at most rows = 6 fits");
  refused("{\"x86-64-v4\" = {rows = 1}}", "of x86-64-v4 has no number blocks; expected {");
  refused(
      "{\"x86-64-v4\" = {rows = 1, blocks = 1, few_rows = 1, few_blocks = 1, "
      "prefetch_lines = 0, x = 1}}",
      "of x86-64-v4 has 6 entries");
  refused("{\"x86-64-v4\" = 3}", "of x86-64-v4 is no dictionary");
  refused("7", "attribute tiles is no dictionary");
  SetTiles(dispatch_, {{"x86-64-v9", {1, 1, 1, 1, 0}}});
  EXPECT_THAT(MatchCpuMatmul(dispatch_).status(),
              StatusIs(absl::StatusCode::kNotFound,
                       HasSubstr("attribute tiles: target cpu has no feature level")));
}

TEST_F(TilesTest, KernelsWithoutTilesRefuseThem) {
  Graph graph(R"(
    func.func @step(%x: tensor<?x32xf32, #tokens>) -> tensor<?x32xf32, #tokens> {
      %y = lathe.dispatch "act" (%a = %x : tensor<?x32xf32, #tokens>) -> tensor<?x32xf32, #tokens> {
        %n = lathe.silu %a : tensor<?x32xf32, #tokens>
        lathe.yield %n : tensor<?x32xf32, #tokens>
      }
      return %y : tensor<?x32xf32, #tokens>
    })");
  auto dispatch = llvm::cast<DispatchOp>(graph.Op("lathe.dispatch"));
  SetTiles(dispatch, {{"x86-64-v4", {1, 1, 1, 1, 0}}});
  LATHE_ASSERT_OK_AND_ASSIGN(Candidate rowwise, FindCandidate(TargetKind::kCpu, "rowwise"));
  EXPECT_THAT(
      Match(rowwise, dispatch).status(),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("no tile that attribute tiles")));
}

}  // namespace
}  // namespace lathe
