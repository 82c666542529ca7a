// Emits the choice of tokens as their requests want them: sample of ops/sampling. The body is C++,
// linked in as bitcode (compiler/codegen/cpu/bitcode/kernels.cc): it selects, and draws by counts in
// integers, which loops over vectors of f32 would not make clearer or faster.
#pragma once

#include "compiler/lower/kernel_builder.h"

namespace lathe {

// Operands in order: x f32 [rows, columns]; greedy ids and limits i32 [rows]; settings f32 and
// numbers i32, a row each a row of x; list ids i32 and list values f32; ids i32 [rows]. A work item
// is one row; dims = {rows}.
struct SampleSpec {
  int64_t columns = 0;

  bool operator==(const SampleSpec&) const = default;
};

// Scratch memory: a candidate and a score for each column.
int64_t SampleScratchBytes(const SampleSpec& spec);
void EmitSample(KernelBuilder& b, llvm::StringRef name, const SampleSpec& spec);

}  // namespace lathe
