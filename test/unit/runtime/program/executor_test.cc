#include "runtime/program/executor.h"

#include "test/support/status_matchers.h"
#include "test/support/test_artifact.h"

namespace lathe {
namespace {

using ::lathe::testing::BufferOperand;
using ::lathe::testing::Constant;
using ::lathe::testing::InputOperand;
using ::lathe::testing::MakeExpr;
using ::lathe::testing::PageTableOperand;
using ::lathe::testing::PoolOperand;
using ::lathe::testing::StatusIs;
using ::lathe::testing::WeightOperand;
using ::testing::AllOf;
using ::testing::HasSubstr;

artifact::Operand Buffer(int64_t offset, int64_t size, bool written) {
  return BufferOperand(Constant(offset), Constant(size), written);
}

class ExecutorTest : public ::testing::Test {
 protected:
  void Add(const std::string& name, const std::vector<artifact::Operand>& operands) {
    artifact::Command* command = program_.add_commands();
    command->set_name(name);
    command->set_kernel(static_cast<uint32_t>(program_.commands_size()));
    for (const artifact::Operand& operand : operands) *command->add_operands() = operand;
    *command->add_dims() = MakeExpr({{1, {0}}});
    *command->mutable_items() = MakeExpr({{1, {0}, 4}});
  }

  absl::StatusOr<std::vector<Launch>> Resolve(int64_t rows) {
    ExprTable exprs;
    executor_ = std::make_unique<Executor>(program_, weights_, exprs);
    values_.resize(exprs.size());
    const std::vector<int64_t> symbols = {rows};
    LATHE_RETURN_IF_ERROR(exprs.Evaluate(symbols, absl::MakeSpan(values_)));
    StepAddresses step;
    step.values = values_;
    step.inputs = inputs_;
    step.kv_groups = groups_;
    step.workspace = workspace_;
    step.workspace_bytes = sizeof(workspace_);
    auto launches = executor_->Resolve(step);
    if (!launches.ok()) return launches.status();
    return std::vector<Launch>(launches->begin(), launches->end());
  }

  std::vector<bool> Waits() {
    absl::StatusOr<std::vector<Launch>> launches = Resolve(8);
    EXPECT_TRUE(launches.ok()) << launches.status().ToString();
    std::vector<bool> waits;
    for (const Launch& launch : *launches) waits.push_back(launch.waits);
    return waits;
  }

  artifact::Program program_;
  alignas(64) char workspace_[1024] = {};
  alignas(64) char pools_[2][512] = {};
  int32_t tables_[2][4] = {};
  char input_[16] = {};
  char weight_[64] = {};
  std::vector<const void*> inputs_ = {input_};
  std::vector<const void*> weights_ = {nullptr, weight_};
  std::vector<KvBinding> groups_ = {{pools_[0], tables_[0]}, {pools_[1], tables_[1]}};
  std::vector<int64_t> values_;
  std::unique_ptr<Executor> executor_;
};

TEST_F(ExecutorTest, ResolvesEveryKindOfOperand) {
  Add("all",
      {InputOperand(0), WeightOperand(1), BufferOperand(MakeExpr({{64, {0}}}), Constant(8), true),
       PoolOperand(1, 128, true), PageTableOperand(1)});
  LATHE_ASSERT_OK_AND_ASSIGN(std::vector<Launch> launches, Resolve(6));
  ASSERT_EQ(launches.size(), 1u);
  const Launch& launch = launches[0];
  EXPECT_EQ(launch.kernel, 1u);
  EXPECT_EQ(launch.items, 2);
  EXPECT_EQ(launch.dims[0], 6);
  EXPECT_EQ(launch.operands[0], input_);
  EXPECT_EQ(launch.operands[1], weight_);
  EXPECT_EQ(launch.operands[2], workspace_ + 384);
  EXPECT_EQ(launch.operands[3], pools_[1] + 128);
  EXPECT_EQ(launch.operands[4], tables_[1]);
}

TEST_F(ExecutorTest, WaitsWhereDataFlows) {
  Add("q", {InputOperand(0), Buffer(0, 64, true)});
  Add("k", {InputOperand(0), Buffer(64, 64, true)});
  Add("add", {Buffer(0, 64, false), Buffer(64, 64, false), Buffer(128, 64, true)});
  Add("other", {WeightOperand(1), Buffer(192, 64, true)});
  Add("reuse", {Buffer(128, 64, false), Buffer(0, 64, true)});
  EXPECT_EQ(Waits(), (std::vector<bool>{false, false, true, false, true}));
}

TEST_F(ExecutorTest, WaitsOnStateByGroup) {
  Add("write", {PoolOperand(0, 0, true), PageTableOperand(0)});
  Add("other group", {PoolOperand(1, 0, true), PageTableOperand(1)});
  Add("read", {PoolOperand(0, 128, false), PageTableOperand(0), Buffer(0, 64, true)});
  Add("read again", {PoolOperand(0, 0, false), Buffer(64, 64, true)});
  EXPECT_EQ(Waits(), (std::vector<bool>{false, false, true, false}));
}

TEST_F(ExecutorTest, BuffersStayInsideTheWorkspace) {
  Add("fits", {Buffer(0, 1024, true)});
  LATHE_EXPECT_OK(Resolve(1));
  Add("norm", {InputOperand(0), BufferOperand(MakeExpr({{64, {0}}}), Constant(128), true)});
  LATHE_EXPECT_OK(Resolve(14));
  const auto refused = [](const char* text) {
    return StatusIs(absl::StatusCode::kInvalidArgument,
                    AllOf(HasSubstr("command norm, operand 1"), HasSubstr(text)));
  };
  EXPECT_THAT(Resolve(15), refused("128 bytes at 960 in a workspace of 1024"));
  EXPECT_THAT(Resolve(100), refused("128 bytes at 6400"));
}

TEST_F(ExecutorTest, BuffersAreAligned) {
  Add("norm", {InputOperand(0), Buffer(32, 8, true)});
  EXPECT_THAT(Resolve(1), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("8 bytes at 32")));
}

}  // namespace
}  // namespace lathe
