// A case as a lit test: a file that holds all of it and passes when the compiler is right.
//   std::cout << LitTest(small, verdict, "");
#pragma once

#include <string>

#include "test/op_fuzz/check.h"

namespace lathe::op_fuzz {

// The flags of `op-fuzz check` that stand for `run`.
std::string FlagsOf(const CaseRun& run);

// The text of the file; `more_flags` go to the RUN line.
std::string LitTest(mlir::ModuleOp module, const CaseRun& run, const Verdict& verdict,
                    const std::string& more_flags = "");

// The last line of a report: what such tests look for.
inline constexpr char kGoodEnd[] = "result: the same at every stage";

}  // namespace lathe::op_fuzz
