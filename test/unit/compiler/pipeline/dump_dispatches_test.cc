#include "compiler/pipeline/dump_dispatches.h"

#include <filesystem>
#include <set>

#include "compiler/pipeline/compile.h"
#include "gmock/gmock.h"
#include "test/support/data.h"
#include "test/support/model/tiny_model.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using testing::Graph;
using ::testing::HasSubstr;
using testing::kTinyModelKernels;
using testing::ReadFileOrDie;
using testing::StatusIs;

TEST(DumpDispatchesTest, NamesOfFoldersArePlain) {
  EXPECT_EQ(FolderName("model.layers.0.mlp.gate_proj+up_proj"),
            "model.layers.0.mlp.gate_proj+up_proj");
  EXPECT_EQ(FolderName("self_attn:attention"), "self_attn_attention");
  EXPECT_EQ(FolderName("../../etc/passwd"), "_._.._etc_passwd");
  EXPECT_EQ(FolderName(""), "_");
  EXPECT_EQ(FolderName("."), "_");
  EXPECT_EQ(FolderName(std::string(500, 'x')).size(), 120u);
}

TEST(DumpDispatchesTest, AFolderForEachKindWithItsProblemAndItsKernels) {
  std::unique_ptr<Graph> model = testing::TinyModel();
  LATHE_ASSERT_OK(testing::RunPhases(*model, Phase::kPlan));
  const std::string dir = testing::TempDir();
  LATHE_ASSERT_OK_AND_ASSIGN(Target cpu, FindTarget("cpu"));
  LATHE_ASSERT_OK_AND_ASSIGN(DispatchDumper dumper,
                             DispatchDumper::Make(model->module(), {cpu}, dir));
  std::set<std::string> folders;
  for (const auto& entry : std::filesystem::directory_iterator(dir + "/dispatches"))
    folders.insert(entry.path().string());
  EXPECT_EQ(folders.size(), static_cast<size_t>(kTinyModelKernels));
  for (const std::string& folder : folders) {
    // A problem enters again by itself.
    LATHE_ASSERT_OK(ReadModule(model->module()->getContext(), folder + "/problem.mlir").status());
    for (const CpuLevel& level : cpu.levels) {
      const std::string kernel = ReadFileOrDie(folder + "/" + level.name + ".mlir");
      EXPECT_THAT(kernel, HasSubstr("llvm.func @")) << folder;
    }
  }
  // What the code generator makes of a kernel goes to the dispatches that it runs.
  const std::string kernel = ReadFileOrDie(*folders.begin() + "/x86-64-v3.mlir");
  const size_t at = kernel.find("module @") + 8;
  const std::string symbol = kernel.substr(at, kernel.find(' ', at) - at);
  LATHE_ASSERT_OK(dumper.AddKernel({"cpu", "x86-64-v3", symbol, "the ir", "the code"}));
  EXPECT_EQ(ReadFileOrDie(*folders.begin() + "/x86-64-v3.ll"), "the ir");
  EXPECT_EQ(ReadFileOrDie(*folders.begin() + "/x86-64-v3.s"), "the code");
  EXPECT_FALSE(std::filesystem::exists(*folders.begin() + "/x86-64-v4.s"));
  EXPECT_FALSE(std::filesystem::exists(*folders.rbegin() + "/x86-64-v3.s")) << "another kernel's";
}

TEST(DumpDispatchesTest, FoldersThatCannotBeMadeAreNamed) {
  std::unique_ptr<Graph> model = testing::TinyModel();
  LATHE_ASSERT_OK(testing::RunPhases(*model, Phase::kPlan));
  EXPECT_THAT(DispatchDumper::Make(model->module(), {}, "/no/such/folder").status(),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("/no/such/folder/dispatches")));
}

}  // namespace
}  // namespace lathe
