#include "compiler/pipeline/phases.h"

#include "gtest/gtest.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::StatusIs;

TEST(PhasesTest, StandInTheOrderInWhichTheyRun) {
  EXPECT_EQ(PhaseNames(), "normalize, place, quantize, fuse, select, lower, plan, emit");
  for (size_t i = 0; i < kNumPhases; ++i) {
    EXPECT_EQ(static_cast<size_t>(AllPhases()[i].phase), i);
    EXPECT_FALSE(AllPhases()[i].contract.empty());
  }
}

TEST(PhasesTest, NamesParseBack) {
  for (const PhaseInfo& info : AllPhases()) {
    LATHE_ASSERT_OK_AND_ASSIGN(Phase phase, ParsePhase(PhaseName(info.phase)));
    EXPECT_EQ(phase, info.phase);
  }
}

TEST(PhasesTest, AnUnknownNameIsToldTheOthers) {
  EXPECT_THAT(ParsePhase("selekt"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("no phase is called \"selekt\""),
                             HasSubstr("normalize, place"), HasSubstr("did you mean select?"))));
  EXPECT_THAT(ParsePhase(""), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("\"\"")));
}

}  // namespace
}  // namespace lathe
