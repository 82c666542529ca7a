#include "compiler/target/target.h"

#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Target, KnowsTheBuiltInOnes) {
  EXPECT_THAT(TargetNames(), ElementsAre("cpu", "cuda:sm_90a"));
  LATHE_ASSERT_OK_AND_ASSIGN(Target cpu, FindTarget("cpu"));
  ASSERT_EQ(cpu.levels.size(), 3u);
  EXPECT_EQ(cpu.levels[0].name, "x86-64-v3");
  LATHE_ASSERT_OK_AND_ASSIGN(CpuLevel level, FindLevel(cpu, "x86-64-v4"));
  EXPECT_EQ(level.matmul_tile_rows, 12);
  EXPECT_EQ(level.matmul_tile_columns, 32);
  LATHE_ASSERT_OK_AND_ASSIGN(Target gpu, FindTarget("cuda:sm_90a"));
  EXPECT_EQ(gpu.kind, TargetKind::kCuda);
  EXPECT_EQ(gpu.gpu.multiprocessors, 132);
}

// The accumulators of a tile, two weight vectors and one broadcast must fit the registers, or every
// step of K spills.
TEST(Target, TilesFitTheRegisters) {
  LATHE_ASSERT_OK_AND_ASSIGN(Target cpu, FindTarget("cpu"));
  for (const CpuLevel& level : cpu.levels) {
    int registers_per_block = 16 * 32 / level.vector_bits;
    int blocks = level.matmul_tile_columns / 16;
    int used = (level.matmul_tile_rows * blocks + 2 * blocks) * registers_per_block;
    EXPECT_LE(used, level.vector_registers) << level.name;
  }
}

TEST(Target, NamesWhatIsKnown) {
  EXPECT_THAT(FindTarget("gpu"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("known are: cpu, cuda:sm_90a")));
  LATHE_ASSERT_OK_AND_ASSIGN(Target cpu, FindTarget("cpu"));
  EXPECT_THAT(FindLevel(cpu, "x86-64-v9"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("it has: x86-64-v3, x86-64-v4, x86-64-v4-bf16")));
}

TEST(Target, RefusesWhatItCannotRead) {
  auto message = [](absl::string_view json) { return ParseTarget(json, "t.json").status(); };
  const auto kInvalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(message("{"), StatusIs(kInvalid, "t.json: not JSON"));
  EXPECT_THAT(message("[]"), StatusIs(kInvalid, HasSubstr("expected an object")));
  EXPECT_THAT(message(R"({"name": "x", "kind": "tpu"})"),
              StatusIs(kInvalid, HasSubstr("expected \"cpu\" or \"cuda\"")));
  EXPECT_THAT(message(R"({"name": 3, "kind": "cpu"})"), StatusIs(kInvalid, HasSubstr("name is 3")));
  EXPECT_THAT(message(R"({"name": "x", "kind": "cpu"})"),
              StatusIs(kInvalid, HasSubstr("key \"levels\" is missing")));
  EXPECT_THAT(message(R"({"name": "x", "kind": "cpu", "levels": []})"),
              StatusIs(kInvalid, HasSubstr("array of levels")));
  EXPECT_THAT(message(R"({"name": "x", "kind": "cpu", "levels": [{"name": "a"}]})"),
              StatusIs(kInvalid, HasSubstr("t.json: levels[0]: key \"llvm_cpu\" is missing")));
  EXPECT_THAT(message(R"({"name": "x", "kind": "cuda", "gpu": {}, "more": 1})"),
              StatusIs(kInvalid, HasSubstr("gpu: key \"arch\"")));
}

}  // namespace
}  // namespace lathe
