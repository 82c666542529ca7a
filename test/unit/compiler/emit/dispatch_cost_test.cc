#include "compiler/emit/dispatch_cost.h"

#include "gtest/gtest.h"
#include "test/support/graph/graph.h"

namespace lathe {
namespace {

using testing::Graph;

OpCost CostOf(const std::string& dispatch) {
  Graph graph(R"(
    !layer = !lathe.kv_layer<kv_heads = 1, head_dim = 16, dtype = bf16, page = 64, window = 0>
    func.func @step(%x: tensor<?x16xf32, #tokens>, %w: tensor<8x16xf32>, %v: tensor<8x16xf32>,
        %square: tensor<16x16xf32>, %g: tensor<16xf32>, %table: tensor<100x16xf32>, %t: tensor<?xi32, #tokens>,
        %q: tensor<?x1x16xf32, #tokens>, %kv: !layer) {)" +
              dispatch + "  return\n}");
  return DispatchCost(llvm::cast<DispatchOp>(graph.Op("lathe.dispatch")));
}

TEST(DispatchCostTest, WhatOpsPassToEachOtherIsNoMemory) {
  OpCost cost = CostOf(R"(
    %r = lathe.dispatch "chain" (%a = %x : tensor<?x16xf32, #tokens>)
        -> tensor<?x16xf32, #tokens> {
      %n = lathe.neg %a : tensor<?x16xf32, #tokens>
      %m = lathe.mul %n, %n : tensor<?x16xf32, #tokens>
      lathe.yield %m : tensor<?x16xf32, #tokens>
    })");
  EXPECT_EQ(cost.flops.ToString(), "32*tokens");
  EXPECT_EQ(cost.bytes_read.ToString(), "64*tokens");
  EXPECT_EQ(cost.bytes_written.ToString(), "64*tokens");
}

TEST(DispatchCostTest, ASharedInputIsReadOnce) {
  OpCost cost = CostOf(R"(
    %r:2 = lathe.dispatch "two" (%a = %x : tensor<?x16xf32, #tokens>, %b = %w : tensor<8x16xf32>,
        %c = %v : tensor<8x16xf32>) -> (tensor<?x8xf32, #tokens>, tensor<?x8xf32, #tokens>) {
      %m = lathe.matmul %a, %b : tensor<?x16xf32, #tokens>, tensor<8x16xf32>
      %n = lathe.matmul %a, %c : tensor<?x16xf32, #tokens>, tensor<8x16xf32>
      lathe.yield %m, %n : tensor<?x8xf32, #tokens>, tensor<?x8xf32, #tokens>
    })");
  EXPECT_EQ(cost.flops.ToString(), "512*tokens");
  EXPECT_EQ(cost.bytes_read.ToString(), "64*tokens + 1024");
  EXPECT_EQ(cost.bytes_written.ToString(), "64*tokens");
}

// Normalised rows stay with the worker; x is read once, though the sum needs it too.
TEST(DispatchCostTest, ANormBeforeAMatmulReadsItsWeightOnly) {
  OpCost cost = CostOf(R"(
    %r = lathe.dispatch "norm" (%a = %x : tensor<?x16xf32, #tokens>, %b = %square : tensor<16x16xf32>,
        %c = %g : tensor<16xf32>) -> tensor<?x16xf32, #tokens> {
      %n = lathe.rms_norm %a, %c {eps = 1.0e-6 : f64} : tensor<?x16xf32, #tokens>, tensor<16xf32>
      %m = lathe.matmul %n, %b : tensor<?x16xf32, #tokens>, tensor<16x16xf32>
      %s = lathe.add %a, %m : tensor<?x16xf32, #tokens>
      lathe.yield %s : tensor<?x16xf32, #tokens>
    })");
  EXPECT_EQ(cost.flops.ToString(), "608*tokens");  // (5 + 2 * 16 + 1) * 16
  EXPECT_EQ(cost.bytes_read.ToString(), "64*tokens + 1088");
  EXPECT_EQ(cost.bytes_written.ToString(), "64*tokens");
}

TEST(DispatchCostTest, AProductThatStepsTakeIsNoMemory) {
  OpCost cost = CostOf(R"(
    %r = lathe.dispatch "heads" (%a = %x : tensor<?x16xf32, #tokens>, %b = %w : tensor<8x16xf32>)
        -> tensor<?x2x4xf32, #tokens> {
      %m = lathe.matmul %a, %b : tensor<?x16xf32, #tokens>, tensor<8x16xf32>
      %h = lathe.reshape %m : tensor<?x8xf32, #tokens> -> tensor<?x2x4xf32, #tokens>
      %n = lathe.neg %h : tensor<?x2x4xf32, #tokens>
      lathe.yield %n : tensor<?x2x4xf32, #tokens>
    })");
  EXPECT_EQ(cost.flops.ToString(), "264*tokens");
  EXPECT_EQ(cost.bytes_read.ToString(), "64*tokens + 512");
  EXPECT_EQ(cost.bytes_written.ToString(), "32*tokens");
}

TEST(DispatchCostTest, ReshapesMoveNothing) {
  OpCost cost = CostOf(R"(
    %r = lathe.dispatch "reshaped" (%a = %x : tensor<?x16xf32, #tokens>)
        -> tensor<?x1x16xf32, #tokens> {
      %h = lathe.reshape %a : tensor<?x16xf32, #tokens> -> tensor<?x2x8xf32, #tokens>
      %n = lathe.neg %h : tensor<?x2x8xf32, #tokens>
      %o = lathe.reshape %n : tensor<?x2x8xf32, #tokens> -> tensor<?x1x16xf32, #tokens>
      lathe.yield %o : tensor<?x1x16xf32, #tokens>
    })");
  EXPECT_EQ(cost.flops.ToString(), "16*tokens");
  EXPECT_EQ(cost.bytes_read.ToString(), "64*tokens");
  EXPECT_EQ(cost.bytes_written.ToString(), "64*tokens");
}

TEST(DispatchCostTest, ATableIsReadByTheRow) {
  OpCost cost = CostOf(R"(
    %r = lathe.dispatch "embed" (%a = %table : tensor<100x16xf32>, %b = %t : tensor<?xi32, #tokens>)
        -> tensor<?x16xf32, #tokens> {
      %e = lathe.embed %a, %b : tensor<100x16xf32>, tensor<?xi32, #tokens>
      lathe.yield %e : tensor<?x16xf32, #tokens>
    })");
  EXPECT_EQ(cost.bytes_read.ToString(), "68*tokens");
  EXPECT_EQ(cost.bytes_written.ToString(), "64*tokens");
}

TEST(DispatchCostTest, WhatGoesToTheCacheIsWrittenThere) {
  OpCost cost = CostOf(R"(
    lathe.dispatch "write" (%k = %kv : !layer, %a = %q : tensor<?x1x16xf32, #tokens>,
        %b = %t : tensor<?xi32, #tokens>) -> () {
      %n = lathe.neg %a : tensor<?x1x16xf32, #tokens>
      lathe.kv_write %k, %n, %n, %b, %b : !layer, tensor<?x1x16xf32, #tokens>,
          tensor<?x1x16xf32, #tokens>, tensor<?xi32, #tokens>, tensor<?xi32, #tokens>
      lathe.yield
    })");
  // Positions and sequences are one tensor here; key and value are 16 bf16 each.
  EXPECT_EQ(cost.bytes_read.ToString(), "68*tokens");
  EXPECT_EQ(cost.bytes_written.ToString(), "64*tokens");
}

}  // namespace
}  // namespace lathe
