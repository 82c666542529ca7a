#include "tools/lathe/load_model.h"

#include "test/support/status_matchers.h"
#include "test/unit/tools/lathe/model_folder.h"

namespace lathe {
namespace {

using ::lathe::testing::ModelFolder;
using ::lathe::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(LoadModelTest, AFolderBecomesAModuleAndItsTensors) {
  ModelFolder folder;
  LATHE_ASSERT_OK_AND_ASSIGN(LoadedModel loaded, LoadModel({.folder = folder.path()}));
  EXPECT_EQ(loaded.model.family, "qwen3");
  EXPECT_EQ(loaded.model.vocab_size, 304);
  EXPECT_EQ(loaded.model.max_context, 512);
  EXPECT_EQ(loaded.model.params.size(), 35u);
  EXPECT_THAT(loaded.warnings, IsEmpty());
  ASSERT_NE(loaded.tensors->Find("model.norm.weight"), nullptr);
  CheckReport report = CheckModel(loaded, /*allow_unused=*/false, /*scan_values=*/true, 1);
  EXPECT_EQ(report.num_tensors, 35u);
  LATHE_EXPECT_OK(ToStatus(report));
}

TEST(LoadModelTest, AttachmentsCarryAllThatRunningNeeds) {
  ModelFolder folder;
  folder.Write("cases.json", "[]");
  LoadOptions options{.folder = folder.path() + "/"};
  LATHE_ASSERT_OK_AND_ASSIGN(LoadedModel loaded, LoadModel(options));
  LATHE_ASSERT_OK_AND_ASSIGN(Attachments attachments, LoadAttachments(options, loaded));
  EXPECT_EQ(folder.path(),
            folder.path().substr(0, folder.path().rfind('/') + 1) + attachments.model_name);
  EXPECT_EQ(attachments.tokenizer_size, 288);
  EXPECT_FALSE(attachments.tokenizer.empty());
  EXPECT_FALSE(attachments.chat_template.empty());
  EXPECT_EQ(attachments.cases, "[]");
  EXPECT_GT(attachments.generation.stop_ids_size(), 0);

  // The hash is that of what was read, wherever it lies.
  ModelFolder copy;
  LATHE_ASSERT_OK_AND_ASSIGN(LoadedModel loaded_copy, LoadModel({.folder = copy.path()}));
  LATHE_ASSERT_OK_AND_ASSIGN(Attachments same,
                             LoadAttachments({.folder = copy.path()}, loaded_copy));
  EXPECT_EQ(same.source_hash, attachments.source_hash);
  copy.Replace("config.json", "\"rms_norm_eps\": 1e-06", "\"rms_norm_eps\": 1e-05");
  LATHE_ASSERT_OK_AND_ASSIGN(Attachments other,
                             LoadAttachments({.folder = copy.path()}, loaded_copy));
  EXPECT_NE(other.source_hash, attachments.source_hash);
}

TEST(LoadModelTest, PrecisionIsWhatMostBytesHave) {
  ModelFolder folder;
  LATHE_ASSERT_OK_AND_ASSIGN(LoadedModel loaded, LoadModel({.folder = folder.path()}));
  EXPECT_EQ(PrecisionOfCheckpoint(*loaded.checkpoint), "bf16");
  folder.EditTensors([](std::vector<SafetensorsTensor>& tensors) {
    for (SafetensorsTensor& tensor : tensors) {
      tensor.view.dtype = DType::kF32;
      tensor.view.shape.back() /= 2;
    }
  });
  LATHE_ASSERT_OK_AND_ASSIGN(auto f32, Checkpoint::Open(folder.path()));
  EXPECT_EQ(PrecisionOfCheckpoint(*f32), "f32");
}

TEST(LoadModelTest, AdviceFollowsTheProblems) {
  CheckReport report;
  EXPECT_EQ(HowToGoOn(report), "");
  LATHE_EXPECT_OK(ToStatus(report));
  report.problems.push_back({CheckProblem::Kind::kUnexpected, "a", "f", "[1] F32"});
  EXPECT_THAT(HowToGoOn(report), HasSubstr("--allow-unused"));
  report.problems.push_back({CheckProblem::Kind::kWrongType, "b", "f", "type I8"});
  EXPECT_THAT(ToStatus(report), StatusIs(absl::StatusCode::kInvalidArgument,
                                         AllOf(HasSubstr("2 problems"), HasSubstr("--allow-unused"),
                                               HasSubstr("use the bf16 release"))));
}

}  // namespace
}  // namespace lathe
