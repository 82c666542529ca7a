#include "compiler/pipeline/compile.h"

#include <sys/stat.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "runtime/artifact/artifact_reader.h"
#include "test/support/data.h"
#include "test/support/model/tiny_model.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::testing::AllOf;
using testing::Graph;
using ::testing::HasSubstr;
using testing::ReadFileOrDie;
using testing::StatusIs;
using testing::TinyModel;
using testing::WriteFileOrDie;

bool Exists(const std::string& path) {
  struct stat info;
  return ::stat(path.c_str(), &info) == 0;
}

class CompileTest : public ::testing::Test {
 protected:
  std::string Path(absl::string_view name) const { return absl::StrCat(dir_, "/", name); }
  std::string Dump(Phase phase) const {
    return absl::StrCat(dir_, "/dumps/", static_cast<int>(phase), ".", PhaseName(phase), ".mlir");
  }

  CompileOptions Options() const {
    CompileOptions options;
    options.dump_dir = Path("dumps");
    return options;
  }

  absl::Status CompileTiny(const CompileOptions& options, const std::string& output) {
    std::unique_ptr<Graph> model = TinyModel();
    return Compile(model->module(), model->weights(), {}, options, output).status();
  }

  // Compiles the module of a file instead, which enters at `start`.
  absl::Status CompileFile(const std::string& path, Phase start, CompileOptions options,
                           const std::string& output) {
    std::unique_ptr<Graph> model = TinyModel();
    LATHE_ASSIGN_OR_RETURN(auto module, ReadModule(model->module()->getContext(), path));
    options.start_from = start;
    return Compile(*module, model->weights(), {}, options, output).status();
  }

  const std::string dir_ = testing::TempDir();
};

TEST_F(CompileTest, CanStopAfterEachPhase) {
  for (const PhaseInfo& info : AllPhases()) {
    if (info.phase == Phase::kEmit) break;
    CompileOptions options = Options();
    options.dump_dir = Path(info.name);
    options.stop_after = info.phase;
    std::vector<Phase> ran;
    options.on_phase = [&](Phase phase, double) { ran.push_back(phase); };
    LATHE_ASSERT_OK(CompileTiny(options, Path("m.lathe")));
    EXPECT_EQ(ran.size(), static_cast<size_t>(info.phase) + 1) << info.name;
    EXPECT_EQ(ran.back(), info.phase);
    EXPECT_TRUE(Exists(absl::StrCat(options.dump_dir, "/", static_cast<int>(info.phase), ".",
                                    info.name, ".mlir")));
    EXPECT_FALSE(Exists(Path("m.lathe")));
  }
}

TEST_F(CompileTest, CanEnterAtEachPhase) {
  CompileOptions options = Options();
  options.stop_after = Phase::kPlan;
  LATHE_ASSERT_OK(CompileTiny(options, Path("m.lathe")));
  const std::string planned = ReadFileOrDie(Dump(Phase::kPlan));
  // What enters at any phase arrives at the same plan, from which alone the artifact is made.
  for (Phase phase : {Phase::kPlace, Phase::kQuantize, Phase::kFuse, Phase::kSelect, Phase::kLower,
                      Phase::kPlan}) {
    CompileOptions again = options;
    again.dump_dir = Path("again");
    Phase before = static_cast<Phase>(static_cast<int>(phase) - 1);
    LATHE_ASSERT_OK(CompileFile(Dump(before), phase, again, Path("m.lathe")));
    EXPECT_EQ(ReadFileOrDie(Path("again/6.plan.mlir")), planned) << PhaseName(phase);
  }
}

TEST_F(CompileTest, AnArtifactFromADumpHasTheSameBytes) {
  CompileOptions options = Options();
  options.keep_ir = false;
  LATHE_ASSERT_OK(CompileTiny(options, Path("a.lathe")));
  LATHE_ASSERT_OK(CompileFile(Dump(Phase::kPlan), Phase::kEmit, options, Path("b.lathe")));
  EXPECT_TRUE(ReadFileOrDie(Path("a.lathe")) == ReadFileOrDie(Path("b.lathe")));
}

TEST_F(CompileTest, DumpsEveryPhaseAndKernel) {
  LATHE_ASSERT_OK(CompileTiny(Options(), Path("m.lathe")));
  for (const PhaseInfo& info : AllPhases())
    EXPECT_EQ(Exists(Dump(info.phase)), info.phase != Phase::kEmit) << info.name;
  LATHE_ASSERT_OK_AND_ASSIGN(Artifact artifact, Artifact::Open(Path("m.lathe")));
  LATHE_ASSERT_OK(artifact.VerifyAll());
  EXPECT_TRUE(absl::StrContains(
      ReadFileOrDie(Path("dumps/dispatches/layers.1.attn_attention/problem.mlir")),
      "lathe.dispatch \"layers.1.attn:attention\""));
  // The artifact holds each phase too, the kernels once.
  LATHE_ASSERT_OK_AND_ASSIGN(absl::string_view lower, artifact.Section("ir.lower"));
  EXPECT_TRUE(lower == ReadFileOrDie(Dump(Phase::kLower)));
  LATHE_ASSERT_OK_AND_ASSIGN(absl::string_view plan, artifact.Section("ir.plan"));
  EXPECT_TRUE(absl::StartsWith(plan, "// The kernels are in ir.lower.\n"));
  EXPECT_TRUE(absl::StrContains(plan, "lathe.dispatch \"layers.3.attn:attention\""));
  EXPECT_FALSE(absl::StrContains(plan, "llvm.func"));
}

TEST_F(CompileTest, AnEditedKernelNameIsRefusedByName) {
  CompileOptions options = Options();
  options.stop_after = Phase::kSelect;
  LATHE_ASSERT_OK(CompileTiny(options, Path("m.lathe")));
  const std::string text = ReadFileOrDie(Dump(Phase::kSelect));
  auto compile_with = [&](absl::string_view kernel) {
    WriteFileOrDie(
        Path("edited.mlir"),
        absl::StrReplaceAll(text, {{"kernels = {cpu = \"attention\"}",
                                    absl::StrCat("kernels = {cpu = \"", kernel, "\"}")}}));
    return CompileFile(Path("edited.mlir"), Phase::kLower, CompileOptions(), Path("m.lathe"));
  };
  EXPECT_THAT(compile_with("attention_fast"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("phase lower failed"), HasSubstr("dispatch attn:attention"),
                             HasSubstr("no kernel is called \"attention_fast\""),
                             HasSubstr("there are: grouped_matmul, matmul, attention, rope_table, argmax, sample, moe_route, moe_dispatch, moe_combine, rowwise"))));
  EXPECT_THAT(compile_with("rowwise"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("as rowwise: has no way to run lathe.attention")));
  EXPECT_FALSE(Exists(Path("m.lathe")));
}

TEST_F(CompileTest, AModuleEntersOnlyWhereItKeepsTheContract) {
  CompileOptions options = Options();
  options.stop_after = Phase::kQuantize;
  LATHE_ASSERT_OK(CompileTiny(options, Path("m.lathe")));
  EXPECT_THAT(
      CompileFile(Dump(Phase::kQuantize), Phase::kSelect, CompileOptions(), Path("m.lathe")),
      StatusIs(absl::StatusCode::kInvalidArgument,
               AllOf(HasSubstr("the module cannot enter at phase select"),
                     HasSubstr("after phase fuse: "), HasSubstr("is in no dispatch"))));
  EXPECT_FALSE(Exists(Path("m.lathe")));
}

TEST_F(CompileTest, AFailingPhaseLeavesAReproducerAndNoArtifact) {
  CompileOptions options;
  options.targets = {"cuda:sm_90a"};
  options.reproducer = Path("m.reproducer.mlir");
  options.command_line = "lathe compile tiny --target=cuda:sm_90a";
  EXPECT_THAT(CompileTiny(options, Path("m.lathe")),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("phase select failed: "), HasSubstr("cuda:sm_90a"),
                             HasSubstr("the module before it is in " + options.reproducer))));
  EXPECT_FALSE(Exists(Path("m.lathe")));
  EXPECT_THAT(ReadFileOrDie(options.reproducer),
              AllOf(HasSubstr("--start-from=select"), HasSubstr(options.command_line)));
  // It does what it promises: the phase fails again, and for another target it goes on.
  CompileOptions again;
  again.targets = options.targets;
  EXPECT_THAT(CompileFile(options.reproducer, Phase::kSelect, again, Path("m.lathe")),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("phase select failed: ")));
  again.targets = {"cpu"};
  again.stop_after = Phase::kSelect;
  LATHE_EXPECT_OK(CompileFile(options.reproducer, Phase::kSelect, again, Path("m.lathe")));
}

TEST_F(CompileTest, OptionsThatFitNothingAreRefused) {
  CompileOptions options;
  options.start_from = Phase::kLower;
  options.stop_after = Phase::kFuse;
  EXPECT_THAT(CompileTiny(options, Path("m.lathe")),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("--start-from=lower is behind --stop-after=fuse")));
  options = {};
  options.targets = {"z80"};
  EXPECT_THAT(CompileTiny(options, Path("m.lathe")),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("z80")));
  options.targets = {};
  EXPECT_THAT(CompileTiny(options, Path("m.lathe")),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("no target is given")));
  options = {};
  options.storage.precision = "int3";
  EXPECT_THAT(CompileTiny(options, Path("m.lathe")),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("phase quantize failed: ")));
  options = {};
  options.dump_dir = Path("no/such/place");
  EXPECT_THAT(CompileTiny(options, Path("m.lathe")),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("cannot make the folder")));
}

TEST_F(CompileTest, ModulesThatDoNotParseAreNamedWithTheirPlace) {
  std::unique_ptr<Graph> model = TinyModel();
  mlir::MLIRContext* context = model->module()->getContext();
  WriteFileOrDie(Path("bad.mlir"), "module {\n  lathe.nonsense\n}\n");
  EXPECT_THAT(ReadModule(context, Path("bad.mlir")),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("bad.mlir:2:3: ")));
  EXPECT_THAT(ReadModule(context, Path("none.mlir")),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("none.mlir")));
  WriteFileOrDie(Path("good.mlir"), PrintModule(model->module()));
  LATHE_ASSERT_OK_AND_ASSIGN(auto module, ReadModule(context, Path("good.mlir")));
  EXPECT_EQ(PrintModule(*module), PrintModule(model->module()));
}

}  // namespace
}  // namespace lathe
