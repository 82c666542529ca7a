// A small artifact around the kernels of test_kernels.so, for the tests of the runtime.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "runtime/artifact/artifact.pb.h"

namespace lathe::testing {

// coefficient * ceil(product(symbols) / divisor), a sum of such terms.
struct TestTerm {
  int64_t coefficient = 1;
  std::vector<uint32_t> symbols;
  int64_t divisor = 0;
};
artifact::Expr MakeExpr(const std::vector<TestTerm>& terms);
inline artifact::Expr Constant(int64_t value) { return MakeExpr({{value, {}, 0}}); }

artifact::Operand InputOperand(uint32_t input);
artifact::Operand WeightOperand(uint32_t weight);
artifact::Operand BufferOperand(artifact::Expr offset, artifact::Expr size, bool written);
artifact::Operand PoolOperand(uint32_t group, uint64_t byte_offset, bool written);
artifact::Operand PageTableOperand(uint32_t group);

// The linked object that the build made of test_kernels.c.
std::string TestKernels();

// Symbols of MakeTestManifest().
inline constexpr uint32_t kRows = 0;
inline constexpr uint32_t kMaxPages = 1;
// Width of the rows of its input and columns of its output.
inline constexpr int64_t kTestK = 24;
inline constexpr int64_t kTestN = 40;

// Entry "step" for "cpu": input x [rows, 24] F32; hidden = x + 1; y = hidden * weight^T [rows, 40];
// output "y" = y reversed, "hidden" = hidden; the first row of x is added to page 0 of cache group
// "kv". Weights, sections and code are left to WriteTestArtifact.
artifact::Manifest MakeTestManifest();

// weight[n, k] of the artifact.
inline float TestWeight(int64_t n, int64_t k) {
  return 0.125f * static_cast<float>((n * 7 + k * 3) % 17 - 8);
}

// `manifest` (MakeTestManifest, perhaps changed) with the weight, the code for the two CPU levels
// and a small section "notes" at `path`.
void WriteTestArtifact(const std::string& path, artifact::Manifest manifest);

}  // namespace lathe::testing
