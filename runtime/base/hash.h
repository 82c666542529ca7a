// XXH3 with 64 bits: the checksum of artifacts and the key of caches. Not cryptographic.
#pragma once

#include <cstdint>
#include <memory>

#include "absl/strings/string_view.h"

namespace lathe {

uint64_t Hash64(absl::string_view bytes);

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
