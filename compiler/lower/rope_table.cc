#include "compiler/lower/rope_table.h"

#include <bit>

#include "runtime/base/check.h"

namespace lathe {

using namespace mlir;  // NOLINT(google-build-using-namespace): op names would fill every line

namespace {

struct SinCos {
  Value sin, cos;
};

Value Polynomial(KernelBuilder& b, Value z, std::initializer_list<double> highest_first) {
  Value sum;
  for (double c : highest_first) sum = sum ? b.Fma(sum, z, b.Splat64(c)) : b.Splat64(c);
  return sum;
}

// On |r| <= pi/4. The coefficients are those of FreeBSD msun k_sin.c and k_cos.c (S1..S6, C1..C6),
// good to double precision.
SinCos OnReducedRange(KernelBuilder& b, Value r) {
  Value z = b.MulF(r, r);
  Value s = Polynomial(
      b, z,
      {1.58969099521155010221e-10, -2.50507602534068634195e-08, 2.75573137070700676789e-06,
       -1.98412698298579493134e-04, 8.33333333332248946124e-03, -1.66666666666666324348e-01});
  Value c = Polynomial(
      b, z,
      {-1.13596475577881948265e-11, 2.08757232129817482790e-09, -2.75573143513906633035e-07,
       2.48015872894767294178e-05, -1.38888888888741095749e-03, 4.16666666666666019037e-02});
  Value sin = b.Fma(b.MulF(z, r), s, r);
  Value cos = b.Fma(b.MulF(z, z), c, b.Fma(z, b.Splat64(-0.5), b.Splat64(1.0)));
  return {sin, cos};
}

// x = k * pi/2 + r with pi/2 in two doubles; FMAs make the products exact, so r is good to 2^-53
// for the 2^20 quadrants of interest. Adding 1.5 * 2^52 rounds to an integer whose low bits are
// those of the sum.
SinCos EmitSinCos(KernelBuilder& b, Value x) {
  const double kRound = 6755399441055744.0;
  Value shifted = b.Fma(x, b.Splat64(6.36619772367581382433e-01), b.Splat64(kRound));
  Value k = b.SubF(shifted, b.Splat64(kRound));
  Value r = b.Fma(k, b.Splat64(-1.57079632679489655800e+00), x);
  r = b.Fma(k, b.Splat64(-6.12323399573676603587e-17), r);
  SinCos reduced = OnReducedRange(b, r);
  Value quadrant = b.CastTo(b.Lanes(b.i64()), shifted);
  auto has_bit = [&](Value bits, int64_t bit) {
    return b.Compare(arith::CmpIPredicate::ne, b.And(bits, b.SplatI64(bit)), b.SplatI64(0));
  };
  Value swapped = has_bit(quadrant, 1);
  Value sin = b.Select(swapped, reduced.cos, reduced.sin);
  Value cos = b.Select(swapped, reduced.sin, reduced.cos);
  Value next = b.Add(quadrant, b.SplatI64(1));
  return {b.Select(has_bit(quadrant, 2), b.NegF(sin), sin),
          b.Select(has_bit(next, 2), b.NegF(cos), cos)};
}

}  // namespace

void EmitRopeTable(KernelBuilder& b, llvm::StringRef name, const RopeTableSpec& spec) {
  LATHE_CHECK(spec.count > 0) << spec.count;
  b.Kernel(name, [&](const KernelArgs& args) {
    Value positions = b.Operand(args, 0), frequencies = b.Operand(args, 1);
    Value tables[] = {b.Operand(args, 2), b.Operand(args, 3)};
    b.For(args.begin, args.end, 1, [&](Value row) {
      Value position = b.Broadcast(b.IntToF32(b.Load(b.i32(), b.At(positions, row, 4), 4)));
      auto columns = [&](Value first, Value mask) {
        Value at = b.At(frequencies, first, 4);
        Value frequency = b.LoadVector(Storage::kF32, at, mask);
        SinCos result = EmitSinCos(b, b.ToF64(b.MulF(position, frequency)));
        Value values[] = {result.cos, result.sin};
        for (int i = 0; i < 2; ++i) {
          Value scaled = b.MulF(b.ToF32(values[i]), b.Splat(spec.scaling));
          Value out = b.At(b.At(tables[i], row, spec.count * 4), first, 4);
          b.StoreVector(Storage::kF32, scaled, out, mask);
        }
      };
      b.ForVectors(spec.count, columns);
    });
  });
}

}  // namespace lathe
