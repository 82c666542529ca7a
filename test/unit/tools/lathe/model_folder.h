// A small model folder that a test may damage, and the tools run on it as a user would.
//   ModelFolder model;
//   model.Replace("config.json", "\"silu\"", "\"gelu\"");
//   ProcessResult run = RunTool({"compile", model.path(), "-o", model.output()});
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "frontend/checkpoint/safetensors.h"
#include "test/support/process.h"

namespace lathe::testing {

class ModelFolder {
 public:
  // A copy of test/data/golden/NAME.
  explicit ModelFolder(const std::string& name = "qwen3_tied");

  const std::string& path() const { return path_; }
  std::string File(absl::string_view name) const;
  // A path in a folder of its own, which is empty until something is written there.
  std::string output() const { return output_folder_ + "/m.lathe"; }
  // What stands in that folder, sorted.
  std::vector<std::string> Written() const;

  // Replaces the first `from` in a text file; `from` must be there.
  void Replace(absl::string_view file, absl::string_view from, absl::string_view to);
  void Write(absl::string_view file, absl::string_view bytes);
  // Keeps the first `bytes` of a file.
  void Truncate(absl::string_view file, uint64_t bytes);
  void Remove(absl::string_view file);
  // Rewrites model.safetensors with `edit` applied to its tensors.
  void EditTensors(const std::function<void(std::vector<SafetensorsTensor>&)>& edit);

 private:
  std::string path_;
  std::string output_folder_;
};

// The tensor called `name`, which must be there.
SafetensorsTensor& TensorOf(std::vector<SafetensorsTensor>& tensors, absl::string_view name);

// lathe WORDS...
ProcessResult RunTool(std::vector<std::string> words, const ProcessOptions& options = {});

// The same with no file allowed to grow beyond `blocks` of 512 bytes: a disk that is full.
ProcessResult RunToolOnFullDisk(int blocks, std::vector<std::string> words);

// test/data/golden/qwen3_tied compiled by `lathe compile`, once for the whole program.
const std::string& CompiledModel();

}  // namespace lathe::testing
