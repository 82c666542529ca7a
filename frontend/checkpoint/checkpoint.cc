#include "frontend/checkpoint/checkpoint.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "frontend/checkpoint/shard_index.h"
#include "runtime/base/mapped_file.h"
#include "runtime/base/status_macros.h"
#include "runtime/base/strings.h"

namespace lathe {
namespace {

constexpr absl::string_view kSingleName = "model.safetensors";
constexpr absl::string_view kIndexName = "model.safetensors.index.json";
// A name of 100 bytes for each of a million tensors.
constexpr size_t kMaxIndexBytes = size_t{256} << 20;

bool Exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

// "a", "b" and 3 more: for messages.
std::string Some(const std::vector<std::string>& names) {
  constexpr size_t kShown = 5;
  const size_t shown = std::min(names.size(), kShown);
  std::string text =
      absl::StrJoin(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown), ", ");
  if (names.size() > shown) absl::StrAppend(&text, " and ", names.size() - shown, " more");
  return text;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Checkpoint>> Checkpoint::Open(const std::string& folder) {
  std::unique_ptr<Checkpoint> checkpoint(new Checkpoint());
  checkpoint->folder_ = folder;
  const std::string single = absl::StrCat(folder, "/", kSingleName);
  const std::string index = absl::StrCat(folder, "/", kIndexName);
  if (Exists(index)) {
    LATHE_RETURN_IF_ERROR(checkpoint->OpenSharded(index));
  } else if (Exists(single)) {
    LATHE_RETURN_IF_ERROR(checkpoint->OpenSingle(single));
  } else {
    return absl::NotFoundError(absl::StrCat(
        folder, Exists(folder) ? ": holds neither " : ": no such folder, expected one with ",
        kIndexName, Exists(folder) ? " nor " : " or ", kSingleName));
  }
  return checkpoint;
}

absl::Status Checkpoint::OpenSingle(const std::string& path) {
  LATHE_ASSIGN_OR_RETURN(SafetensorsFile file, SafetensorsFile::Open(path));
  files_.push_back(std::move(file));
  for (const SafetensorsTensor& tensor : files_[0].tensors()) {
    places_.emplace(tensor.name, Place{0, &tensor.view});
  }
  return absl::OkStatus();
}

absl::Status Checkpoint::OpenSharded(const std::string& index_path) {
  LATHE_ASSIGN_OR_RETURN(std::string text, ReadFile(index_path, kMaxIndexBytes));
  LATHE_ASSIGN_OR_RETURN(ShardIndex index, ParseShardIndex(text, index_path));
  absl::flat_hash_map<std::string, size_t> file_of_name;
  files_.reserve(index.files.size());
  std::vector<std::string> missing;
  for (const std::string& name : index.files) {
    const std::string path = absl::StrCat(folder_, "/", name);
    if (!Exists(path)) {
      missing.push_back(name);
      continue;
    }
    LATHE_ASSIGN_OR_RETURN(SafetensorsFile file, SafetensorsFile::Open(path));
    file_of_name.emplace(name, files_.size());
    files_.push_back(std::move(file));
  }
  if (!missing.empty()) {
    return absl::NotFoundError(absl::StrCat(index_path, ": names ", index.files.size(), " shards, ",
                                            missing.size(), " of them missing: ", Some(missing),
                                            "; copy or download them into the same folder"));
  }
  std::vector<std::string> absent;
  for (const auto& [name, file_name] : index.weight_map) {
    const size_t file = file_of_name.at(file_name);
    const TensorView* view = files_[file].Find(name);
    if (view == nullptr) absent.push_back(absl::StrCat(Quoted(name), " in ", file_name));
    places_.emplace(name, Place{file, view});
  }
  if (!absent.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        index_path, ": weight_map names tensors that their shards do not hold: ", Some(absent),
        "; index and shards are from different checkpoints"));
  }
  for (size_t i = 0; i < files_.size(); ++i) {
    std::vector<std::string> extra;
    for (const SafetensorsTensor& tensor : files_[i].tensors()) {
      auto it = places_.find(tensor.name);
      if (it == places_.end() || it->second.file != i) extra.push_back(Quoted(tensor.name));
    }
    if (extra.empty()) continue;
    warnings_.push_back(
        absl::StrCat(files_[i].path(), ": ", extra.size(),
                     " tensors that the index does not place here are ignored: ", Some(extra)));
  }
  return absl::OkStatus();
}

const TensorView* Checkpoint::Find(absl::string_view name) const {
  auto it = places_.find(name);
  return it == places_.end() ? nullptr : it->second.view;
}

std::vector<std::string> Checkpoint::Names() const {
  std::vector<std::string> names;
  names.reserve(places_.size());
  for (const auto& [name, place] : places_) names.push_back(name);
  std::sort(names.begin(), names.end());
  return names;
}

std::string Checkpoint::Origin(absl::string_view name) const {
  auto it = places_.find(name);
  return it == places_.end() ? folder_ : files_[it->second.file].path();
}

uint64_t Checkpoint::total_bytes() const {
  uint64_t bytes = 0;
  for (const auto& [name, place] : places_) bytes += place.view->bytes.size();
  return bytes;
}

}  // namespace lathe
