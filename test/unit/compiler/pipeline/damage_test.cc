// Dumps that somebody edited badly: whatever stands in them, the compiler answers with a status.
#include <algorithm>
#include <random>

#include "absl/strings/ascii.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "compiler/emit/program_builder.h"
#include "compiler/pipeline/compile.h"
#include "compiler/pipeline/contracts.h"
#include "gtest/gtest.h"
#include "mlir/Parser/Parser.h"
#include "test/support/model/tiny_model.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using testing::Graph;
using testing::RunPhases;
using testing::TinyModel;

constexpr int kRounds = 12;

bool IsWordChar(char c) { return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_'; }

// A text as words and what stands between them.
std::vector<std::string> Words(const std::string& text) {
  std::vector<std::string> words;
  for (char c : text) {
    bool joins = !words.empty() && IsWordChar(c) && IsWordChar(words.back().back());
    if (joins) {
      words.back() += c;
    } else {
      words.emplace_back(1, c);
    }
  }
  return words;
}

std::string DamageWords(std::vector<std::string> words, std::mt19937& random) {
  static constexpr const char* kNumbers[] = {"0", "1", "-1", "7", "63", "4096", "1000000000000"};
  size_t at = random() % words.size();
  switch (random() % 4) {
    case 0:
      words[at] = "";
      break;
    case 1:
      words[at] = words[random() % words.size()];
      break;
    default:
      // Numbers are extents, offsets and counts.
      for (size_t i = 0; i < words.size() && !absl::ascii_isdigit(words[at][0]); ++i)
        at = (at + 1) % words.size();
      words[at] = kNumbers[random() % std::size(kNumbers)];
  }
  return absl::StrJoin(words, "");
}

std::string DamageLines(const std::string& text, std::mt19937& random) {
  std::vector<std::string> lines = absl::StrSplit(text, '\n');
  size_t at = random() % lines.size();
  switch (random() % 3) {
    case 0:
      lines.erase(lines.begin() + static_cast<int64_t>(at));
      break;
    case 1:
      std::swap(lines[at], lines[random() % lines.size()]);
      break;
    default:
      lines.insert(lines.begin() + static_cast<int64_t>(at), lines[random() % lines.size()]);
  }
  return absl::StrJoin(lines, "\n");
}

// Enters behind the phase of the dump and goes on to the command list.
absl::Status Compile(const std::string& text, Phase dumped) {
  std::unique_ptr<Graph> model = TinyModel();
  mlir::MLIRContext* context = model->module()->getContext();
  mlir::ScopedDiagnosticHandler quiet(context, [](mlir::Diagnostic&) { return mlir::success(); });
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, mlir::ParserConfig(context));
  if (!module) return absl::InvalidArgumentError("does not parse");
  if (dumped == Phase::kPlan) {
    if (mlir::failed(VerifyContract(dumped, *module)))
      return absl::InvalidArgumentError("breaks the contract");
  } else {
    CompileOptions options;
    options.keep_ir = false;
    options.start_from = static_cast<Phase>(static_cast<int>(dumped) + 1);
    options.stop_after = Phase::kPlan;
    LATHE_RETURN_IF_ERROR(
        lathe::Compile(*module, model->weights(), {}, options, "unused").status());
  }
  LATHE_ASSIGN_OR_RETURN(Target cpu, FindTarget("cpu"));
  artifact::Manifest manifest;
  WeightTable weights;
  return ProgramBuilder(manifest, weights).AddPrograms(*module, cpu);
}

class DamageTest : public ::testing::TestWithParam<Phase> {};

TEST_P(DamageTest, NoDumpBringsTheCompilerDown) {
  std::unique_ptr<Graph> model = TinyModel();
  LATHE_ASSERT_OK(RunPhases(*model, GetParam()));
  std::string text = PrintModule(model->module());
  LATHE_ASSERT_OK(Compile(text, GetParam()));
  // Bodies of kernels are LLVM's to check: the damage goes to what stands before them.
  size_t end = std::min(text.find("module @kernels"), text.size());
  std::string kernels = text.substr(end);
  text.resize(end);
  std::vector<std::string> words = Words(text);
  std::mt19937 random(static_cast<uint32_t>(GetParam()) + 1);
  int rejected = 0;
  for (int round = 0; round < kRounds; ++round) {
    std::string damaged = round % 2 == 0 ? DamageWords(words, random) : DamageLines(text, random);
    if (!Compile(damaged + kernels, GetParam()).ok()) ++rejected;
  }
  // Some edits mean nothing, or something else that can be compiled.
  EXPECT_GT(rejected, kRounds / 2);
}

INSTANTIATE_TEST_SUITE_P(Phases, DamageTest,
                         ::testing::Values(Phase::kNormalize, Phase::kPlace, Phase::kQuantize,
                                           Phase::kFuse, Phase::kSelect, Phase::kPlan),
                         [](const auto& param_info) {
                           return std::string(PhaseName(param_info.param));
                         });

}  // namespace
}  // namespace lathe
