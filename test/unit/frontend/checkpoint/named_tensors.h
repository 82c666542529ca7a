// A source of tensors in memory, for tests of what works on sources.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "runtime/base/tensor_source.h"

namespace lathe::testing {

class NamedTensors : public TensorSource {
 public:
  NamedTensors() = default;
  // Tensors that hold their own names, to tell them apart.
  explicit NamedTensors(const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      Add(name, DType::kU8, {static_cast<int64_t>(name.size())}, name);
    }
  }

  void Add(const std::string& name, DType dtype, std::vector<int64_t> shape, std::string bytes) {
    auto& [view, storage] = tensors_[name];
    storage = std::move(bytes);
    view = {dtype, std::move(shape), storage};
  }
  const TensorView* Find(absl::string_view name) const override {
    auto it = tensors_.find(std::string(name));
    return it == tensors_.end() ? nullptr : &it->second.first;
  }
  std::vector<std::string> Names() const override {
    std::vector<std::string> names;
    for (const auto& [name, tensor] : tensors_) names.push_back(name);
    return names;
  }
  std::string Origin(absl::string_view name) const override {
    return Find(name) == nullptr ? "folder" : absl::StrCat("file of ", name);
  }

 private:
  std::map<std::string, std::pair<TensorView, std::string>> tensors_;
};

}  // namespace lathe::testing
