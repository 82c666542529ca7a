// The same folder gives the same artifact, byte for byte, wherever it lies and however many threads
// compile it.
#include <filesystem>

#include "test/support/data.h"
#include "test/support/golden/compile_folder.h"
#include "test/support/status_matchers.h"

namespace lathe::testing {
namespace {

// A copy of a golden folder as `parent`/model.
std::string CopyOf(const std::string& name, const std::string& parent) {
  std::string copy = parent + "/model";
  std::filesystem::create_directories(copy);
  for (const auto& entry :
       std::filesystem::directory_iterator(SourcePath("test/data/golden/" + name))) {
    if (entry.is_regular_file())
      std::filesystem::copy_file(entry.path(), copy / entry.path().filename());
  }
  return copy;
}

void ExpectSameBytes(const std::string& name, const std::string& precision,
                     const StoragePolicy& storage = {}) {
  CompileSpec here{
      .folder = CopyOf(name, TempDir() + "/here"), .precision = precision, .storage = storage};
  CompileSpec there{.folder = CopyOf(name, TempDir() + "/quite/another/place"),
                    .precision = precision,
                    .storage = storage};
  here.threads = 1;
  there.threads = 2;
  const std::string first = TempDir() + "/first.lathe";
  const std::string second = TempDir() + "/second.lathe";
  LATHE_ASSERT_OK(CompileFolder(here, first));
  LATHE_ASSERT_OK(CompileFolder(there, second));
  std::string bytes = ReadFileOrDie(first);
  EXPECT_GT(bytes.size(), 4096u);
  // Not EXPECT_EQ: it would print both.
  EXPECT_TRUE(bytes == ReadFileOrDie(second));
}

TEST(DeterminismTest, F32) { ExpectSameBytes("qwen3_untied", "f32"); }

TEST(DeterminismTest, BF16WithTwoCacheGroups) { ExpectSameBytes("qwen3_window", "bf16"); }

TEST(DeterminismTest, Int4AndInt8) { ExpectSameBytes("qwen3_tied", "bf16", {.weights = "int4"}); }

}  // namespace
}  // namespace lathe::testing
