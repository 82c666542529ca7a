#include "test/unit/tools/lathe/model_folder.h"

#include <algorithm>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "frontend/checkpoint/safetensors_writer.h"
#include "runtime/base/check.h"
#include "test/support/data.h"

namespace lathe::testing {

ModelFolder::ModelFolder(const std::string& name) : path_(TempDir()), output_folder_(TempDir()) {
  for (const auto& entry :
       std::filesystem::directory_iterator(SourcePath("test/data/golden/" + name))) {
    if (entry.is_regular_file())
      std::filesystem::copy_file(entry.path(), File(entry.path().filename().string()));
  }
}

std::string ModelFolder::File(absl::string_view name) const {
  return absl::StrCat(path_, "/", name);
}

std::vector<std::string> ModelFolder::Written() const {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(output_folder_))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

void ModelFolder::Replace(absl::string_view file, absl::string_view from, absl::string_view to) {
  std::string text = ReadFileOrDie(File(file));
  size_t at = text.find(std::string(from));
  LATHE_CHECK(at != std::string::npos) << from << " is not in " << file;
  Write(file, absl::StrCat(text.substr(0, at), to, text.substr(at + from.size())));
}

void ModelFolder::Write(absl::string_view file, absl::string_view bytes) {
  WriteFileOrDie(File(file), bytes);
}

void ModelFolder::Truncate(absl::string_view file, uint64_t bytes) {
  std::filesystem::resize_file(File(file), bytes);
}

void ModelFolder::Remove(absl::string_view file) {
  LATHE_CHECK(std::filesystem::remove(File(file))) << file;
}

void ModelFolder::EditTensors(const std::function<void(std::vector<SafetensorsTensor>&)>& edit) {
  const std::string path = File("model.safetensors");
  const std::string bytes = ReadFileOrDie(path);
  absl::StatusOr<SafetensorsContent> content = ReadSafetensors(bytes, path);
  LATHE_CHECK(content.ok()) << content.status().ToString();
  edit(content->tensors);
  SafetensorsWriter writer;
  for (const SafetensorsTensor& tensor : content->tensors) writer.Add(tensor.name, tensor.view);
  absl::Status written = writer.Write(path);
  LATHE_CHECK(written.ok()) << written.ToString();
}

SafetensorsTensor& TensorOf(std::vector<SafetensorsTensor>& tensors, absl::string_view name) {
  auto found = std::find_if(tensors.begin(), tensors.end(),
                            [&](const SafetensorsTensor& tensor) { return tensor.name == name; });
  LATHE_CHECK(found != tensors.end()) << name;
  return *found;
}

ProcessResult RunTool(std::vector<std::string> words, const ProcessOptions& options) {
  words.insert(words.begin(), BinaryPath("lathe"));
  return RunProcess(words, options);
}

ProcessResult RunToolOnFullDisk(int blocks, std::vector<std::string> words) {
  std::vector<std::string> shell = {"sh", "-c", absl::StrCat("ulimit -f ", blocks, "; exec \"$@\""),
                                    "sh", BinaryPath("lathe")};
  shell.insert(shell.end(), words.begin(), words.end());
  return RunProcess(shell);
}

const std::string& CompiledModel() {
  static const std::string artifact = [] {
    ModelFolder model;
    ProcessResult run = RunTool({"compile", model.path(), "-o", model.output()});
    LATHE_CHECK(run.exit_code == 0) << run.err;
    return model.output();
  }();
  return artifact;
}

}  // namespace lathe::testing
