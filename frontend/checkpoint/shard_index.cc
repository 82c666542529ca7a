#include "frontend/checkpoint/shard_index.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "frontend/json/json_events.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/strings.h"

namespace lathe {
namespace {

// Values outside weight_map (metadata of writers) are skipped, nested at most this deep.
constexpr size_t kMaxDepth = 32;

class IndexEvents : public JsonEvents {
 public:
  explicit IndexEvents(ShardIndex& index) : index_(index) {}

  bool has_map() const { return has_map_; }

  bool key(std::string& name) {
    if (depth_ == 1) {
      in_map_ = name == "weight_map";
      if (in_map_ && has_map_) return Refuse("weight_map occurs twice");
    } else if (in_map_) {
      index_.weight_map.emplace_back(std::move(name), "");
    }
    return true;
  }
  bool string(std::string& value) {
    if (InEntries()) index_.weight_map.back().second = std::move(value);
    return InEntries() || Skip("a string");
  }
  bool number_unsigned(uint64_t) { return Skip("a number"); }
  bool number_integer(int64_t) { return Skip("a number"); }
  bool number_float(double, const std::string&) { return Skip("a number"); }
  bool null() { return Skip("null"); }
  bool boolean(bool) { return Skip("true or false"); }
  bool start_object(size_t) {
    if (depth_ == 1 && in_map_) {
      has_map_ = true;
      ++depth_;
      return true;
    }
    return Enter("an object", /*may_be_root=*/true);
  }
  bool end_object() { return Leave(); }
  bool start_array(size_t) { return Enter("a list", /*may_be_root=*/false); }
  bool end_array() { return Leave(); }

 private:
  bool InEntries() const { return in_map_ && depth_ == 2; }
  // A value that is not part of the map.
  bool Skip(absl::string_view found) {
    if (InEntries()) {
      return Refuse(absl::StrCat("weight_map: tensor ", Quoted(index_.weight_map.back().first),
                                 ": found ", found, ", expected a file name"));
    }
    if (depth_ == 1 && in_map_) {
      return Refuse(absl::StrCat("weight_map: found ", found, ", expected an object"));
    }
    return depth_ > 0 || Refuse(absl::StrCat("found ", found, ", expected an object"));
  }
  bool Enter(absl::string_view found, bool may_be_root) {
    if (!(depth_ == 0 && may_be_root) && !Skip(found)) return false;
    if (depth_ == kMaxDepth) return Refuse(absl::StrCat("nested more than ", kMaxDepth, " levels"));
    ++depth_;
    return true;
  }
  bool Leave() {
    --depth_;
    return true;
  }

  ShardIndex& index_;
  size_t depth_ = 0;
  bool in_map_ = false;  // below the key weight_map
  bool has_map_ = false;
};

// A shard lies beside its index: anything else could read files that are none of the checkpoint's
// business.
absl::Status CheckFileName(absl::string_view tensor, absl::string_view file) {
  const bool leads_away =
      file.find('/') != absl::string_view::npos || file.find('\\') != absl::string_view::npos ||
      file.find("..") != absl::string_view::npos || file.find('\0') != absl::string_view::npos;
  if (!file.empty() && !leads_away) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("weight_map: tensor ", Quoted(tensor), ": file name ", Quoted(file),
                   " is refused; expected the plain name of a file beside the index"));
}

}  // namespace

absl::StatusOr<ShardIndex> ParseShardIndex(absl::string_view json, absl::string_view origin) {
  ShardIndex index;
  IndexEvents events(index);
  LATHE_RETURN_IF_ERROR(ParseJsonEvents(json, origin, events));
  if (!events.has_map()) {
    return absl::InvalidArgumentError(absl::StrCat(origin, ": weight_map is missing"));
  }
  auto& map = index.weight_map;
  std::sort(map.begin(), map.end());
  for (size_t i = 0; i < map.size(); ++i) {
    if (i > 0 && map[i].first == map[i - 1].first) {
      return absl::InvalidArgumentError(absl::StrCat(
          origin, ": weight_map: tensor ", Quoted(map[i].first), ": the name occurs twice"));
    }
    LATHE_RETURN_IF_ERROR(CheckFileName(map[i].first, map[i].second), origin);
    index.files.push_back(map[i].second);
  }
  std::sort(index.files.begin(), index.files.end());
  index.files.erase(std::unique(index.files.begin(), index.files.end()), index.files.end());
  return index;
}

}  // namespace lathe
