// What results of machine code may be, learnt from noisy runs of the reference.
//   LATHE_ASSIGN_OR_RETURN(Tolerance tolerance, Tolerance::Measure(module, weights, run, level));
//   std::string where = tolerance.FirstBreach(outputs);
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "test/op_fuzz/case.h"
#include "test/op_fuzz/compiled.h"
#include "test/op_fuzz/noise.h"

namespace lathe::op_fuzz {

// All steps of a case on the interpreter.
absl::StatusOr<StepTensors> RunReference(mlir::ModuleOp module, const TensorSource& weights,
                                         const CaseRun& run);

// "y0[3, 5] of step 0 is 1.5, expected 1.25" for the first element with other bits; "" for none.
// Numbers that are no numbers are all alike.
std::string FirstDifference(const StepTensors& actual, const StepTensors& expected);

class Tolerance {
 public:
  static absl::StatusOr<Tolerance> Measure(mlir::ModuleOp module, const TensorSource& weights,
                                           const CaseRun& run, const NoiseLevel& level);

  // The first element that lies further from the reference than noise can carry it; "" for none. An
  // id may be any whose number is near enough to that of the reference's choice.
  std::string FirstBreach(const StepTensors& actual) const;

 private:
  std::string BreachOfIds(size_t step, const std::string& name, const HostTensor& actual) const;
  std::string BreachOfFloats(size_t step, const std::string& name, const HostTensor& actual) const;

  // With the rows that each argmax reads, as "choice.NAME" of its output.
  StepTensors reference_;
  // By step and name: how far each row may move.
  std::vector<std::map<std::string, std::vector<double>>> bounds_;
};

}  // namespace lathe::op_fuzz
