// Random numbers of the graph fuzzer: counter-based, so that a seed stands for the same graph on
// every machine.
//   Draws draws(seed);
//   int64_t width = draws.Pick<int64_t>({1, 17, 64});
#pragma once

#include <cstdint>
#include <initializer_list>

#include "absl/strings/string_view.h"
#include "runtime/base/hash.h"

namespace lathe::op_fuzz {

class Draws {
 public:
  explicit Draws(uint64_t seed) : key_(Mix(seed + 1)) {}
  // Numbers of their own for each name under one seed.
  Draws(uint64_t seed, absl::string_view name) : key_(Mix(Mix(seed + 1) ^ Hash64(name))) {}

  uint64_t Next() { return Mix(key_ + kStep * ++counter_); }
  // [0, count)
  int64_t Below(int64_t count) {
    return static_cast<int64_t>(Next() % static_cast<uint64_t>(count));
  }
  bool OneIn(int64_t count) { return Below(count) == 0; }
  // [-1, 1), with 24 bits: every value is an f32.
  float Unit() {
    return static_cast<float>(static_cast<int64_t>(Next() >> 40) - (1 << 23)) / (1 << 23);
  }
  template <typename T>
  T Pick(std::initializer_list<T> values) {
    return values.begin()[Below(static_cast<int64_t>(values.size()))];
  }
  template <typename Container>
  const auto& PickFrom(const Container& values) {
    return values[static_cast<size_t>(Below(static_cast<int64_t>(values.size())))];
  }

 private:
  static constexpr uint64_t kStep = 0x9E3779B97F4A7C15;
  // The finalizer of SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number
  // generators", 2014).
  static uint64_t Mix(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }

  uint64_t key_;
  uint64_t counter_ = 0;
};

}  // namespace lathe::op_fuzz
