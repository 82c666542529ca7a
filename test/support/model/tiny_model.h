// A decoder of two layers that compiles in a second: for tests of the compiler from the graph to
// the artifact.
//   std::unique_ptr<Graph> model = TinyModel();
//   LATHE_ASSERT_OK(RunPhases(*model, Phase::kFuse));
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "compiler/pipeline/phases.h"
#include "test/support/graph/graph.h"

namespace lathe::testing {

// 16 wide, 32 tokens, one head of 16. Its attention layers are decoder layers 1 and 3, as if others
// stood between. The weights are random and the same every time.
std::unique_ptr<Graph> TinyModel();

// What one launch each of its kernels computes: embed, rope table; norm with rope and kv_write,
// attention, residual in each layer; gather of rows, logits.
inline constexpr int kTinyModelDispatches = 10;
inline constexpr int kTinyModelKernels = 7;

// All phases from the first to `last` on the CPU, with contracts checked.
absl::Status RunPhases(Graph& model, Phase last, const std::string& precision = "bf16");

}  // namespace lathe::testing
