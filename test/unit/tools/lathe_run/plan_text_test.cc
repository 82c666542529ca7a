#include "tools/lathe_run/plan_text.h"

#include "nlohmann/json.hpp"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

MemoryPlan SomePlan() {
  return {.size = {.context = 100, .sequences = 2, .step_rows = 64},
          .threads = 1,
          .most_step_rows = 65,
          .weight_bytes = 1 << 20,
          .code_bytes = 2048,
          .workspace_bytes = 4096,
          .scratch_bytes = 64,
          .process_bytes = 1 << 20,
          .groups = {{.name = "kv",
                      .page_tokens = 64,
                      .window = 80,
                      .page_bytes = 6400,
                      .pages_per_sequence = 2,
                      .num_pages = 4}},
          .largest_batch = 7,
          .largest_context = std::nullopt};
}

TEST(PlanTextTest, IsATableOfParts) {
  const std::string text = PlanText(SomePlan(), {.bytes = 3 << 20, .source = "--memory"});
  for (const char* part :
       {"memory for 2 sequences of 100 tokens\n", "weights and constants       1.00 MiB",
        "a step of 65 rows, 2 with logits", "1 thread\n",
        "cache kv                    25.0 KiB   4 pages of 64 tokens, 6.25 KiB each; a sequence "
        "has 2 (window 80)\n",
        "a token                        100 B", "memory                      3.00 MiB   --memory\n",
        "left ", "largest batch                      7   of 100 tokens\n",
        "largest context                 none   for 2 sequences\n"}) {
    EXPECT_THAT(text, HasSubstr(part));
  }
  EXPECT_THAT(text, Not(HasSubstr("missing")));
  EXPECT_THAT(PlanText(SomePlan(), {.bytes = 1 << 20, .source = "--memory"}),
              HasSubstr("missing                     1.03 MiB\n"));
}

TEST(PlanTextTest, JsonCountsBytes) {
  const nlohmann::json json = nlohmann::json::parse(
      PlanJson(SomePlan(), {.bytes = 3 << 20, .source = "--memory"}), nullptr, false);
  EXPECT_EQ(json["context"], 100);
  EXPECT_EQ(json["sequences"], 2);
  EXPECT_EQ(json["groups"][0]["pages"], 4);
  EXPECT_EQ(json["cache_bytes"], 4 * 6400);
  EXPECT_EQ(json["total_bytes"], SomePlan().total_bytes());
  EXPECT_EQ(json["fits"], true);
  EXPECT_EQ(json["largest_batch"], 7);
  EXPECT_EQ(json["largest_context"], 0);
}

}  // namespace
}  // namespace lathe
