// The calling convention between the executor and compiled CPU kernels. Compiler and runtime both include this and agree on nothing else
// about kernels than what the manifest says.
#pragma once

#include <cstdint>

namespace lathe {

// operands: one pointer for each Operand of the command, in order. dims: the command's dims, evaluated. [begin, end): the work items
// of this call. scratch: the worker's own scratch memory (Kernel.scratch_bytes, 64-byte aligned). A kernel touches nothing else, calls
// nothing, and the bits that it writes do not depend on how the items are split into ranges.
using KernelFn = void (*)(void* const* operands, const int64_t* dims, int64_t begin, int64_t end, void* scratch);

// Buffers of the workspace, weights and pages start at multiples of this.
inline constexpr int64_t kBufferAlignment = 64;

// First bytes of a .lathe file. The high first byte and the line ends catch transfers that treat the file as text.
inline constexpr char kArtifactMagic[8] = {'\x89', 'L', 'A', 'T', 'H', 'E', '\r', '\n'};

// Version of the file format that this build writes.
inline constexpr uint32_t kArtifactVersion = 1;

}  // namespace lathe
