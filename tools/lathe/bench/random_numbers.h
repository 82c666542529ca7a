// Random numbers of a sensible size in place of weights and activations: the same for the same seed
// and name, so that a benchmark can be repeated.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "mlir/IR/BuiltinOps.h"
#include "runtime/base/dtype.h"
#include "runtime/base/tensor_source.h"
#include "runtime/base/weight_name.h"

namespace lathe {

class RandomNumbers {
 public:
  explicit RandomNumbers(uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15u + 1) {}
  // The seed and a name together.
  RandomNumbers(uint64_t seed, absl::string_view name);

  // In [-1, 1).
  float Uniform();
  // In [0, limit).
  int64_t Below(int64_t limit);

 private:
  uint64_t Next();
  uint64_t state_;
};

// `value` as element `index` of an array of `dtype` (f32, f16, bf16) at `data`.
void StoreFloat(DType dtype, float value, char* data, size_t index);

// Every weight that a problem declares. Matrices are scaled so that products keep the size of what
// they are given; vectors (gains of norms, biases) lie around 1.
class RandomWeights : public TensorSource {
 public:
  // Unimplemented for a weight of a type that is no float, ResourceExhausted for one that is larger
  // than any model's.
  static absl::StatusOr<std::unique_ptr<RandomWeights>> Make(mlir::ModuleOp problem, uint64_t seed);

  // Copies of a replicated problem ("NAME#3") have the numbers of the original.
  const TensorView* Find(absl::string_view name) const override;
  std::vector<std::string> Names() const override;
  std::string Origin(absl::string_view name) const override;

  // As the artifact stores them: fewer than the numbers here take where the compiler quantises.
  uint64_t stored_bytes() const { return stored_bytes_; }

 private:
  void Add(const SourceTensor& tensor, DType dtype, uint64_t seed);

  struct Entry {
    std::vector<char> bytes;
    TensorView view;
  };
  std::map<std::string, Entry> entries_;
  uint64_t stored_bytes_ = 0;
};

}  // namespace lathe
