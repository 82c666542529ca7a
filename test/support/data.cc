#include "test/support/data.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "runtime/base/check.h"

namespace lathe::testing {
namespace {

std::string FromEnvironment(const char* name) {
  const char* value = std::getenv(name);
  LATHE_CHECK(value != nullptr) << name << " is not set: run the tests through ctest";
  return value;
}

// Owns the folders of TempDir() and removes them when the program ends.
class TempDirs {
 public:
  ~TempDirs() {
    std::error_code ignored;
    std::filesystem::remove_all(root_, ignored);
  }
  std::string Make() {
    if (root_.empty()) {
      std::string pattern = (std::filesystem::temp_directory_path() / "lathe_test_XXXXXX").string();
      LATHE_CHECK(::mkdtemp(pattern.data()) != nullptr) << pattern;
      root_ = pattern;
    }
    std::string dir = absl::StrCat(root_, "/", count_++);
    std::filesystem::create_directories(dir);
    return dir;
  }

 private:
  std::string root_;
  int count_ = 0;
};

}  // namespace

std::string SourcePath(absl::string_view relative) {
  return absl::StrCat(FromEnvironment("LATHE_SOURCE_DIR"), "/", relative);
}

std::string BinaryPath(absl::string_view name) {
  return absl::StrCat(FromEnvironment("LATHE_BINARY_DIR"), "/bin/", name);
}

std::optional<std::string> SharedDataPath(absl::string_view relative) {
  std::string path = absl::StrCat(FromEnvironment("LATHE_SHARED_DATA"), "/", relative);
  if (!std::filesystem::exists(path)) return std::nullopt;
  return path;
}

std::string TempDir() {
  static TempDirs dirs;
  return dirs.Make();
}

std::string ReadFileOrDie(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  LATHE_CHECK(in.good()) << "cannot read " << path;
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

void WriteFileOrDie(const std::string& path, absl::string_view bytes) {
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  out.flush();
  LATHE_CHECK(out.good()) << "cannot write " << path;
}

}  // namespace lathe::testing
