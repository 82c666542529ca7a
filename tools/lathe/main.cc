#include "llvm/Support/ErrorHandling.h"
#include "tools/common/command.h"
#include "tools/common/fault_report.h"
#include "tools/lathe/commands.h"
#include "tools/lathe/version_facts.h"

int main(int argc, char** argv) {
  // What LLVM cannot allocate it tells its own hook, not that of C++.
  llvm::install_bad_alloc_error_handler(
      [](void*, const char* reason, bool) { lathe::EndWithoutMemory(reason); });
  return lathe::RunTool(
      {.name = "lathe",
       .summary =
           "Compiles language models ahead of time: a Hugging Face folder in, one artifact out.",
       .commands =
           {{"compile", "model folder -> artifact", lathe::CompileCommand},
            {"check", "examine a checkpoint: every missing, unexpected or broken tensor at once",
             lathe::CheckCommand},
            {"inspect", "what an artifact holds: program, kernels, memory, IR, assembly",
             lathe::InspectCommand},
            {"bench", "how fast a model, one dispatch or the machine is", lathe::BenchCommand},
            {"opt", "run passes on IR, as mlir-opt does", lathe::OptCommand},
            {"run", "run an artifact (hands over to lathe-run)", lathe::RunCommand},
            {"plan", "what running takes of memory (hands over to lathe-run)", lathe::PlanCommand}},
       .notes = {"Exit codes: 0 done, 1 the input's fault, 2 wrong use, 3 ours."},
       .version_facts = lathe::CompilerVersionFacts},
      argc, argv);
}
