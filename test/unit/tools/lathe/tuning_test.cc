// The loop of a tuner through the real programs: tiles out of an artifact, edited, in again.
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "test/support/data.h"
#include "test/unit/tools/lathe/model_folder.h"

namespace lathe {
namespace {

using ::lathe::testing::CompiledModel;
using ::lathe::testing::ModelFolder;
using ::lathe::testing::ProcessResult;
using ::lathe::testing::ReadFileOrDie;
using ::lathe::testing::RunTool;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kTiles[] = R"([{"dispatch": "model.layers.*.mlp.down_proj", "level": "x86-64-v4",
                               "rows": 5, "blocks": 1, "few_rows": 3, "few_blocks": 2},
                              {"dispatch": "model.layers.*.mlp.down_proj",
                               "level": "x86-64-v4-bf16", "rows": 3, "few_rows": 2},
                              {"dispatch": "model.layers.*.mlp.down_proj", "level": "x86-64-v3",
                               "rows": 2, "few_blocks": 1}])";

std::string Logits(const std::string& artifact, const std::string& folder) {
  testing::WriteFileOrDie(folder + "/ids.json",
                          R"({"prompt_ids": [[1,2,3,4,5,6,7,8,9,10,11,12,13], [4, 2], [7]],
                              "max_new_tokens": 4})");
  ProcessResult run = RunTool({"run", artifact, "--ids=" + folder + "/ids.json",
                               "--dump-tensors=" + folder + "/logits.safetensors"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  return ReadFileOrDie(folder + "/logits.safetensors");
}

// Tiles change how a product is computed and no bit of what it is.
TEST(TuningTest, OtherTilesAreOtherKernelsWithTheSameResults) {
  ModelFolder model;
  model.Write("tiles.json", kTiles);
  ProcessResult run = RunTool(
      {"compile", model.path(), "-o", model.output(), "--tuning=" + model.File("tiles.json")});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.err, HasSubstr("tuning: 3 of 3 rules used, 3 dispatches\n"));

  run = RunTool({"inspect", model.output(), "--tuning"});
  EXPECT_THAT(run.out,
              HasSubstr("{\"dispatch\":\"model.layers.*.mlp.down_proj\",\"level\":\"x86-64-v4\","
                        "\"rows\":5,\"blocks\":1,\"few_rows\":3,\"few_blocks\":2,"));
  // What is in force, forced, changes nothing.
  model.Write("again.json", run.out);
  run = RunTool({"compile", model.path(), "-o", model.output() + "2",
                 "--tuning=" + model.File("again.json")});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.err, AllOf(HasSubstr(" rules used, "), Not(HasSubstr("matched nothing"))));

  run = RunTool({"inspect", model.output(), "--dispatch=model.layers.0.mlp.down_proj"});
  EXPECT_THAT(run.out, AllOf(HasSubstr("tile[x86-64-v4]: rows=5 blocks=1 "),
                             HasSubstr(".tile_5x16: "), HasSubstr("; tile rows=5 blocks=1 ")));
  run = RunTool({"inspect", model.output()});
  EXPECT_THAT(run.out, HasSubstr(" --tuning="));
  const std::string folder = testing::TempDir();
  EXPECT_EQ(Logits(model.output(), folder), Logits(CompiledModel(), folder));
}

// A dump carries the tiles: edited there they enter again.
TEST(TuningTest, TilesAreEditedInADump) {
  ModelFolder model;
  model.Write("tiles.json", kTiles);
  const std::string dumps = testing::TempDir() + "/dumps";
  ASSERT_EQ(RunTool({"compile", model.path(), "-o", model.output(), "--stop-after=select",
                     "--tuning=" + model.File("tiles.json"), "--dump-dir=" + dumps})
                .exit_code,
            0);
  std::string dump = ReadFileOrDie(dumps + "/4.select.mlir");
  const size_t at = dump.find("rows = 5");
  ASSERT_NE(at, std::string::npos);
  auto enter = [&](const char* rows) {
    std::string edited = dump;
    model.Write("edited.mlir", edited.replace(at, 8, rows));
    return RunTool({"compile", model.path(), "-o", model.output(), "--start-from=lower",
                    "--module=" + model.File("edited.mlir")});
  };
  EXPECT_EQ(enter("rows = 4").exit_code, 0);
  EXPECT_THAT(RunTool({"inspect", model.output(), "--tuning"}).out, HasSubstr("\"rows\":4"));
  ProcessResult run = enter("rows = 40");
  EXPECT_EQ(run.exit_code, 1);
  EXPECT_THAT(run.err, AllOf(HasSubstr("a tile of rows = 40, blocks = 1 needs 42 vector registers"),
                             HasSubstr("at most rows = 30 fits")));
}

TEST(TuningTest, WrongFilesAndWrongUse) {
  ModelFolder model;
  auto run = [&](const char* tiles, const std::vector<std::string>& more = {}) {
    model.Write("tiles.json", tiles);
    std::vector<std::string> words = {"compile", model.path(), "-o", model.output(),
                                      "--tuning=" + model.File("tiles.json")};
    words.insert(words.end(), more.begin(), more.end());
    return RunTool(words);
  };
  ProcessResult result = run("[{}]");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("tiles.json: rule 1 has no dispatch"));
  result = run(R"([{"dispatch": "model.layers.*", "level": "x86-64-v4", "rows": 99}])");
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, AllOf(HasSubstr("phase select failed"), HasSubstr("tuning: rule 1: "),
                                HasSubstr("vector registers, x86-64-v4 has 32")));
  result = run(kTiles, {"--start-from=lower", "--module=m.mlir"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("--tuning works in phase select, which --start-from=lower "
                                    "leaves out"));
}

}  // namespace
}  // namespace lathe
