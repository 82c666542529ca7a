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
  EXPECT_EQ(level.VectorsOf16(), 1);
  EXPECT_EQ(cpu.levels[0].VectorsOf16(), 2);
  EXPECT_EQ(level.fma, (InstructionRate{.per_cycle = 2, .latency = 4}));
  LATHE_ASSERT_OK_AND_ASSIGN(Target gpu, FindTarget("cuda:sm_90a"));
  EXPECT_EQ(gpu.kind, TargetKind::kCuda);
  EXPECT_EQ(gpu.gpu.multiprocessors, 132);
}

TEST(Target, ALevelHasTheRatesOfItsInstructions) {
  LATHE_ASSERT_OK_AND_ASSIGN(Target cpu, FindTarget("cpu"));
  for (const CpuLevel& level : cpu.levels) {
    EXPECT_GT(level.fma.latency, 0) << level.name;
    EXPECT_EQ(level.dot_int8.per_cycle > 0, level.Has("avx512_vnni")) << level.name;
    EXPECT_EQ(level.dot_bf16.per_cycle > 0, level.Has("avx512_bf16")) << level.name;
  }
}

TEST(Target, NamesWhatIsKnown) {
  EXPECT_THAT(FindTarget("gpu"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("known are: cpu, cuda:sm_90a")));
  LATHE_ASSERT_OK_AND_ASSIGN(Target cpu, FindTarget("cpu"));
  EXPECT_THAT(FindLevel(cpu, "x86-64-v9"),
              StatusIs(absl::StatusCode::kNotFound,
                       HasSubstr("it has: x86-64-v3, x86-64-v4, x86-64-v4-bf16")));
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
  auto level = [&](absl::string_view numbers) {
    return message(absl::StrCat(
        R"({"name": "x", "kind": "cpu", "levels": [{"name": "a", "llvm_cpu": "a", "llvm_features": [],
            "features": ["avx2"], "vector_registers": 16, "loads_per_cycle": 2, "read_streams": 4, )",
        numbers, "}]}"));
  };
  EXPECT_THAT(level(R"("vector_bits": 128, "fma": {"per_cycle": 2, "latency": 4})"),
              StatusIs(kInvalid, HasSubstr("vector_bits is 128, expected 256 or 512")));
  EXPECT_THAT(level(R"("vector_bits": 256, "fma": {"per_cycle": 2})"),
              StatusIs(kInvalid, HasSubstr("levels[0]: fma: key \"latency\" is missing")));
  EXPECT_THAT(level(R"("vector_bits": 256, "fma": {"per_cycle": 2, "latency": 4}, "dot_int8": {})"),
              StatusIs(kInvalid, HasSubstr("key \"dot_int8\" is not known")));
  EXPECT_THAT(message(R"({"name": "x", "kind": "cuda", "gpu": {}, "more": 1})"),
              StatusIs(kInvalid, HasSubstr("gpu: key \"arch\"")));
}

}  // namespace
}  // namespace lathe
