// `lathe inspect` on an artifact that `lathe compile` made, whole and damaged.
#include <algorithm>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "test/support/data.h"
#include "test/unit/tools/lathe/model_folder.h"

namespace lathe {
namespace {

using ::lathe::testing::CompiledModel;
using ::lathe::testing::ProcessResult;
using ::lathe::testing::RunTool;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

std::string Shown(std::vector<std::string> words) {
  words.insert(words.begin(), {"inspect", CompiledModel()});
  ProcessResult run = RunTool(std::move(words));
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.err, "");
  return run.out;
}

void ExpectRefused(std::vector<std::string> words, const std::string& message) {
  words.insert(words.begin(), {"inspect", CompiledModel()});
  ProcessResult run = RunTool(std::move(words));
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_EQ(run.out, "");
  EXPECT_THAT(run.err, AllOf(StartsWith("lathe inspect: " + CompiledModel()), HasSubstr(message)));
}

TEST(InspectCommandTest, SummarySaysWhatTheArtifactIs) {
  EXPECT_THAT(Shown({}),
              AllOf(HasSubstr("family qwen3, precision bf16\n"),
                    HasSubstr("context   512 tokens, vocabulary 304 (tokenizer 288)\n"),
                    HasSubstr("code      cpu x86-64-v3\n"), HasSubstr("code      cpu x86-64-v4\n"),
                    HasSubstr("  tokenizer  "), HasSubstr("\nentry step for cpu: "),
                    HasSubstr("  out  logits [logit_rows, 304] F32\n"), HasSubstr("\nmemory\n")));
}

TEST(InspectCommandTest, MemoryIsATable) {
  EXPECT_THAT(Shown({"--memory"}),
              AllOf(StartsWith("memory\n"), HasSubstr("a page of kv"), HasSubstr("(384 B a token)"),
                    HasSubstr("workspace of step, cpu")));
}

TEST(InspectCommandTest, ProgramNamesEachLaunchAndWhy) {
  std::string brief = Shown({"--program"});
  EXPECT_THAT(brief, AllOf(HasSubstr(" model.layers.2.mlp.down_proj"), Not(HasSubstr(" why "))));
  std::string whole = Shown({"--program", "-v"});
  EXPECT_THAT(whole, AllOf(HasSubstr("reads  weight model.embed_tokens.weight [304, 48] BF16"),
                           HasSubstr("reads  input tokens"), HasSubstr("writes buffer at "),
                           HasSubstr("cpu: matmul: taken, "), HasSubstr("cpu: attention: no, ")));
}

TEST(InspectCommandTest, AssemblyOfADispatchOrAKernel) {
  std::string both = Shown({"--asm=model.layers.0.self_attn.o_proj"});
  EXPECT_THAT(both,
              AllOf(StartsWith("; x86-64-v3\n;; kernel matmul_"), HasSubstr("\n; x86-64-v4\n"),
                    HasSubstr("ymm"), HasSubstr("zmm"), HasSubstr("vfmadd")));
  std::string old = Shown({"--asm=model.layers.0.self_attn.o_proj", "--level=x86-64-v3"});
  EXPECT_THAT(old, Not(HasSubstr("zmm")));
  // Layers share kernels.
  EXPECT_EQ(old, Shown({"--asm=model.layers.1.self_attn.o_proj", "--level=x86-64-v3"}));
  size_t name = old.find("matmul_");
  EXPECT_EQ(old,
            Shown({"--asm=" + old.substr(name, old.find('\n', name) - name), "--level=x86-64-v3"}));
}

TEST(InspectCommandTest, TheInnerLoopOfAssemblyIsMarked) {
  const std::string text = Shown({"--asm=lm_head", "--level=x86-64-v4"});
  EXPECT_THAT(text, AllOf(HasSubstr("; >>> inner loop: "), HasSubstr(" FMAs, "),
                          HasSubstr("; <<< inner loop of matmul_")));
}

TEST(InspectCommandTest, LlvmIrIsCompiledAgain) {
  const std::string text = Shown({"--llvm=lm_head", "--level=x86-64-v3"});
  EXPECT_THAT(text, AllOf(StartsWith("; x86-64-v3\n"), HasSubstr("void @matmul_"),
                          HasSubstr("\"target-cpu\"=\"x86-64-v3\""), Not(HasSubstr("x86-64-v4"))));
}

TEST(InspectCommandTest, DispatchesAreATableOfWork) {
  const std::string text = Shown({"--dispatches"});
  EXPECT_THAT(text, AllOf(HasSubstr("entry step for cpu at tokens=1 "),
                          HasSubstr("entry step for cpu at tokens=512 "),
                          HasSubstr("  model.layers.*.mlp.down_proj "), HasSubstr("FLOP/byte")));
  EXPECT_THAT(text, Not(HasSubstr("limit")));
  const std::string limits = testing::TempDir() + "/limits.json";
  testing::WriteFileOrDie(limits, R"({"limits": [{"threads": 2, "read_bytes_per_second": 1e10,
                                                  "fma_flops_per_second": 1e11}]})");
  const std::string asked =
      Shown({"--dispatches", "--limits=" + limits, "--threads=2", "--symbol=tokens=64"});
  EXPECT_THAT(asked, AllOf(HasSubstr("at tokens=64 "), Not(HasSubstr("tokens=512")),
                           HasSubstr("limit us  bound by"), HasSubstr(" fma f32 "),
                           HasSubstr("the whole step takes at least ")));
  ProcessResult run = RunTool({"inspect", CompiledModel(), "--dispatches", "--limits=" + limits});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("holds no limits for 1 threads, only for 2"));
  ExpectRefused({"--dispatches", "--symbol=token=64"}, "did you mean tokens?");
}

TEST(InspectCommandTest, OneDispatchWithItsCostItsReasonsAndItsCode) {
  const std::string text = Shown({"--dispatch=model.layers.1.mlp.down_proj"});
  EXPECT_THAT(text, AllOf(StartsWith("dispatch model.layers.1.mlp.down_proj, entry step for cpu\n"),
                          HasSubstr("  kernel   matmul_"), HasSubstr(", which 3 dispatches run\n"),
                          HasSubstr("  flops    "), HasSubstr("*tokens\n"),
                          HasSubstr("  why      cpu: matmul: taken, ")));
  EXPECT_THAT(text, AllOf(HasSubstr("  x86-64-v3: "), HasSubstr("  x86-64-v4: "),
                          HasSubstr(" bytes of instructions; tile rows="),
                          HasSubstr("    inner loops:\n    matmul_"),
                          HasSubstr("\n    many rows take 12x2: "), HasSubstr("; not 8x3 ("),
                          HasSubstr("\n    few rows take 8x3: ")));
  ExpectRefused({"--dispatch=model.layers.1.mlp.down_prj"},
                "did you mean model.layers.1.mlp.down_proj?");
}

TEST(InspectCommandTest, IrOfOneDispatchAfterAllPhases) {
  const std::string text =
      Shown({"--dispatch=model.layers.1.mlp.down_proj", "--ir=all", "--level=x86-64-v3"});
  size_t at = 0;
  for (const char* phase : {"normalize", "place", "quantize", "fuse", "select", "lower", "plan"}) {
    const size_t next = text.find(std::string("// ---- after phase ") + phase + "\n", at);
    ASSERT_NE(next, std::string::npos) << phase;
    at = next;
  }
  EXPECT_THAT(text, Not(HasSubstr("self_attn.o_proj")));
}

TEST(InspectCommandTest, IrOfEachPhase) {
  EXPECT_THAT(Shown({"--ir=normalize"}),
              AllOf(HasSubstr("lathe.matmul"), Not(HasSubstr("lathe.dispatch"))));
  EXPECT_THAT(Shown({"--ir=fuse"}), HasSubstr("lathe.dispatch"));
  for (const char* phase : {"place", "quantize", "select", "lower", "plan"})
    EXPECT_THAT(Shown({std::string("--ir=") + phase}), HasSubstr("func.func @step"));
}

TEST(InspectCommandTest, IrIsShownWithoutLocationsAndReadAgainWithThem) {
  std::string brief = Shown({"--ir=fuse"});
  std::string whole = Shown({"--ir=fuse", "-v"});
  EXPECT_THAT(brief, Not(HasSubstr("loc(")));
  EXPECT_THAT(brief, Not(HasSubstr("#loc")));
  EXPECT_THAT(whole, HasSubstr("\n#loc"));
  for (const std::string& text : {brief, whole}) {
    const std::string path = testing::TempDir() + "/fuse.mlir";
    testing::WriteFileOrDie(path, text);
    EXPECT_EQ(RunTool({"opt", path, "-o", "/dev/null"}).exit_code, 0);
  }
}

TEST(InspectCommandTest, NamesThatAreNotThereAreRefusedWithThoseThatAre) {
  ExpectRefused({"--ir=fuze"},
                "keeps no IR of phase \"fuze\"; it has: normalize, place, quantize, ");
  ExpectRefused({"--asm=model.layers.0.self_attn.o_prj"},
                "did you mean model.layers.0.self_attn.o_proj?");
  ExpectRefused(
      {"--asm=embed", "--level=x86-64-v2"},
      "has no code for level \"x86-64-v2\"; it has: x86-64-v3, x86-64-v4, x86-64-v4-bf16");
}

TEST(InspectCommandTest, VerifyReadsEverything) {
  EXPECT_EQ(Shown({"--verify"}), CompiledModel() + ": every checksum is right\n");
}

TEST(InspectCommandTest, DamagedArtifactsAreToldByPlace) {
  const std::string whole = testing::ReadFileOrDie(CompiledModel());
  const std::string path = testing::TempDir() + "/damaged.lathe";
  auto refused = [&](const std::string& bytes, const char* message) {
    testing::WriteFileOrDie(path, bytes);
    ProcessResult run = RunTool({"inspect", path, "--verify"});
    EXPECT_EQ(run.exit_code, 1);
    EXPECT_EQ(run.out, "");
    EXPECT_THAT(run.err, AllOf(StartsWith("lathe inspect: " + path + ": "), HasSubstr(message)));
    EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 1) << run.err;
  };
  auto altered = [&](size_t at) {
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x55);
    return bytes;
  };
  refused("", "the file has 0 bytes");
  refused(whole.substr(0, whole.size() - 1000),
          "(cut short); the file is damaged: copy it again, or compile");
  refused(whole + "x", "the file has ");
  refused("PK" + whole.substr(2),
          "not a .lathe file (its first bytes differ); `lathe compile` makes one");
  refused(altered(40), "the header's checksum does not match");
  refused(altered(5000), "section \"weights\"");
  refused(altered(whole.size() / 2), "section \"ir.");
}

TEST(InspectCommandTest, HelpAndWrongUse) {
  ProcessResult run = RunTool({"inspect", "--help"});
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.out, HasSubstr("usage: lathe inspect ARTIFACT"));
  run = RunTool({"inspect", "m.lathe", "--asmm=x"});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err, HasSubstr("unknown flag --asmm, did you mean --asm?"));
  run = RunTool({"inspect", testing::TempDir() + "/none.lathe"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("cannot open "));
}

TEST(InspectCommandTest, TextThatIsLostIsAnError) {
  ProcessResult run =
      RunTool({"inspect", CompiledModel(), "--program"}, {.stdout_path = "/dev/full"});
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, HasSubstr("No space left on device"));
}

}  // namespace
}  // namespace lathe
