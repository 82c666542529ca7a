// The last kernel of the toy model (toy_kernels.c): the choice of tokens as their requests want
// them, by the source that compiled models use.
#include "ops/sampling/source/choose_row.h"

using lathe::sampling::Candidate;

// Operands in order: those of StepRows, then ids [R]. Items are logit rows, dims = {vocab}; scratch
// holds vocab candidates and vocab scores. Only the kernel is exported: code of artifacts has no
// symbols to resolve.
extern "C" __attribute__((visibility("default"))) void toy_sample(void* const* operands,
                                                                  const int64_t* dims,
                                                                  int64_t begin, int64_t end,
                                                                  void* scratch) {
  const lathe::sampling::StepRows rows{
      static_cast<const float*>(operands[0]),   static_cast<const int32_t*>(operands[1]),
      static_cast<const int32_t*>(operands[2]), static_cast<const float*>(operands[3]),
      static_cast<const int32_t*>(operands[4]), static_cast<const int32_t*>(operands[5]),
      static_cast<const float*>(operands[6])};
  auto* ids = static_cast<int32_t*>(operands[7]);
  auto* candidates = static_cast<Candidate*>(scratch);
  auto* scores = reinterpret_cast<float*>(candidates + dims[0]);
  for (int64_t row = begin; row < end; ++row)
    ids[row] =
        lathe::sampling::ChooseRow(rows, row, static_cast<int32_t>(dims[0]), {scores, candidates});
}
