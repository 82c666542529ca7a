// Whether a case means the same at every stage of its way through the compiler.
//   Verdict verdict = CheckCase(*c.module, c.run);
//   if (verdict.is_finding()) ... verdict.stage, verdict.text
//
// Stages: the phases from normalize to select, each of which must keep every bit of what the
// interpreter computes (quantize: unless it changes how weights are stored; then what it leaves is
// the reference from there on); then the machine code of each feature level, within the noise that
// docs/precision.md allows it (noise.h), with the same bits on one thread and on three.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "mlir/IR/BuiltinOps.h"
#include "test/op_fuzz/case.h"

namespace lathe::op_fuzz {

struct Verdict {
  enum class Kind {
    kSame,
    kUseless,  // the reference itself refuses the case: no verdict
    kRefused,  // by the compiler
    kDiffers,
    kCrashed,  // found by isolate.h
  };
  Kind kind = Kind::kSame;
  std::string stage;  // "fuse", "x86-64-v4"; the last one that was reached
  std::string text;   // what was expected where
  // What each stage said, one line each.
  std::vector<std::string> lines;

  bool is_finding() const { return kind != Kind::kSame && kind != Kind::kUseless; }
};

// A change of the module after phase normalize: a fault of a test's own.
using Plant = std::function<void(mlir::ModuleOp)>;

// `module` stays as it is.
Verdict CheckCase(mlir::ModuleOp module, const CaseRun& run, const Plant& plant = nullptr);

}  // namespace lathe::op_fuzz
