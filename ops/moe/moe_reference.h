// The meaning of mixtures of experts in plain loops.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "ops/core/eval_options.h"
#include "ops/core/host_tensor.h"
#include "ops/moe/source/route_row.h"

namespace lathe {

struct MoeRoutes {
  HostTensor experts;  // i32 [T, top_k]
  HostTensor weights;  // f32 [T, top_k]
};

// moe::RouteRow for each row of `scores` [T, num_experts]; `bias` [num_experts] or null.
MoeRoutes MoeRouteReference(const HostTensor& scores, const HostTensor* bias,
                            const moe::Routing& routing);

struct MoeOrder {
  HostTensor rows;    // i32 [T, top_k]: the row of each sorted choice
  HostTensor places;  // i32 [T, top_k]: of each choice among the sorted ones
  HostTensor ends;    // i32 [num_experts]
};

// Choices by expert, those of one expert in the order of their rows. InvalidArgument for an expert
// outside [0, num_experts).
absl::StatusOr<MoeOrder> MoeDispatchReference(const HostTensor& experts, int64_t num_experts);

// y[i, n] = sum over k, ascending, of x[i, k] * weight[e, n, k], [T, top_k, N]; `rows`, or null:
// row rows[i] of x [T, K] instead. InvalidArgument for ends or rows that moe_dispatch does not
// give.
absl::StatusOr<HostTensor> GroupedMatmulReference(const HostTensor& x, const HostTensor* rows,
                                                  const HostTensor& ends, const HostTensor& weight,
                                                  Accumulate accumulate);

// y[t, n] = sum over j, ascending, of weights[t, j] * x[places[t, j], n]. InvalidArgument for a
// place outside of x.
absl::StatusOr<HostTensor> MoeCombineReference(const HostTensor& x, const HostTensor& places,
                                               const HostTensor& weights);

}  // namespace lathe
