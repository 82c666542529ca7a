// XXH3 with 64 bits, the checksum of artifacts and the key of caches, and with 128 bits, where two
// contents of the same hash should never be met. Not cryptographic.
#pragma once

#include <cstdint>
#include <memory>

#include "absl/strings/string_view.h"

namespace lathe {

uint64_t Hash64(absl::string_view bytes);

struct Digest128 {
  uint64_t low = 0;
  uint64_t high = 0;

  bool operator==(const Digest128&) const = default;
};
Digest128 Hash128(absl::string_view bytes);

// The same hash over pieces: Hash64 of their concatenation.
class Hasher64 {
 public:
  Hasher64();
  ~Hasher64();
  void Update(absl::string_view bytes);
  uint64_t Digest() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lathe
