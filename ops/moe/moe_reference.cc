#include "ops/moe/moe_reference.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "runtime/base/check.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

template <typename Sum>
float Dot(const float* x, const float* weight, int64_t terms) {
  Sum sum = 0;
  for (int64_t k = 0; k < terms; ++k) sum += static_cast<Sum>(x[k]) * weight[k];
  return static_cast<float>(sum);
}

absl::Status CheckIndices(absl::string_view what, const HostTensor& indices, int64_t count) {
  for (int32_t index : indices.ints()) {
    if (index >= 0 && index < count) continue;
    return absl::InvalidArgumentError(
        absl::StrCat(what, " hold ", index, ", expected 0 to ", count - 1));
  }
  return absl::OkStatus();
}

// The ends lead from 0 to the number of choices.
absl::Status CheckEnds(const HostTensor& ends, int64_t num_choices) {
  int64_t begin = 0;
  for (int64_t e = 0; e < ends.num_elements(); ++e) {
    const int64_t end = ends.ints()[e];
    if (end < begin || end > num_choices) {
      return absl::InvalidArgumentError(
          absl::StrCat("ends[", e, "] is ", end, ", expected ", begin, " to ", num_choices));
    }
    begin = end;
  }
  if (begin == num_choices) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("the last end is ", begin, ", expected ",
                                                 num_choices, ", the number of choices"));
}

}  // namespace

MoeRoutes MoeRouteReference(const HostTensor& scores, const HostTensor* bias,
                            const moe::Routing& routing) {
  LATHE_CHECK(scores.width() == routing.num_experts) << Describe(scores);
  const int64_t rows = scores.num_rows();
  MoeRoutes routes{HostTensor(DType::kI32, {rows, routing.top_k}),
                   HostTensor(DType::kF32, {rows, routing.top_k})};
  std::vector<float> probabilities(static_cast<size_t>(routing.num_experts));
  for (int64_t row = 0; row < rows; ++row) {
    moe::RouteRow(routing, scores.floats().data() + row * routing.num_experts,
                  bias == nullptr ? nullptr : bias->floats().data(), probabilities.data(),
                  routes.experts.ints().data() + row * routing.top_k,
                  routes.weights.floats().data() + row * routing.top_k);
  }
  return routes;
}

absl::StatusOr<MoeOrder> MoeDispatchReference(const HostTensor& experts, int64_t num_experts) {
  LATHE_RETURN_IF_ERROR(CheckIndices("experts", experts, num_experts));
  const int64_t top_k = experts.width();
  MoeOrder order{HostTensor(DType::kI32, experts.shape()), HostTensor(DType::kI32, experts.shape()),
                 HostTensor(DType::kI32, {num_experts})};
  int32_t end = 0;
  for (int32_t e = 0; e < num_experts; ++e) {
    for (int64_t choice = 0; choice < experts.num_elements(); ++choice) {
      if (experts.ints()[choice] != e) continue;
      order.rows.ints()[end] = static_cast<int32_t>(choice / top_k);
      order.places.ints()[choice] = end++;
    }
    order.ends.ints()[e] = end;
  }
  return order;
}

absl::StatusOr<HostTensor> GroupedMatmulReference(const HostTensor& x, const HostTensor* rows,
                                                  const HostTensor& ends, const HostTensor& weight,
                                                  Accumulate accumulate) {
  LATHE_CHECK(weight.rank() == 3 && weight.dim(2) == x.width())
      << Describe(x) << " times " << Describe(weight);
  std::vector<int64_t> shape = rows != nullptr ? rows->shape() : x.shape();
  if (rows != nullptr) {
    LATHE_RETURN_IF_ERROR(CheckIndices("rows", *rows, x.dim(0)));
    shape.push_back(0);
  }
  const int64_t outputs = weight.dim(1);
  const int64_t terms = weight.dim(2);
  shape.back() = outputs;
  HostTensor y(DType::kF32, shape);
  LATHE_RETURN_IF_ERROR(CheckEnds(ends, y.num_rows()));
  int64_t begin = 0;
  for (int64_t e = 0; e < ends.num_elements(); begin = ends.ints()[e++]) {
    const float* matrix = weight.floats().data() + e * outputs * terms;
    for (int64_t i = begin; i < ends.ints()[e]; ++i) {
      const float* row = x.floats().data() + (rows != nullptr ? rows->ints()[i] : i) * terms;
      for (int64_t n = 0; n < outputs; ++n) {
        y.floats()[i * outputs + n] = accumulate == Accumulate::kF64
                                          ? Dot<double>(row, matrix + n * terms, terms)
                                          : Dot<float>(row, matrix + n * terms, terms);
      }
    }
  }
  return y;
}

absl::StatusOr<HostTensor> MoeCombineReference(const HostTensor& x, const HostTensor& places,
                                               const HostTensor& weights) {
  LATHE_RETURN_IF_ERROR(CheckIndices("places", places, x.num_rows()));
  const int64_t top_k = weights.width();
  const int64_t width = x.width();
  HostTensor y(DType::kF32, {x.dim(0), width});
  for (int64_t choice = 0; choice < weights.num_elements(); ++choice) {
    const float weight = weights.floats()[choice];
    const float* from = x.floats().data() + places.ints()[choice] * width;
    float* to = y.floats().data() + choice / top_k * width;
    for (int64_t n = 0; n < width; ++n) {
      const float product = weight * from[n];
      to[n] = choice % top_k == 0 ? product : to[n] + product;
    }
  }
  return y;
}

}  // namespace lathe
