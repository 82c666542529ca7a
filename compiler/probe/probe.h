// Kernels that reach one limit of a machine and do nothing else: what the speed of real kernels is
// compared with. They go through the same emitter and code generator.
//   LATHE_ASSIGN_OR_RETURN(ProbeCode probe, CompileArithmeticProbe(ArithmeticUnit::kFmaF32,
//   level));
//   // load probe.elf, run `items` of probe.kSymbol: probe.operations_per_item each
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "compiler/lower/kernel_builder.h"
#include "compiler/target/target.h"

namespace lathe {

// An instruction that matrix products are made of.
enum class ArithmeticUnit : uint8_t {
  kFmaF32,   // f32 fused multiply-add, as wide as the feature level has it
  kDotInt8,  // vpdpbusd: 4 products of u8 and i8 added to i32
  kDotBF16,  // vdpbf16ps: 2 products of bf16 added to f32
  kFmaF16,   // f16 fused multiply-add
};

inline constexpr ArithmeticUnit kArithmeticUnits[] = {
    ArithmeticUnit::kFmaF32, ArithmeticUnit::kDotInt8, ArithmeticUnit::kDotBF16,
    ArithmeticUnit::kFmaF16};

// "fma f32", "dot int8", "dot bf16", "fma f16".
absl::string_view UnitName(ArithmeticUnit unit);
// "GFLOP/s", or "GOP/s" for integers: of 1e9 operations a second.
absl::string_view UnitRate(ArithmeticUnit unit);
// The instruction by which assembly shows the use of the unit: "vpdpbusd".
absl::string_view UnitInstruction(ArithmeticUnit unit);

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
