// Operands of the op sample: random ones, rows of all kinds of requests beside each other, and
// those of a step that is greedy.
//   SampleStep step(/*rows=*/20, /*columns=*/300, /*seed=*/1);
//   LATHE_ASSERT_OK_AND_ASSIGN(HostTensor ids, SampleReference(step.operands()));
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "ops/core/host_tensor.h"
#include "ops/sampling/sampling_reference.h"

namespace lathe::testing {

// A third of the rows keeps its greedy id, a third takes the likeliest id, the rest is drawn. Lists
// hold ids inside and outside of the row; some rows forbid all, some hold what is no number.
struct SampleStep {
  SampleStep(int64_t rows, int64_t columns, uint32_t seed);

  SampleOperands operands() const {
    return {x, greedy_ids, limits, settings, numbers, list_ids, list_values};
  }

  HostTensor x;
  HostTensor greedy_ids;
  HostTensor limits;
  HostTensor settings;
  HostTensor numbers;
  HostTensor list_ids;
  HostTensor list_values;
};

// The inputs of a model's step that say how rows choose: `rows` rows that take the likeliest id
// below `limit`.
std::map<std::string, HostTensor> GreedyRowInputs(int64_t rows, int32_t limit);

}  // namespace lathe::testing
