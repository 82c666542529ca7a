// lathe-run: runs what `lathe compile` made. Links no compiler.
#include "tools/common/command.h"
#include "tools/lathe_run/plan_command.h"
#include "tools/lathe_run/run_command.h"

int main(int argc, char** argv) {
  const lathe::Tool tool = {
      .name = "lathe-run",
      .summary =
          "Runs language models that `lathe compile` made: one file, no compiler, no Python.",
      .commands = {{"run", "answers a prompt, continues token ids, or checks an artifact",
                    lathe::RunCommand},
                   {"plan", "says what running an artifact takes of memory, and what fits",
                    lathe::PlanCommand}}};
  return lathe::RunTool(tool, argc, argv);
}
