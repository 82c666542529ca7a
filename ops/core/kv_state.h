// KvState: the keys and values that the interpreter keeps across steps, row by row, without pages.
// Values are rounded to the dtype of their cache as they are written.
//   KvState state;
//   state.Write({"kv", 0}, /*sequence=*/0, /*position=*/3, key, value);
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

namespace lathe {

// One layer of a cache group.
struct KvHandle {
  std::string group;
  int64_t layer = 0;
};

class KvState {
 public:
  struct Row {
    std::vector<float> key;    // [NK * D]
    std::vector<float> value;  // [NK * D]
  };

  // Replaces what stood at the position.
  void Write(const KvHandle& layer, int64_t sequence, int64_t position, Row row);
  // Null when nothing was written there.
  const Row* Find(const KvHandle& layer, int64_t sequence, int64_t position) const;
  // Forgets positions >= `length` of a sequence in all groups: 0 releases it.
  void Truncate(int64_t sequence, int64_t length);
  int64_t num_rows() const { return static_cast<int64_t>(rows_.size()); }

 private:
  using Key =
      std::tuple<std::string, int64_t, int64_t, int64_t>;  // group, layer, sequence, position
  std::map<Key, Row> rows_;
};

}  // namespace lathe
