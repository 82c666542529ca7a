// Each rule finds its breach and lets the neighbouring good case pass.
#include "test/structure/rules.h"

#include "gmock/gmock.h"
#include "test/support/status_matchers.h"

namespace lathe::structure {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(RulesTest, LayersRefuseWhatIsNotListed) {
  LATHE_ASSERT_OK_AND_ASSIGN(
      Layers layers,
      ParseLayers("# c\nruntime/base:\nops: runtime/base mlir\nops/norm: ops/core\n"));
  std::vector<SourceFile> files = {
      {"ops/norm/a.h",
       {"#include \"ops/core/x.h\"", "#include \"runtime/base/x.h\"", "#include <vector>"}},
      {"ops/linear/b.td", {"include \"mlir/IR/OpBase.td\"", "#include \"runtime/base/x.h\""}},
      {"runtime/base/c.cc", {"#include \"llvm/ADT/X.h\""}},
      {"frontend/d.cc", {}}};
  EXPECT_THAT(CheckLayers(files, layers),
              ElementsAre(HasSubstr("ops/norm/a.h:2: may not include runtime/base/x.h"),
                          HasSubstr("runtime/base/c.cc:1: may not include llvm/ADT/X.h"),
                          HasSubstr("frontend/d.cc: its folder has no line")));
}

TEST(RulesTest, LayersTextIsStrict) {
  EXPECT_FALSE(ParseLayers("ops runtime").ok());
  EXPECT_FALSE(ParseLayers("ops: a\nops: b").ok());
  EXPECT_FALSE(ParseExceptions("a/b.cc").ok());
}

TEST(RulesTest, ModelNamesStayInModels) {
  std::vector<SourceFile> files = {
      {"models/qwen3/m.cc", {"Qwen3"}},
      {"compiler/a.cc", {"// after Qwen3's reference", "if (name == \"qwen3\")"}}};
  EXPECT_THAT(CheckNoModelNames(files), ElementsAre(HasSubstr("compiler/a.cc:2")));
}

TEST(RulesTest, SourcesNeedTestsOrReasons) {
  std::vector<SourceFile> files = {{"ops/a.cc", {}},
                                   {"ops/b.cc", {}},
                                   {"ops/c.cc", {}},
                                   {"ops/d.cc", {}},
                                   {"test/unit/ops/a_test.cc", {}},
                                   {"test/lit/ops/d.mlir", {}}};
  EXPECT_THAT(
      CheckMirrors(files, {{"ops/b.cc", "why"}, {"ops/a.cc", "stale"}, {"ops/e.cc", "gone"}}),
      ElementsAre(HasSubstr("ops/a.cc: has a test now"), HasSubstr("ops/c.cc: has no test"),
                  HasSubstr("there is no ops/e.cc")));
}

TEST(RulesTest, BigFilesNeedReasons) {
  std::vector<SourceFile> files = {{"ops/a.h", std::vector<std::string>(251)},
                                   {"ops/b.cc", std::vector<std::string>(251)},
                                   {"ops/c.cc", std::vector<std::string>(801)}};
  EXPECT_THAT(CheckSizes(files, {{"ops/c.cc", "generated"}}),
              ElementsAre(HasSubstr("ops/a.h: 251 lines")));
}

TEST(RulesTest, UnbuiltSourcesAreFound) {
  std::vector<SourceFile> files = {
      {"ops/CMakeLists.txt", {"SRCS norm/a.cc"}}, {"ops/norm/a.cc", {}}, {"ops/norm/b.cc", {}}};
  EXPECT_THAT(CheckBuilt(files), ElementsAre(HasSubstr("ops/norm/b.cc: no CMakeLists.txt")));
}

TEST(RulesTest, HabitsAreFound) {
  std::vector<SourceFile> files = {
      {"ops/a.cc", {"// TODO later", "// TODO(#12): x", "std::getenv(\"X\")"}},
      {"test/unit/a_test.cc", {"getenv(\"X\")"}}};
  EXPECT_THAT(CheckHabits(files), ElementsAre(HasSubstr("ops/a.cc:1"), HasSubstr("ops/a.cc:3")));
  EXPECT_THAT(CheckHabits({{"ops/b.cc", {"int x;"}}}), IsEmpty());
}

}  // namespace
}  // namespace lathe::structure
