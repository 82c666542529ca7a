// Kernels in C++, one function an op: compiled to bitcode with the compiler and linked into the
// modules that call them (KernelBuilder::CallBitcode). Operands, items and scratch memory are those
// that the emitters in compiler/lower document.
#include "ops/moe/source/route_row.h"
#include "ops/sampling/source/choose_row.h"

using lathe::moe::Routing;
using lathe::sampling::Candidate;

// compiler/lower/sample.h
extern "C" void lathe_sample(void* const* operands, int64_t begin, int64_t end, void* scratch,
                             int32_t columns) {
  const lathe::sampling::StepRows rows{
      static_cast<const float*>(operands[0]),   static_cast<const int32_t*>(operands[1]),
      static_cast<const int32_t*>(operands[2]), static_cast<const float*>(operands[3]),
      static_cast<const int32_t*>(operands[4]), static_cast<const int32_t*>(operands[5]),
      static_cast<const float*>(operands[6])};
  auto* ids = static_cast<int32_t*>(operands[7]);
  auto* candidates = static_cast<Candidate*>(scratch);
  auto* scores = reinterpret_cast<float*>(candidates + columns);
  for (int64_t row = begin; row < end; ++row)
    ids[row] = lathe::sampling::ChooseRow(rows, row, columns, {scores, candidates});
}

// compiler/lower/moe.h; `bias` is null where there is none.
extern "C" void lathe_moe_route(const float* scores, const float* bias, int32_t* experts,
                                float* weights, int64_t begin, int64_t end, float* scratch,
                                int32_t num_experts, int32_t top_k, int32_t is_sigmoid,
                                int32_t normalize, float scale) {
  const Routing routing{
      .num_experts = num_experts,
      .top_k = top_k,
      .score = is_sigmoid != 0 ? lathe::moe::Score::kSigmoid : lathe::moe::Score::kSoftmax,
      .normalize = normalize != 0,
      .scale = scale};
  for (int64_t row = begin; row < end; ++row) {
    RouteRow(routing, scores + row * num_experts, bias, scratch, experts + row * top_k,
             weights + row * top_k);
  }
}

// compiler/lower/moe.h. A sort by counting: `ends` counts the choices of each expert, then walks
// from where they begin to where they end.
extern "C" void lathe_moe_dispatch(const int32_t* experts, int32_t* rows, int32_t* places,
                                   int32_t* ends, int64_t num_rows, int32_t num_experts,
                                   int32_t top_k) {
  const int64_t num_choices = num_rows * top_k;
  // What is no expert would be written elsewhere.
  auto expert_of = [&](int64_t choice) {
    const int32_t expert = experts[choice];
    return expert < 0 ? 0 : expert < num_experts ? expert : num_experts - 1;
  };
  for (int32_t e = 0; e < num_experts; ++e) ends[e] = 0;
  for (int64_t choice = 0; choice < num_choices; ++choice) ++ends[expert_of(choice)];
  int32_t begin = 0;
  for (int32_t e = 0; e < num_experts; ++e) {
    const int32_t count = ends[e];
    ends[e] = begin;
    begin += count;
  }
  for (int64_t choice = 0; choice < num_choices; ++choice) {
    const int32_t place = ends[expert_of(choice)]++;
    rows[place] = static_cast<int32_t>(choice / top_k);
    places[choice] = place;
  }
}
