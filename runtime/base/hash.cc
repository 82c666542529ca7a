#include "runtime/base/hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace lathe {

struct Hasher64::State {
  XXH3_state_t xxh;
};

uint64_t Hash64(absl::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

Digest128 Hash128(absl::string_view bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return {.low = hash.low64, .high = hash.high64};
}

Hasher64::Hasher64() : state_(std::make_unique<State>()) { XXH3_64bits_reset(&state_->xxh); }
Hasher64::~Hasher64() = default;
void Hasher64::Update(absl::string_view bytes) {
  XXH3_64bits_update(&state_->xxh, bytes.data(), bytes.size());
}
uint64_t Hasher64::Digest() const { return XXH3_64bits_digest(&state_->xxh); }

}  // namespace lathe
