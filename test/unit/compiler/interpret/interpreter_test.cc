#include "compiler/interpret/interpreter.h"

#include "gtest/gtest.h"
#include "ops/core/group_quant.h"
#include "ops/linear/linear_reference.h"
#include "test/support/graph/graph.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::Graph;
using ::lathe::testing::RandomFloats;
using ::lathe::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr char kTwice[] = R"(
  lathe.param @w : tensor<2xf32>
  func.func private @layer(%x: tensor<?x2xf32, #tokens>, %w: tensor<2xf32>) -> tensor<?x2xf32, #tokens> {
    %y = lathe.dispatch "add" (%a = %x : tensor<?x2xf32, #tokens>, %b = %w : tensor<2xf32>) -> tensor<?x2xf32, #tokens> {
      %wide = lathe.broadcast %b : tensor<2xf32> -> tensor<?x2xf32, #tokens>
      %sum = lathe.add %a, %wide : tensor<?x2xf32, #tokens>
      lathe.yield %sum : tensor<?x2xf32, #tokens>
    }
    return %y : tensor<?x2xf32, #tokens>
  }
  func.func @main(%x: tensor<?x2xf32, #tokens> {lathe.name = "x"}, %r: tensor<?xi32, #tokens> {lathe.name = "rows"})
      -> (tensor<?x2xf32, #tokens> {lathe.name = "y"}) {
    %w = lathe.weight @w : tensor<2xf32>
    %y = call @layer(%x, %w) : (tensor<?x2xf32, #tokens>, tensor<2xf32>) -> tensor<?x2xf32, #tokens>
    %z = call @layer(%y, %w) : (tensor<?x2xf32, #tokens>, tensor<2xf32>) -> tensor<?x2xf32, #tokens>
    return %z : tensor<?x2xf32, #tokens>
  })";

class InterpreterTest : public ::testing::Test {
 protected:
  InterpreterTest() : graph_(kTwice) {
    graph_.weights().Add("w", HostTensor::Floats({2}, {10, 20}));
  }
  static Interpreter::NamedTensors Inputs(int64_t x_rows, int64_t rows) {
    return {{"x", HostTensor::Floats({x_rows, 2}, std::vector<float>(x_rows * 2, 1.0f))},
            {"rows", HostTensor(DType::kI32, {rows})}};
  }
  Graph graph_;
};

TEST_F(InterpreterTest, FollowsCallsAndDispatches) {
  LATHE_ASSERT_OK_AND_ASSIGN(auto outputs, graph_.RunAll(Inputs(2, 2)));
  EXPECT_THAT(outputs.at("y").floats(), ElementsAre(21, 41, 21, 41));
}

TEST_F(InterpreterTest, RunsWithoutRows) {
  LATHE_ASSERT_OK_AND_ASSIGN(auto outputs, graph_.RunAll(Inputs(0, 0)));
  EXPECT_THAT(outputs.at("y").shape(), ElementsAre(0, 2));
}

TEST_F(InterpreterTest, InputsMustFit) {
  EXPECT_THAT(
      graph_.RunAll(Inputs(2, 3)),
      StatusIs(
          absl::StatusCode::kInvalidArgument,
          HasSubstr(
              "input 'rows' is I32[3], expected [tokens], and tokens is 2 in an earlier input")));
  Interpreter::NamedTensors inputs = Inputs(1, 1);
  inputs["x"] = HostTensor(DType::kF32, {1, 3});
  EXPECT_THAT(graph_.RunAll(inputs),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("input 'x' is F32[1, 3], expected [tokens, 2]")));
  inputs["x"] = HostTensor(DType::kF32, {2});
  EXPECT_THAT(graph_.RunAll(inputs),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("'x' is F32[2]")));
  inputs["x"] = HostTensor(DType::kI32, {1, 2});
  EXPECT_THAT(graph_.RunAll(inputs),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("another element type")));
}

TEST_F(InterpreterTest, InputsAreAllNamed) {
  Interpreter::NamedTensors inputs = Inputs(1, 1);
  inputs["extra"] = HostTensor(DType::kI32, {1});
  EXPECT_THAT(graph_.RunAll(inputs), StatusIs(absl::StatusCode::kInvalidArgument,
                                              HasSubstr("the entry has no input 'extra'")));
  inputs.erase("extra");
  inputs.erase("rows");
  EXPECT_THAT(graph_.RunAll(inputs),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("input 'rows' is missing")));
}

TEST_F(InterpreterTest, WeightsMustFit) {
  graph_.weights().Add("w", HostTensor(DType::kF32, {3}));
  EXPECT_THAT(graph_.RunAll(Inputs(1, 1)),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("w: [3] F32 in the test, declared as [2]"),
                             HasSubstr("@main: lathe.weight"))));
  Graph other(kTwice);
  EXPECT_THAT(other.RunAll(Inputs(1, 1)),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("weight w is not in")));
}

TEST_F(InterpreterTest, EntriesMustExist) {
  Interpreter interpreter(graph_.module(), graph_.weights());
  KvState state;
  EXPECT_THAT(interpreter.Run("step", {}, state),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("the module has no entry @step")));
}

TEST(InterpreterLimitsTest, ACallThatNeverEndsIsRefused) {
  Graph graph(R"(
    func.func @main() -> tensor<1xf32> {
      %x = call @main() : () -> tensor<1xf32>
      return %x : tensor<1xf32>
    })");
  EXPECT_THAT(graph.RunAll({}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("nest deeper than 64")));
}

TEST(InterpreterLimitsTest, WhatHasNoReferenceIsNamed) {
  Graph graph(R"(
    func.func private @outside() -> tensor<1xf32>
    func.func @main() -> tensor<1xf32> {
      %x = call @outside() : () -> tensor<1xf32>
      return %x : tensor<1xf32>
    })");
  EXPECT_THAT(graph.RunAll({}),
              StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("@outside has no body")));
  Graph constant(R"(
    func.func @main() {
      %f = func.constant @main : () -> ()
      return
    })");
  EXPECT_THAT(constant.RunAll({}),
              StatusIs(absl::StatusCode::kUnimplemented,
                       AllOf(HasSubstr("func.constant"), HasSubstr("the op has no reference"))));
}

TEST(InterpreterQuantTest, WeightsOfSmallIntegersLoseWhatTheyLose) {
  Graph graph(R"(
  #q4 = #lathe.group_quant<int4, group = 32>
  lathe.param @w : tensor<5x40xf32, #q4>
  func.func @main(%x: tensor<?x40xf32, #tokens> {lathe.name = "x"},
                  %r: tensor<?xi32, #tokens> {lathe.name = "rows"})
      -> (tensor<?x5xf32, #tokens> {lathe.name = "y"}, tensor<?x40xf32, #tokens> {lathe.name = "e"}) {
    %w = lathe.weight @w : tensor<5x40xf32, #q4>
    %y = lathe.matmul %x, %w : tensor<?x40xf32, #tokens>, tensor<5x40xf32, #q4>
    %e = lathe.embed %w, %r : tensor<5x40xf32, #q4>, tensor<?xi32, #tokens>
    return %y, %e : tensor<?x5xf32, #tokens>, tensor<?x40xf32, #tokens>
  })");
  HostTensor w = RandomFloats({5, 40}, 1), x = RandomFloats({2, 40}, 2);
  graph.weights().Add("w", w);
  HostTensor values = QuantizedValues({.bits = 4, .group = 32}, w);
  auto run = [&]() -> Interpreter::NamedTensors {
    auto outputs = graph.RunAll({{"x", x}, {"rows", HostTensor::Ints({2}, {4, 0})}});
    LATHE_EXPECT_OK(outputs);
    return outputs.ok() ? *outputs : Interpreter::NamedTensors();
  };
  Interpreter::NamedTensors outputs = run();
  HostTensor expected = MatmulReference(x, values, nullptr, Accumulate::kF32);
  EXPECT_EQ(outputs["y"].floats(), expected.floats());
  EXPECT_EQ(outputs["e"].floats().subspan(0, 40), values.floats().subspan(160, 40));
  EXPECT_EQ(outputs["e"].floats().subspan(40, 40), values.floats().subspan(0, 40));
  // An embedding's parts read the same table.
  graph.DecomposeAll();
  EXPECT_EQ(run()["e"].floats(), outputs["e"].floats());
}

// After phase quantize the module declares what the artifact will hold, whatever the checkpoint
// has.
TEST(InterpreterQuantTest, WeightsOfBF16AreRounded) {
  Graph graph(R"(
  lathe.param @w : tensor<5x40xbf16>
  func.func @main(%x: tensor<?x40xf32, #tokens> {lathe.name = "x"})
      -> (tensor<?x5xf32, #tokens> {lathe.name = "y"}) {
    %w = lathe.weight @w : tensor<5x40xbf16>
    %y = lathe.matmul %x, %w : tensor<?x40xf32, #tokens>, tensor<5x40xbf16>
    return %y : tensor<?x5xf32, #tokens>
  })");
  HostTensor w = RandomFloats({5, 40}, 1), x = RandomFloats({2, 40}, 2);
  graph.weights().Add("w", w);
  LATHE_ASSERT_OK_AND_ASSIGN(HostTensor y, graph.Run({{"x", x}}));
  HostTensor rounded = MatmulReference(x, w.Cast(DType::kBF16), nullptr, Accumulate::kF32);
  EXPECT_EQ(y.floats(), rounded.floats());
  EXPECT_NE(y.floats(), MatmulReference(x, w, nullptr, Accumulate::kF32).floats());
}

}  // namespace
}  // namespace lathe
