#include "compiler/emit/emit.h"

#include <sys/stat.h>

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "runtime/artifact/artifact_reader.h"
#include "test/support/data.h"
#include "test/support/model/tiny_model.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::testing::ElementsAre;
using testing::Graph;
using ::testing::HasSubstr;
using testing::kTinyModelDispatches;
using testing::kTinyModelKernels;
using testing::RunPhases;
using testing::StatusIs;
using testing::TinyModel;

class EmitTest : public ::testing::Test {
 protected:
  void SetUp() override { LATHE_ASSERT_OK_AND_ASSIGN(cpu_, FindTarget("cpu")); }

  static Attachments SomeAttachments() {
    Attachments attachments;
    attachments.model_name = "tiny";
    attachments.tokenizer = "tables";
    attachments.tokenizer_size = 30;
    attachments.chat_template = "{{ messages }}";
    attachments.special_tokens = {{"eos_token", "<end>"}};
    attachments.generation.add_stop_ids(7);
    attachments.options = "--target=cpu --precision=bf16";
    attachments.source_hash = 42;
    attachments.texts = {{"ir.plan", "module {}"}};
    return attachments;
  }

  absl::StatusOr<EmitReport> Emit(Graph& model, const std::string& path, int threads = 1) {
    EmitOptions options;
    options.threads = threads;
    return EmitArtifact(model.module(), {cpu_}, model.weights(), SomeAttachments(), options, path);
  }

  Target cpu_;
  const std::string dir_ = testing::TempDir();
};

TEST_F(EmitTest, TheArtifactHoldsAllThatARunnerNeeds) {
  std::unique_ptr<Graph> model = TinyModel();
  LATHE_ASSERT_OK(RunPhases(*model, Phase::kPlan));
  LATHE_ASSERT_OK_AND_ASSIGN(EmitReport report, Emit(*model, dir_ + "/m.lathe"));
  EXPECT_EQ(report.num_commands, kTinyModelDispatches);
  EXPECT_EQ(report.num_kernels, kTinyModelKernels);

  LATHE_ASSERT_OK_AND_ASSIGN(Artifact artifact, Artifact::Open(dir_ + "/m.lathe"));
  LATHE_EXPECT_OK(artifact.VerifyAll());
  EXPECT_EQ(report.artifact_bytes, artifact.file_bytes());
  const artifact::Manifest& manifest = artifact.manifest();
  EXPECT_EQ(manifest.model_name(), "tiny");
  EXPECT_EQ(manifest.family(), "tiny");
  EXPECT_EQ(manifest.precision(), "bf16");
  EXPECT_EQ(manifest.max_context(), 128);
  EXPECT_EQ(manifest.vocab_size(), 32);
  EXPECT_EQ(manifest.tokenizer_size(), 30);
  EXPECT_THAT(manifest.targets(), ElementsAre("cpu"));
  EXPECT_THAT(manifest.generation().stop_ids(), ElementsAre(7));
  EXPECT_EQ(manifest.special_tokens(0).text(), "<end>");
  EXPECT_EQ(manifest.provenance().command(), "--target=cpu --precision=bf16");
  EXPECT_EQ(manifest.provenance().source_hash(), 42);
  ASSERT_EQ(manifest.code_size(), 3);
  EXPECT_EQ(manifest.code(0).feature_level(), "x86-64-v3");
  EXPECT_EQ(manifest.code(1).feature_level(), "x86-64-v4");
  LATHE_ASSERT_OK_AND_ASSIGN(absl::string_view elf, artifact.Section(manifest.code(0).section()));
  EXPECT_TRUE(absl::StartsWith(elf,
                               "\x7f"
                               "ELF"));
  LATHE_ASSERT_OK_AND_ASSIGN(absl::string_view assembly, artifact.Section("asm.cpu.x86-64-v4"));
  for (const artifact::Kernel& kernel : manifest.programs(0).kernels())
    EXPECT_TRUE(absl::StrContains(assembly, ";; kernel " + kernel.symbol() + "\n"));
  EXPECT_EQ(artifact.Section("tokenizer").value(), "tables");
  EXPECT_EQ(artifact.Section("chat_template").value(), "{{ messages }}");
  EXPECT_EQ(artifact.Section("ir.plan").value(), "module {}");
  EXPECT_FALSE(artifact.HasSection("cases"));
}

TEST_F(EmitTest, TheSameModuleGivesTheSameBytesOnAnyNumberOfThreads) {
  std::unique_ptr<Graph> model = TinyModel();
  LATHE_ASSERT_OK(RunPhases(*model, Phase::kPlan));
  LATHE_ASSERT_OK(Emit(*model, dir_ + "/one.lathe", 1).status());
  LATHE_ASSERT_OK(Emit(*model, dir_ + "/three.lathe", 3).status());
  EXPECT_TRUE(testing::ReadFileOrDie(dir_ + "/one.lathe") ==
              testing::ReadFileOrDie(dir_ + "/three.lathe"));
}

TEST_F(EmitTest, AMissingWeightLeavesNoFile) {
  std::unique_ptr<Graph> model = TinyModel();
  LATHE_ASSERT_OK(RunPhases(*model, Phase::kPlan));
  model->weights().Add("layers.3.norm", HostTensor(DType::kF32, {15}));
  EXPECT_THAT(Emit(*model, dir_ + "/m.lathe"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("layers.3.norm is [15] F32, the module declares [16] F32")));
  struct stat info;
  EXPECT_NE(::stat((dir_ + "/m.lathe").c_str(), &info), 0);
}

TEST_F(EmitTest, AModuleThatWasNotLoweredIsRefused) {
  std::unique_ptr<Graph> model = TinyModel();
  LATHE_ASSERT_OK(RunPhases(*model, Phase::kSelect));
  EXPECT_THAT(Emit(*model, dir_ + "/m.lathe"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("run phase lower first")));
}

}  // namespace
}  // namespace lathe
