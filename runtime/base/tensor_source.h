// Named tensors in host memory: the seam through which a checkpoint feeds the compiler while neither knows the other's format.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "runtime/base/dtype.h"

namespace lathe {

// A tensor whose bytes belong to someone else: row major, little endian, not necessarily aligned to its element.
struct TensorView {
  DType dtype = DType::kF32;
  std::vector<int64_t> shape;
  absl::string_view bytes;

  int64_t num_elements() const;
};

// "[2, 3] BF16", for messages.
std::string Describe(const TensorView& tensor);

class TensorSource {
 public:
  virtual ~TensorSource() = default;
  // The tensor called `name`, or null. The view stays valid as long as the source.
  virtual const TensorView* Find(absl::string_view name) const = 0;
  // All names, sorted.
  virtual std::vector<std::string> Names() const = 0;
  // Where `name` comes from (a file), for messages.
  virtual std::string Origin(absl::string_view name) const = 0;
};

}  // namespace lathe
