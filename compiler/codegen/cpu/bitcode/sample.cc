// The op sample for CPUs (compiler/lower/sample.h).
#include "ops/sampling/source/choose_row.h"

using lathe::sampling::Candidate;

// `operands`: those of StepRows in their order, then ids [R]. `scratch`: columns candidates, then
// as many scores.
extern "C" void lathe_sample(void* const* operands, int64_t begin, int64_t end, void* scratch,
                             int32_t columns) {
  const lathe::sampling::StepRows rows{
      static_cast<const float*>(operands[0]),   static_cast<const int32_t*>(operands[1]),
      static_cast<const int32_t*>(operands[2]), static_cast<const float*>(operands[3]),
      static_cast<const int32_t*>(operands[4]), static_cast<const int32_t*>(operands[5]),
      static_cast<const float*>(operands[6])};
  auto* ids = static_cast<int32_t*>(operands[7]);
  auto* candidates = static_cast<Candidate*>(scratch);
  auto* scores = reinterpret_cast<float*>(candidates + columns);
  for (int64_t row = begin; row < end; ++row)
    ids[row] = lathe::sampling::ChooseRow(rows, row, columns, {scores, candidates});
}
