#include "runtime/artifact/artifact_text.h"

#include "test/support/data.h"
#include "test/support/status_matchers.h"
#include "test/support/test_artifact.h"

namespace lathe {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class ArtifactTextTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string path = testing::TempDir() + "/m.lathe";
    testing::WriteTestArtifact(path, testing::MakeTestManifest());
    absl::StatusOr<Artifact> opened = Artifact::Open(path);
    ASSERT_TRUE(opened.ok()) << opened.status().ToString();
    artifact_ = std::make_unique<Artifact>(*std::move(opened));
  }
  std::unique_ptr<Artifact> artifact_;
};

TEST_F(ArtifactTextTest, SummaryHoldsTheWholeStory) {
  EXPECT_THAT(
      SummaryText(*artifact_),
      AllOf(HasSubstr("model     test, family none, precision f32"),
            HasSubstr("choice    greedy; ends at no id\n"), HasSubstr("targets   cpu\n"),
            HasSubstr("code      cpu x86-64-v4\n"), HasSubstr("format    2, kernel ABI 1\n"),
            HasSubstr("code.cpu.x86-64-v3"), HasSubstr("(checked by --verify)"),
            HasSubstr("entry step for cpu: 4 commands, 4 kernels"),
            HasSubstr("in   x [rows, 24] F32"), HasSubstr("out  y [rows, 40] F32"),
            HasSubstr("state kv: 1 layers, 1 heads of 4, F32, 4 tokens a page\n")));
}

TEST_F(ArtifactTextTest, TheChoiceOfTokensAsPublished) {
  artifact::GenerationDefaults defaults;
  defaults.set_top_k(20);
  defaults.set_repetition_penalty(1);
  defaults.add_stop_ids(7);
  EXPECT_EQ(GenerationText(defaults), "greedy; ends at id 7") << "without sampling top_k is off";
  defaults.set_do_sample(true);
  defaults.set_temperature(0.6f);
  defaults.set_top_p(0.95f);
  defaults.set_min_p(0.01f);
  defaults.set_repetition_penalty(1.05f);
  defaults.set_max_new_tokens(512);
  defaults.add_stop_ids(9);
  EXPECT_EQ(GenerationText(defaults),
            "temperature 0.6, top_k 20, top_p 0.95, min_p 0.01, repetition_penalty 1.05, at most "
            "512 tokens; ends at ids 7, 9");
}

TEST_F(ArtifactTextTest, MemoryTableHasWeightsPagesAndWorkspace) {
  const std::string text = MemoryText(artifact_->manifest());
  EXPECT_THAT(text, AllOf(HasSubstr("3.75 KiB  (1 tensors, read in place)"),
                          HasSubstr("a page of kv"), HasSubstr("128 B  (32 B a token)"),
                          HasSubstr("workspace of step, cpu       128*rows + 384*rows bytes")));
}

TEST_F(ArtifactTextTest, ProgramsShowKernelsAndReasons) {
  const artifact::Program& program = artifact_->manifest().programs(0);
  const std::string text = ProgramText(artifact_->manifest(), program, false);
  EXPECT_THAT(text,
              AllOf(HasSubstr("   1 y  "), HasSubstr("matmul  items 40\n"),
                    HasSubstr("accumulate  items 24*ceil(rows/1048576)"), Not(HasSubstr("why"))));
  EXPECT_THAT(
      ProgramText(artifact_->manifest(), program, true),
      AllOf(HasSubstr("reads  input x\n"), HasSubstr("weight proj.weight [40, 24] F32 rows\n"),
            HasSubstr("writes buffer at 128*rows, 192*rows bytes\n"),
            HasSubstr("writes pool of kv + 0\n"), HasSubstr("reads  page table of kv\n"),
            HasSubstr("dims   [rows, 24, 40]\n"), HasSubstr("why    plain: the only kernel")));
}

}  // namespace
}  // namespace lathe
