#include "ops/core/kv_state.h"

#include <utility>

namespace lathe {

void KvState::Write(const KvHandle& layer, int64_t sequence, int64_t position, Row row) {
  rows_[Key(layer.group, layer.layer, sequence, position)] = std::move(row);
}

const KvState::Row* KvState::Find(const KvHandle& layer, int64_t sequence, int64_t position) const {
  auto it = rows_.find(Key(layer.group, layer.layer, sequence, position));
  return it == rows_.end() ? nullptr : &it->second;
}

void KvState::Truncate(int64_t sequence, int64_t length) {
  std::erase_if(rows_, [&](const auto& entry) {
    return std::get<2>(entry.first) == sequence && std::get<3>(entry.first) >= length;
  });
}

}  // namespace lathe
