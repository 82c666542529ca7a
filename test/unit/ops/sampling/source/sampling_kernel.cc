// The source behind two C functions; linking it fails when it needs anything from outside.
#include "ops/sampling/source/logprob.h"
#include "ops/sampling/source/sample_row.h"

extern "C" {

void sampling_choose(const lathe::sampling::Processing* processing,
                     const lathe::sampling::Chance* chance, uint64_t position, const float* logits,
                     int32_t n, const lathe::sampling::Workspace* work,
                     lathe::sampling::Choice* choice) {
  *choice = lathe::sampling::SampleRow(*processing, *chance, position, logits, n, *work);
}

int32_t sampling_logprobs(const float* logits, int32_t n, int32_t num_top,
                          lathe::sampling::Logprob* top) {
  return lathe::sampling::TopLogprobs(logits, n, lathe::sampling::Normalize(logits, n), num_top,
                                      top);
}
}
