// Kernels as the compiler makes them (runtime/artifact/kernel_abi.h), in plain C: the tests of the
// loader, the CPU device and the executor run them from a real linked object.
#include <stdint.h>

#define KERNEL(name) \
  void name(void* const* operands, const int64_t* dims, int64_t begin, int64_t end, void* scratch)

// Numbers in read-only data and a table of their addresses, which needs relative relocations
// (volatile: so that the table is really read).
static const float kSteps[4] = {1.0f, 2.0f, 3.0f, 4.0f};
static const float* volatile step_table[4] = {&kSteps[0], &kSteps[1], &kSteps[2], &kSteps[3]};

// y[i] = x[i] + 1. Items are elements.
KERNEL(add_one) {
  (void)dims;
  (void)scratch;
  const float* x = operands[0];
  float* y = operands[1];
  for (int64_t i = begin; i < end; ++i) y[i] = x[i] + 1.0f;
}

// y[i] = x[i] + 1 + i % 4, through the table of addresses.
KERNEL(add_step) {
  (void)dims;
  (void)scratch;
  const float* x = operands[0];
  float* y = operands[1];
  for (int64_t i = begin; i < end; ++i) y[i] = x[i] + *step_table[i % 4];
}

// y[n - 1 - i] = x[i]: reads what other workers wrote, so a missing barrier shows. dims = {n}.
KERNEL(reverse) {
  (void)scratch;
  const float* x = operands[0];
  float* y = operands[1];
  for (int64_t i = begin; i < end; ++i) y[dims[0] - 1 - i] = x[i];
}

// y = x * w^T: x [rows, K], w [N, K], y [rows, N]; items are columns, dims = {rows, K, N}. The row
// of w goes through scratch memory first.
KERNEL(matmul) {
  const float* x = operands[0];
  const float* w = operands[1];
  float* y = operands[2];
  float* row = scratch;
  for (int64_t n = begin; n < end; ++n) {
    for (int64_t k = 0; k < dims[1]; ++k) row[k] = w[n * dims[1] + k];
    for (int64_t m = 0; m < dims[0]; ++m) {
      float sum = 0.0f;
      for (int64_t k = 0; k < dims[1]; ++k) sum += x[m * dims[1] + k] * row[k];
      y[m * dims[2] + n] = sum;
    }
  }
}

// pool[page_table[0] * page_floats + i] += x[i]: a write to state. dims = {page_floats}.
KERNEL(accumulate) {
  (void)scratch;
  const float* x = operands[0];
  float* pool = operands[1];
  const int32_t* table = operands[2];
  for (int64_t i = begin; i < end; ++i) pool[table[0] * dims[0] + i] += x[i];
}

// y[i] = the address of scratch, to see that workers have their own.
KERNEL(where_is_scratch) {
  (void)dims;
  uint64_t* y = operands[0];
  for (int64_t i = begin; i < end; ++i) y[i] = (uint64_t)scratch;
}
