#include "compiler/probe/probe.h"

#include <functional>

#include "compiler/codegen/cpu/cpu_codegen.h"
#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

using mlir::Value;

// Enough for two units of latency 5 in flight, and no more than the registers of AVX-512 hold.
constexpr int64_t kWideChains = 24;
// AVX2 has 16 registers, and 16 lanes of f32 take two: 5 chains are 10 accumulators.
constexpr int64_t kNarrowChains = 5;
static_assert(kWideChains * 64 <= kProbeOutputBytes);

// What one instruction of a unit works on: 64 bytes of accumulators and of factors.
struct UnitShape {
  mlir::VectorType accumulator;
  mlir::VectorType factor;
  double operations;  // of one instruction
};

UnitShape ShapeOf(KernelBuilder& b, ArithmeticUnit unit) {
  switch (unit) {
    case ArithmeticUnit::kFmaF32:
      return {b.Lanes(b.f32()), b.Lanes(b.f32()), 16 * 2};
    case ArithmeticUnit::kDotInt8:
      return {b.Lanes(b.i32()), b.Lanes(b.i8(), 64), 64 * 2};
    case ArithmeticUnit::kDotBF16:
      return {b.Lanes(b.f32()), b.BF16Pairs(), 32 * 2};
    case ArithmeticUnit::kFmaF16:
      return {b.Lanes(b.f16(), 32), b.Lanes(b.f16(), 32), 32 * 2};
  }
  LATHE_CHECK(false) << "no such unit";
  return {};
}

// accumulator + factor * factor, in the unit's own way.
Value Accumulate(KernelBuilder& b, ArithmeticUnit unit, Value accumulator, Value factor) {
  switch (unit) {
    case ArithmeticUnit::kFmaF32:
    case ArithmeticUnit::kFmaF16:
      return b.Fma(factor, factor, accumulator);
    case ArithmeticUnit::kDotInt8:
      return b.DotBytes(accumulator, factor, factor);
    case ArithmeticUnit::kDotBF16:
      return b.DotBF16(accumulator, factor, factor);
  }
  LATHE_CHECK(false) << "no such unit";
  return {};
}

// The level with the instructions of `unit`, under LLVM's name of the first CPU that has them.
CpuLevel LevelWith(ArithmeticUnit unit, CpuLevel level) {
  switch (unit) {
    case ArithmeticUnit::kFmaF32:
      return level;
    case ArithmeticUnit::kDotInt8:
      level.llvm_cpu = "cascadelake";
      break;
    case ArithmeticUnit::kDotBF16:
      level.llvm_cpu = "cooperlake";
      break;
    case ArithmeticUnit::kFmaF16:
      level.llvm_cpu = "sapphirerapids";
      break;
  }
  level.vector_bits = 512;
  return level;
}

absl::StatusOr<std::string> CompileAlone(const CpuLevel& level,
                                         const std::function<void(KernelBuilder&)>& emit) {
  const KernelSource source = EmitKernel(ProbeCode::kSymbol, level, emit);
  LATHE_ASSIGN_OR_RETURN(CpuCode code, CompileKernels({source}, level, {}));
  return std::move(code.elf);
}

}  // namespace

double EmitArithmeticProbe(KernelBuilder& b, llvm::StringRef name, ArithmeticUnit unit) {
  const UnitShape shape = ShapeOf(b, unit);
  const int64_t chains = b.level().vector_bits == 512 ? kWideChains : kNarrowChains;
  b.Kernel(name, [&](const KernelArgs& args) {
    Value factor = b.Load(shape.factor, b.Operand(args, 0), 1);
    Value zero = mlir::arith::ConstantOp::create(
        b.mlir(), b.loc(), llvm::cast<mlir::TypedAttr>(b.mlir().getZeroAttr(shape.accumulator)));
    Values sums(static_cast<size_t>(chains), zero);
    sums = b.For(args.begin, args.end, 1, sums, [&](Value, mlir::ValueRange in) {
      Values next;
      for (Value sum : in) next.push_back(Accumulate(b, unit, sum, factor));
      return next;
    });
    for (auto [number, sum] : llvm::enumerate(sums))
      b.Store(sum, b.At(b.Operand(args, 1), static_cast<int64_t>(number) * 64), 1);
  });
  return shape.operations * static_cast<double>(chains);
}

void EmitReadProbe(KernelBuilder& b, llvm::StringRef name, int64_t streams) {
  constexpr int64_t kLines = kReadProbeItemBytes / 64;
  b.Kernel(name, [&](const KernelArgs& args) {
    Value base = b.Operand(args, 0);
    Value stride = b.Dim(args, 0);
    // A chain of its own for each load of an item: the loads wait for nothing but memory.
    Values sums(static_cast<size_t>(streams * kLines), b.Zero());
    sums = b.For(args.begin, args.end, 1, sums, [&](Value item, mlir::ValueRange in) {
      Values next;
      for (int64_t s = 0; s < streams; ++s) {
        Value stream = b.At(b.At(base, b.Mul(stride, s), 1), item, kReadProbeItemBytes);
        for (int64_t line = 0; line < kLines; ++line)
          next.push_back(b.MaxF(in[static_cast<size_t>(s * kLines + line)],
                                b.LoadVector(Storage::kF32, b.At(stream, line * 64))));
      }
      return next;
    });
    Value total = sums[0];
    for (Value sum : llvm::drop_begin(sums)) total = b.MaxF(total, sum);
    b.StoreVector(Storage::kF32, total, b.Operand(args, 1));
  });
}

absl::StatusOr<ProbeCode> CompileArithmeticProbe(ArithmeticUnit unit, const CpuLevel& level) {
  ProbeCode probe;
  LATHE_ASSIGN_OR_RETURN(probe.elf, CompileAlone(LevelWith(unit, level), [&](KernelBuilder& b) {
                           probe.operations_per_item =
                               EmitArithmeticProbe(b, ProbeCode::kSymbol, unit);
                         }));
  return probe;
}

absl::StatusOr<ProbeCode> CompileReadProbe(int64_t streams, const CpuLevel& level) {
  ProbeCode probe;
  probe.bytes_per_item = static_cast<double>(streams * kReadProbeItemBytes);
  LATHE_ASSIGN_OR_RETURN(probe.elf, CompileAlone(level, [&](KernelBuilder& b) {
                           EmitReadProbe(b, ProbeCode::kSymbol, streams);
                         }));
  return probe;
}

}  // namespace lathe
