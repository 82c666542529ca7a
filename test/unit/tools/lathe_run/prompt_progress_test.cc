#include "tools/lathe_run/prompt_progress.h"

#include "absl/strings/match.h"
#include "test/support/data.h"
#include "test/support/status_matchers.h"
#include "test/support/terminal.h"
#include "test/unit/tools/lathe_run/toy_text.h"

namespace lathe {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// In a terminal, where a step reads 512 tokens or so.
std::string Screen(size_t prompt_bytes) {
  testing::ToyModelOptions options = testing::ToyTextModel();
  artifact::Manifest manifest = testing::ToyManifest(options);
  manifest.set_max_context(1 << 14);
  testing::Terminal terminal({testing::BinaryPath("lathe-run"), "run",
                              testing::WriteToyModel(options, manifest), "--raw", "--prompt",
                              std::string(prompt_bytes, 'x'), "--max-new-tokens=3"});
  EXPECT_EQ(terminal.WaitForEnd(), 0) << terminal.screen();
  return terminal.screen();
}

TEST(PromptProgressTest, ALongPromptIsToldOfUntilTheAnswerBegins) {
  const std::string screen = Screen(8000);
  EXPECT_THAT(screen, HasSubstr("\r\033[Kreading the prompt: "));
  EXPECT_THAT(screen, HasSubstr(" of 8000 tokens"));
  const size_t last = screen.rfind("\r\033[K");
  EXPECT_FALSE(absl::StartsWith(screen.substr(last), "\r\033[Kreading")) << "it is gone";
  EXPECT_GT(screen.size(), last + 4) << "the answer stands behind it";
}

TEST(PromptProgressTest, AShortOneIsNot) { EXPECT_THAT(Screen(100), Not(HasSubstr("reading"))); }

}  // namespace
}  // namespace lathe
