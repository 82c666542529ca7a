// Four products of small integers at a time, added to 32-bit integers: the way in which a feature
// level multiplies stored weights (unsigned) by quantised activations (signed). Every way is exact,
// so that levels agree to the last bit.
//   std::unique_ptr<ByteDot> dot = MakeByteDot(b);
//   SmallVector<ByteDot::Factor> parts = dot->LoadWeights(line, /*bits=*/8);
//   sum = dot->Add(sum, parts[0], dot->LoadActivations(x));
#pragma once

#include <memory>

#include "compiler/lower/kernel_builder.h"

namespace lathe {

class ByteDot {
 public:
  // What a dot product reads: 4 consecutive k for each of 16 columns.
  using Factor = llvm::SmallVector<mlir::Value, 2>;

  virtual ~ByteDot() = default;

  // Bytes that one activation takes in a prepared row.
  virtual int64_t ActivationBytes() const = 0;
  // Stores 16 consecutive activations, given as 16 lanes of i32 in [-127, 127].
  virtual void StoreActivations(mlir::Value numbers, mlir::Value address) const = 0;
  // 4 consecutive activations, the same for every column.
  virtual Factor LoadActivations(mlir::Value address) const = 0;
  // A cache line of stored weights of `bits` bits: one factor for each 4 of its k, ascending.
  virtual llvm::SmallVector<Factor> LoadWeights(mlir::Value line, int bits) const = 0;
  // sum + weights * activations, 16 lanes of i32.
  virtual mlir::Value Add(mlir::Value sum, const Factor& weights,
                          const Factor& activations) const = 0;
};

// The best that the builder's level has; `b` must outlive it.
std::unique_ptr<ByteDot> MakeByteDot(KernelBuilder& b);

// Of every level: the most bytes that an activation takes.
inline constexpr int64_t kMostActivationBytes = 2;

}  // namespace lathe
