// The calling convention between the executor and compiled CPU kernels. Compiler and runtime both
// include this and agree on nothing else about kernels than what the manifest says.
#pragma once

#include <cstdint>

namespace lathe {

// The number of this convention, written into each artifact. It is not the format's version:
// compiled code cannot be brought up to date by changing a manifest, so that a runner refuses all
// numbers but this one, also in files whose format it reads.
inline constexpr uint32_t kKernelAbi = 1;

// operands: one pointer for each Operand of the command, in order. dims: the command's dims,
// evaluated. [begin, end): the work items of this call. scratch: the worker's own scratch memory
// (Kernel.scratch_bytes, 64-byte aligned). A kernel touches nothing else, calls nothing, and the
// bits that it writes do not depend on how the items are split into ranges.
using KernelFn = void (*)(void* const* operands, const int64_t* dims, int64_t begin, int64_t end,
                          void* scratch);

// Buffers of the workspace, weights and pages start at multiples of this.
inline constexpr int64_t kBufferAlignment = 64;

}  // namespace lathe
