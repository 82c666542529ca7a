#include "tools/lathe/inspect/tiles_in_force.h"

#include "test/support/status_matchers.h"
#include "test/unit/tools/lathe/model_folder.h"

namespace lathe {
namespace {

using ::lathe::testing::CompiledModel;
using ::lathe::testing::StatusIs;
using ::testing::Contains;
using ::testing::Field;
using ::testing::HasSubstr;

TEST(TilesInForceTest, OneRuleForTheLayersOfAKind) {
  LATHE_ASSERT_OK_AND_ASSIGN(Artifact artifact, Artifact::Open(CompiledModel()));
  LATHE_ASSERT_OK_AND_ASSIGN(std::vector<TuningRule> rules, TilesInForce(artifact, "x86-64-v4"));
  std::vector<std::string> names;
  for (const TuningRule& rule : rules) {
    names.push_back(rule.dispatch);
    EXPECT_EQ(rule.level, "x86-64-v4");
    EXPECT_EQ(rule.numbers.size(), 5u) << "every number, ready to be edited";
  }
  EXPECT_THAT(names, ::testing::ElementsAre("model.layers.*.self_attn.q_proj+k_proj+v_proj",
                                            "model.layers.*.self_attn.o_proj",
                                            "model.layers.*.mlp.gate_proj+up_proj",
                                            "model.layers.*.mlp.down_proj", "lm_head"));
  LATHE_ASSERT_OK_AND_ASSIGN(std::vector<TuningRule> all, TilesInForce(artifact, ""));
  EXPECT_GE(all.size(), 2 * rules.size());
  EXPECT_THAT(all, Contains(Field(&TuningRule::level, "x86-64-v3")));
  EXPECT_THAT(TilesInForce(artifact, "x86-64-v9").status(),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("x86-64-v9")));
}

TEST(TilesInForceTest, ADispatchHasATileAndItsReasonsOnEachLevel) {
  LATHE_ASSERT_OK_AND_ASSIGN(Artifact artifact, Artifact::Open(CompiledModel()));
  LATHE_ASSERT_OK_AND_ASSIGN(auto tiles, TilesOfDispatch(artifact, "model.layers.1.mlp.down_proj"));
  ASSERT_EQ(tiles.size(), 3u);
  const DispatchTile& tile = tiles.at("x86-64-v4");
  EXPECT_EQ(tile.tiling.rows, 12);
  EXPECT_THAT(tile.reasons, ::testing::ElementsAre(::testing::StartsWith("many rows take 12x2: "),
                                                   ::testing::StartsWith("few rows take 8x3: ")));
  LATHE_ASSERT_OK_AND_ASSIGN(auto none,
                             TilesOfDispatch(artifact, "model.layers.1.self_attn:attention"));
  EXPECT_TRUE(none.empty());
}

}  // namespace
}  // namespace lathe
