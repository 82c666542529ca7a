// A fixed number of seeds, and the fuzzer itself: it finds a fault that is planted, makes the case
// small, and prints it as a test that fails with the fault and passes without.
#include <sys/stat.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"
#include "test/op_fuzz/context.h"
#include "test/op_fuzz/generate.h"
#include "test/op_fuzz/isolate.h"
#include "test/op_fuzz/lit_text.h"
#include "test/op_fuzz/planted_fault.h"
#include "test/op_fuzz/shrink.h"
#include "test/support/data.h"
#include "test/support/process.h"

namespace lathe::op_fuzz {
namespace {

using testing::BinaryPath;
using ::testing::HasSubstr;
using testing::ProcessResult;
using testing::RunProcess;

// Enough for a run of seconds; `op-fuzz run --seeds=N --start=M` goes further.
constexpr uint64_t kPassSeeds = 150;
constexpr uint64_t kCodeSeeds = 4;

void CheckSeed(uint64_t seed, bool compiles) {
  FuzzContext context;
  Case made = GenerateCase(context.get(), seed, compiles);
  Verdict verdict = CheckIsolated(*made.module, made.run);
  EXPECT_FALSE(verdict.is_finding())
      << LitTest(*made.module, made.run, verdict) << "// smaller: op-fuzz run --start=" << seed
      << " --seeds=1 --compile-every=1";
}

TEST(OpFuzzTest, PassesKeepWhatGraphsMean) {
  for (uint64_t seed = 0; seed < kPassSeeds; ++seed) CheckSeed(seed, /*compiles=*/false);
}

TEST(OpFuzzTest, CodeComputesWhatGraphsMean) {
  for (uint64_t seed = 0; seed < kCodeSeeds; ++seed) CheckSeed(seed, /*compiles=*/true);
}

TEST(OpFuzzTest, ASeedMakesTheSameGraphEachTime) {
  FuzzContext one;
  FuzzContext two;
  Case a = GenerateCase(one.get(), 7, true);
  Case b = GenerateCase(two.get(), 7, true);
  EXPECT_EQ(PrintModule(*a.module), PrintModule(*b.module));
  EXPECT_EQ(FlagsOf(a.run), FlagsOf(b.run));
}

// The command line of a printed test, run as lit runs it.
ProcessResult RunLine(const std::string& text, const std::string& drop_flag) {
  const std::string file = testing::TempDir() + "/found.mlir";
  testing::WriteFileOrDie(file, text);
  std::string line;
  for (absl::string_view candidate : absl::StrSplit(text, '\n')) {
    if (absl::ConsumePrefix(&candidate, "// RUN: ")) line = std::string(candidate);
  }
  line = absl::StrReplaceAll(
      line, {{"%s", file}, {"op-fuzz", BinaryPath("op-fuzz")}, {"FileCheck", LATHE_FILE_CHECK}});
  if (!drop_flag.empty()) line = absl::StrReplaceAll(line, {{drop_flag, ""}});
  return RunProcess({"sh", "-c", line});
}

TEST(OpFuzzTest, APlantedFaultIsFoundShrunkAndPrinted) {
  for (uint64_t seed = 0; seed < 400; ++seed) {
    FuzzContext context;
    Case made = GenerateCase(context.get(), seed, /*compiles=*/false);
    Verdict verdict = CheckIsolated(*made.module, made.run, PlantFault);
    if (!verdict.is_finding()) continue;
    EXPECT_EQ(verdict.stage, "normalize");
    Case small = Shrink(*made.module, made.run, [](mlir::ModuleOp module, const CaseRun& run) {
      return CheckCase(module, run, PlantFault).kind == Verdict::Kind::kDiffers;
    });
    // The scale and the product that it was dropped from, of one element.
    EXPECT_EQ(NumOps(*small.module), 2);
    const std::string text = LitTest(*small.module, small.run,
                                     CheckCase(*small.module, small.run, PlantFault), " --plant");
    EXPECT_THAT(text, HasSubstr("x1xf32"));
    EXPECT_NE(RunLine(text, "").exit_code, 0) << text;
    EXPECT_EQ(RunLine(text, "--plant").exit_code, 0) << text;
    return;
  }
  ADD_FAILURE() << "no seed meets the planted fault";
}

TEST(OpFuzzTest, ACrashIsAVerdict) {
  FuzzContext context;
  Case made = GenerateCase(context.get(), 1, /*compiles=*/false);
  Verdict verdict = CheckIsolated(*made.module, made.run, [](mlir::ModuleOp) { std::abort(); });
  EXPECT_EQ(verdict.kind, Verdict::Kind::kCrashed);
  EXPECT_THAT(verdict.text, HasSubstr("signal 6"));
}

}  // namespace
}  // namespace lathe::op_fuzz
