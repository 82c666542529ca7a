#include "ops/sampling/sampling_build.h"

#include "ops/sampling/sampling_ops.h"
#include "ops/sampling/source/choose_row.h"

namespace lathe {

using mlir::Value;

Value Argmax(mlir::ImplicitLocOpBuilder& b, Value x, Value limits) {
  return ArgmaxOp::create(b, x, limits);
}

Value ChooseTokens(GraphBuilder& b, Value logits) {
  auto input = [&](const char* name, DType dtype, llvm::ArrayRef<Extent> shape) {
    return b.Input(name, b.Tensor(dtype, shape));
  };
  Value limits = input("id_limits", DType::kI32, {"logit_rows"});
  Value settings = input("sample_settings", DType::kF32, {"logit_rows", sampling::kNumSettings});
  Value numbers = input("sample_numbers", DType::kI32, {"logit_rows", sampling::kNumNumbers});
  Value list_ids = input("sample_ids", DType::kI32, {"sample_entries"});
  Value list_values = input("sample_values", DType::kF32, {"sample_entries"});
  return SampleOp::create(b, logits, Argmax(b, logits, limits), limits, settings, numbers, list_ids,
                          list_values);
}

}  // namespace lathe
