#include "tools/lathe/bench/step_operands.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "test/support/graph/graph.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using testing::Graph;
using ::testing::HasSubstr;
using testing::StatusIs;

constexpr char kEntry[] = R"(
  lathe.param @table : tensor<5x8xf32>
  func.func @step(%t: tensor<?xi32, #tokens> {lathe.name = "tokens"},
      %p: tensor<?xi32, #tokens> {lathe.name = "positions"},
      %s: tensor<?xi32, #tokens> {lathe.name = "row_sequence"},
      %r: tensor<?xi32, #lathe.sym<logit_rows>> {lathe.name = "logit_rows"},
      %m: tensor<?xi32, #lathe.sym<logit_rows>> {lathe.name = "id_limits"},
      %x: tensor<?x8xbf16, #tokens> {lathe.name = "operand0"}) { return })";

std::vector<int32_t> Ints(const StepOperands& step, const std::string& name) {
  absl::Span<const int32_t> values = step.tensors().at(name).ints();
  return {values.begin(), values.end()};
}

TEST(StepOperandsTest, RowsAreTheLastOfTheirSequences) {
  Graph graph(kEntry);
  LATHE_ASSERT_OK_AND_ASSIGN(
      StepOperands step,
      StepOperands::Make(graph.module(),
                         {{"tokens", 5}, {"sequences", 2}, {"logit_rows", 2}, {"cached_keys", 20}},
                         1));
  EXPECT_THAT(step.rows(), ElementsAre(2, 3));
  EXPECT_THAT(step.lengths(), ElementsAre(10, 10));
  EXPECT_THAT(Ints(step, "positions"), ElementsAre(8, 9, 7, 8, 9));
  EXPECT_THAT(Ints(step, "row_sequence"), ElementsAre(0, 0, 1, 1, 1));
  EXPECT_THAT(Ints(step, "logit_rows"), ElementsAre(1, 4));
  EXPECT_THAT(Ints(step, "id_limits"), ElementsAre(5, 5));
  EXPECT_THAT(Ints(step, "tokens"), Each(AllOf(::testing::Ge(0), ::testing::Lt(5))));
  EXPECT_EQ(step.symbols().at("cached_keys"), 20);
  EXPECT_EQ(step.symbols().at("attended_keys"), 9 + 10 + 8 + 9 + 10);
  // Bytes as a program wants them: bf16 is two bytes.
  for (const InputBinding& input : step.InputBindings()) {
    if (input.name == "operand0") EXPECT_EQ(input.bytes, 5 * 8 * 2u);
  }
}

TEST(StepOperandsTest, SequencesAreAtLeastAsLongAsTheirRows) {
  Graph graph(kEntry);
  LATHE_ASSERT_OK_AND_ASSIGN(
      StepOperands step,
      StepOperands::Make(graph.module(), {{"tokens", 64}, {"cached_keys", 3}}, 1));
  EXPECT_THAT(step.lengths(), ElementsAre(64));
  EXPECT_EQ(step.symbols().at("attended_keys"), 64 * 65 / 2);
}

// As a dispatch of a mixture of experts reads them: each expert is chosen as often as the others.
TEST(StepOperandsTest, ExpertsAreChosenInTurn) {
  Graph graph(R"(
      func.func @step(%x: tensor<?x8xf32, #tokens> {lathe.name = "operand0"},
          %e: tensor<?x2xi32, #tokens> {lathe.name = "experts.1"},
          %r: tensor<?x2xi32, #tokens> {lathe.name = "rows.1"},
          %p: tensor<?x2xi32, #tokens> {lathe.name = "places.2"},
          %n: tensor<3xi32> {lathe.name = "ends.2"}, %w: tensor<3x4x8xf32> {lathe.name = "operand3"})
          -> tensor<?x2x4xf32, #tokens> {
        %y = lathe.grouped_matmul %x at %r, %n, %w
            : tensor<?x8xf32, #tokens>, tensor<3xi32>, tensor<3x4x8xf32>, tensor<?x2xi32, #tokens>
        return %y : tensor<?x2x4xf32, #tokens>
      })");
  LATHE_ASSERT_OK_AND_ASSIGN(StepOperands step,
                             StepOperands::Make(graph.module(), {{"tokens", 3}}, 1));
  EXPECT_THAT(Ints(step, "experts.1"), ElementsAre(0, 1, 2, 0, 1, 2));
  EXPECT_THAT(Ints(step, "rows.1"), ElementsAre(0, 0, 1, 1, 2, 2));
  EXPECT_THAT(Ints(step, "places.2"), ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_THAT(Ints(step, "ends.2"), ElementsAre(2, 4, 6));
  EXPECT_EQ(step.symbols().at("active_experts"), 3);
}

TEST(StepOperandsTest, SymbolsThatFitNothingAreRefused) {
  Graph graph(kEntry);
  auto make = [&](const SymbolValues& symbols) {
    return StepOperands::Make(graph.module(), symbols, 1).status();
  };
  EXPECT_THAT(make({{"tokens", 0}}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("symbol tokens is 0")));
  EXPECT_THAT(make({{"tokens", int64_t{1} << 40}}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("symbol tokens is")));
  EXPECT_THAT(make({{"tokens", 1}, {"sequences", 2}}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("more than the 1 tokens")));
  EXPECT_THAT(make({{"tokens", 1}, {"logit_rows", 2}}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("logit_rows is 2")));
}

TEST(StepOperandsTest, InputsThatNobodyKnowsAreRefused) {
  Graph unknown(R"(
    func.func @step(%t: tensor<?xi32, #tokens> {lathe.name = "colours"}) { return })");
  EXPECT_THAT(StepOperands::Make(unknown.module(), {{"tokens", 1}}, 1).status(),
              StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("input colours")));
  Graph symbol(R"(
    func.func @step(%x: tensor<?x4xf32, #lathe.sym<patches>> {lathe.name = "x"}) { return })");
  EXPECT_THAT(StepOperands::Make(symbol.module(), {{"tokens", 1}}, 1).status(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("no value for the symbol patches; give --symbol patches=N")));
  Graph nameless(R"(func.func @step(%x: tensor<4xf32>) { return })");
  EXPECT_THAT(StepOperands::Make(nameless.module(), {}, 1).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("has no lathe.name")));
  Graph none(R"(func.func @main() { return })");
  EXPECT_THAT(StepOperands::Make(none.module(), {}, 1).status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("no entry @step")));
}

}  // namespace
}  // namespace lathe
