// Problems of the tiny model, for the tests of lathe bench.
#pragma once

#include <memory>
#include <string>

#include "compiler/problem/problem.h"
#include "runtime/base/check.h"
#include "test/support/model/tiny_model.h"

namespace lathe::testing {

// The planned tiny model, in whose context its problems live.
class TinyProblems {
 public:
  TinyProblems() : model_(TinyModel()) {
    absl::Status status = RunPhases(*model_, Phase::kPlan);
    LATHE_CHECK(status.ok()) << status.ToString();
  }
  Problem Extract(const std::string& name) {
    absl::StatusOr<Problem> problem = ExtractProblem(model_->module(), name);
    LATHE_CHECK(problem.ok()) << problem.status().ToString();
    return *std::move(problem);
  }
  std::vector<Problem> All() {
    absl::StatusOr<std::vector<Problem>> problems = ExtractProblems(model_->module());
    LATHE_CHECK(problems.ok()) << problems.status().ToString();
    return *std::move(problems);
  }

 private:
  std::unique_ptr<Graph> model_;
};

}  // namespace lathe::testing
