#include "compiler/lower/moe.h"

#include "runtime/base/check.h"

namespace lathe {

using mlir::Value;

int64_t MoeRouteScratchBytes(const MoeRouteSpec& spec) {
  return int64_t{spec.routing.num_experts} * 4;
}

void EmitMoeRoute(KernelBuilder& b, llvm::StringRef name, const MoeRouteSpec& spec) {
  const moe::Routing& routing = spec.routing;
  LATHE_CHECK(routing.top_k > 0 && routing.top_k <= routing.num_experts)
      << routing.top_k << " of " << routing.num_experts;
  b.Kernel(name, [&](const KernelArgs& args) {
    int64_t operand = 0;
    Value scores = b.Operand(args, operand++);
    Value bias = spec.has_bias ? b.Operand(args, operand++) : b.NullPointer();
    Value experts = b.Operand(args, operand++);
    Value weights = b.Operand(args, operand++);
    b.CallBitcode("lathe_moe_route",
                  {scores, bias, experts, weights, args.begin, args.end, args.scratch,
                   b.I32(routing.num_experts), b.I32(routing.top_k),
                   b.I32(routing.score == moe::Score::kSigmoid), b.I32(routing.normalize),
                   b.F32(routing.scale)});
  });
}

void EmitMoeDispatch(KernelBuilder& b, llvm::StringRef name, const MoeDispatchSpec& spec) {
  LATHE_CHECK(spec.num_experts > 0 && spec.top_k > 0) << spec.top_k << " of " << spec.num_experts;
  b.Kernel(name, [&](const KernelArgs& args) {
    b.If(b.Less(args.begin, args.end), [&] {
      b.CallBitcode("lathe_moe_dispatch",
                    {b.Operand(args, 0), b.Operand(args, 1), b.Operand(args, 2), b.Operand(args, 3),
                     b.Dim(args, 0), b.I32(static_cast<int32_t>(spec.num_experts)),
                     b.I32(static_cast<int32_t>(spec.top_k))});
    });
  });
}

void EmitMoeCombine(KernelBuilder& b, llvm::StringRef name, const MoeCombineSpec& spec) {
  LATHE_CHECK(spec.columns > 0 && spec.top_k > 0) << spec.top_k << " times " << spec.columns;
  b.Kernel(name, [&](const KernelArgs& args) {
    Value x = b.Operand(args, 0);
    b.For(args.begin, args.end, 1, [&](Value row) {
      Value places = b.At(b.Operand(args, 1), row, spec.top_k * 4);
      Value weights = b.At(b.Operand(args, 2), row, spec.top_k * 4);
      Value out = b.At(b.Operand(args, 3), row, spec.columns * 4);
      llvm::SmallVector<Value> sources, factors;
      for (int64_t j = 0; j < spec.top_k; ++j) {
        Value place = b.Extend(b.Load(b.i32(), b.At(places, j * 4), 4));
        sources.push_back(b.At(x, place, spec.columns * 4));
        factors.push_back(b.Broadcast(b.Load(b.f32(), b.At(weights, j * 4), 4)));
      }
      b.ForVectors(spec.columns, [&](Value element, Value mask) {
        Value sum;
        for (int64_t j = 0; j < spec.top_k; ++j) {
          Value term = b.LoadVector(Storage::kF32, b.At(sources[j], element, 4), mask);
          Value product = b.MulF(factors[j], term);
          sum = j == 0 ? product : b.AddF(sum, product);
        }
        b.StoreVector(Storage::kF32, sum, b.At(out, element, 4), mask);
      });
    });
  });
}

}  // namespace lathe
