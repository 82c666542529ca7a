// Runs a fuzz target on every known input: a test for each file.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "test/fuzz/fuzz_input.h"
#include "test/support/data.h"

namespace lathe::fuzz {
namespace {

// The files that LATHE_FUZZ_INPUTS lists, those of listed folders among them.
std::vector<std::string> InputFiles() {
  std::vector<std::string> files;
  std::ifstream list(LATHE_FUZZ_INPUTS);
  for (std::string line; std::getline(list, line);) {
    if (!std::filesystem::is_directory(line)) {
      if (std::filesystem::exists(line)) files.push_back(line);
      continue;
    }
    for (const auto& entry : std::filesystem::directory_iterator(line)) {
      files.push_back(entry.path().string());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

class ReplayTest : public ::testing::TestWithParam<std::string> {};

TEST_P(ReplayTest, EndsInOrder) {
  const std::string bytes = testing::ReadFileOrDie(GetParam());
  // A copy of exactly this size: the sanitizer sees the first byte that is read behind it.
  const std::vector<uint8_t> input(bytes.begin(), bytes.end());
  EXPECT_EQ(LLVMFuzzerTestOneInput(input.data(), input.size()), 0);
}

std::string TestName(const ::testing::TestParamInfo<std::string>& info) {
  const std::filesystem::path path(info.param);
  std::string name = path.parent_path().parent_path().filename().string() + "_" +
                     path.parent_path().filename().string() + "_" + path.filename().string();
  std::replace_if(
      name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Known, ReplayTest, ::testing::ValuesIn(InputFiles()), TestName);

}  // namespace
}  // namespace lathe::fuzz
