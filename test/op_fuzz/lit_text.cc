#include "test/op_fuzz/lit_text.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "llvm/Support/raw_ostream.h"

namespace lathe::op_fuzz {

std::string FlagsOf(const CaseRun& run) {
  std::string flags =
      absl::StrCat("--seed=", run.seed, " --tokens=", absl::StrJoin(run.tokens, ","),
                   " --logit-rows=", run.logit_rows, " --precision=", run.precision);
  if (!run.weights.empty()) absl::StrAppend(&flags, " --weights=", run.weights);
  if (!run.compiles) absl::StrAppend(&flags, " --no-compile");
  return flags;
}

std::string LitTest(mlir::ModuleOp module, const CaseRun& run, const Verdict& verdict,
                    const std::string& more_flags) {
  std::string text = absl::StrCat(
      "// Found by op-fuzz with seed ", run.seed, ": at ", verdict.stage, " ",
      absl::StrReplaceAll(verdict.text, {{"\n", "\n// "}}), "\n// RUN: op-fuzz check %s ",
      FlagsOf(run), more_flags, " | FileCheck %s\n// CHECK: ", kGoodEnd, "\n");
  llvm::raw_string_ostream stream(text);
  module.print(stream);
  stream << "\n";
  return text;
}

}  // namespace lathe::op_fuzz
