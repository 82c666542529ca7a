// No phase of the compiler changes what a module means: the interpreter computes the same before
// and after each of them.
#include <cmath>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "compiler/interpret/interpreter.h"
#include "compiler/pipeline/pipeline.h"
#include "mlir/Parser/Parser.h"
#include "test/support/golden/golden_data.h"
#include "test/support/graph/sample_step.h"
#include "test/support/status_matchers.h"
#include "tools/lathe/load_model.h"

namespace lathe {
namespace {

using ::lathe::testing::GoldenCase;
using ::lathe::testing::GoldenModel;
using Outputs = Interpreter::NamedTensors;

// A phase may form sums in another order, no more.
constexpr double kTolerance = 1e-6;

class PhasesTest : public ::testing::TestWithParam<GoldenModel> {};

// The model keeps keys and values in bf16 until phase quantize widens them for f32: from the start
// here, so that this phase too must change nothing.
absl::StatusOr<mlir::OwningOpRef<mlir::ModuleOp>> WithF32Caches(LoadedModel& loaded) {
  std::string text = PrintModule(*loaded.model.module);
  text = absl::StrReplaceAll(text, {{"dtype = bf16", "dtype = f32"}});
  auto module =
      mlir::parseSourceString<mlir::ModuleOp>(text, mlir::ParserConfig(loaded.context.get()));
  if (!module) return absl::InternalError("the printed module does not parse");
  return module;
}

// Rows [begin, end) of the prompt as inputs of a step, with logits of all rows.
Outputs StepInputs(const std::vector<int32_t>& prompt, size_t begin, size_t end) {
  std::vector<int32_t> tokens(prompt.begin() + static_cast<ptrdiff_t>(begin),
                              prompt.begin() + static_cast<ptrdiff_t>(end));
  const auto count = static_cast<int64_t>(tokens.size());
  std::vector<int32_t> positions, rows;
  for (int32_t i = 0; i < count; ++i) {
    positions.push_back(static_cast<int32_t>(begin) + i);
    rows.push_back(i);
  }
  std::vector<int32_t> sequences(tokens.size(), 0);
  Interpreter::NamedTensors inputs = {
      {"tokens", HostTensor::Ints({count}, std::move(tokens))},
      {"positions", HostTensor::Ints({count}, std::move(positions))},
      {"row_sequence", HostTensor::Ints({count}, std::move(sequences))},
      {"logit_rows", HostTensor::Ints({count}, std::move(rows))}};
  inputs.merge(testing::GreedyRowInputs(count, /*limit=*/250));
  return inputs;
}

// The prompt in two steps, so that the second reads what the first kept.
absl::StatusOr<std::vector<Outputs>> Interpret(mlir::ModuleOp module, const TensorSource& weights,
                                               const std::vector<int32_t>& prompt) {
  Interpreter interpreter(module, weights);
  KvState state;
  std::vector<Outputs> steps(2);
  const size_t cut = prompt.size() - 5;
  LATHE_ASSIGN_OR_RETURN(steps[0], interpreter.Run("step", StepInputs(prompt, 0, cut), state));
  LATHE_ASSIGN_OR_RETURN(steps[1],
                         interpreter.Run("step", StepInputs(prompt, cut, prompt.size()), state));
  return steps;
}

void ExpectSame(const Outputs& actual, const Outputs& expected, const std::string& what) {
  ASSERT_EQ(actual.size(), expected.size()) << what;
  for (const auto& [name, truth] : expected) {
    auto found = actual.find(name);
    ASSERT_NE(found, actual.end()) << what << ": " << name;
    ASSERT_EQ(found->second.shape(), truth.shape()) << what << ": " << name;
    for (size_t i = 0; i < truth.floats().size(); ++i) {
      float value = truth.floats()[i];
      ASSERT_NEAR(found->second.floats()[i], value, kTolerance * std::max(1.0f, std::abs(value)))
          << what << ": " << name << ", element " << i;
    }
    EXPECT_EQ(found->second.ints(), truth.ints()) << what << ": " << name;
  }
}

TEST_P(PhasesTest, KeepTheMeaning) {
  LATHE_ASSERT_OK_AND_ASSIGN(GoldenCase golden,
                             testing::ReadGoldenCase(*GetParam().folder, "short"));
  const std::vector<int32_t>& prompt = golden.prompts[0];
  LoadOptions load;
  load.folder = *GetParam().folder;
  load.probes = true;
  LATHE_ASSERT_OK_AND_ASSIGN(LoadedModel loaded, LoadModel(load));
  LATHE_ASSERT_OK_AND_ASSIGN(auto module, WithF32Caches(loaded));
  LATHE_ASSERT_OK_AND_ASSIGN(std::vector<Outputs> before,
                             Interpret(*module, *loaded.tensors, prompt));
  ASSERT_GT(before[0].size(), 2u);  // logits and the inputs of layers

  CompileOptions options;
  options.storage.precision = "f32";
  for (const PhaseInfo& info : AllPhases()) {
    if (info.phase == Phase::kEmit) break;
    const std::string name(info.name);
    LATHE_ASSERT_OK(RunPhase(info.phase, *module, options));
    LATHE_ASSERT_OK_AND_ASSIGN(std::vector<Outputs> after,
                               Interpret(*module, *loaded.tensors, prompt));
    for (size_t step = 0; step < before.size(); ++step)
      ExpectSame(after[step], before[step], absl::StrCat("after ", name, ", step ", step));
    before = std::move(after);
  }
}

INSTANTIATE_TEST_SUITE_P(Qwen3, PhasesTest, ::testing::ValuesIn(testing::OwnGoldenModels()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace lathe
