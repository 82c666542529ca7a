#include "compiler/lower/sample.h"

#include "ops/sampling/source/choose_row.h"
#include "runtime/base/check.h"

namespace lathe {

int64_t SampleScratchBytes(const SampleSpec& spec) {
  return spec.columns * static_cast<int64_t>(sizeof(sampling::Candidate) + sizeof(float));
}

void EmitSample(KernelBuilder& b, llvm::StringRef name, const SampleSpec& spec) {
  LATHE_CHECK(spec.columns > 0 && spec.columns <= sampling::kMaxVocabulary) << spec.columns;
  b.Kernel(name, [&](const KernelArgs& args) {
    b.CallBitcode("lathe_sample", {args.operands, args.begin, args.end, args.scratch,
                                   b.I32(static_cast<int32_t>(spec.columns))});
  });
}

}  // namespace lathe
