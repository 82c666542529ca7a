// Kernels that reach one limit of a machine and do nothing else: what the speed of real kernels is
// compared with. They go through the same emitter and code generator.
//   LATHE_ASSIGN_OR_RETURN(ProbeCode probe, CompileArithmeticProbe(ArithmeticUnit::kFmaF32,
//   level));
//   // load probe.elf, run `items` of probe.kSymbol: probe.operations_per_item each
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "compiler/lower/kernel_builder.h"
#include "compiler/target/target.h"
#include "runtime/base/arithmetic_unit.h"

namespace lathe {

struct ProbeCode {
  static constexpr char kSymbol[] = "probe";

  std::string elf;
  double operations_per_item = 0;  // multiplications and additions, one each
  double bytes_per_item = 0;
};

// Independent chains of one instruction, enough to hide its latency.
//   operands: 64 bytes of numbers to multiply; kProbeOutputBytes to write
inline constexpr int64_t kProbeOutputBytes = 32 * 64;
double EmitArithmeticProbe(KernelBuilder& builder, llvm::StringRef name, ArithmeticUnit unit);

// Reads `streams` ranges of memory side by side, as a matrix-vector product does, each byte once
// and without software prefetch. An item is kReadProbeItemBytes of every stream.
//   operands: the memory; 64 bytes to write.  dims: bytes from one stream to the next
inline constexpr int64_t kReadProbeItemBytes = 256;
void EmitReadProbe(KernelBuilder& builder, llvm::StringRef name, int64_t streams);

// The same, compiled and linked. Which units a machine has is the caller's to know: code for any of
// them can be made everywhere.
absl::StatusOr<ProbeCode> CompileArithmeticProbe(ArithmeticUnit unit, const CpuLevel& level);
absl::StatusOr<ProbeCode> CompileReadProbe(int64_t streams, const CpuLevel& level);

}  // namespace lathe
