#include "compiler/emit/pack_blocks.h"

#include <atomic>
#include <string>

#include "gtest/gtest.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::HasSubstr;

TEST(PackBlocksTest, RowsStandSideBySide) {
  std::vector<std::string> texts;
  std::vector<const char*> rows;
  for (int i = 0; i < 16; ++i) texts.push_back(std::string(4, static_cast<char>('a' + i)) + "WXYZ");
  for (const std::string& text : texts) rows.push_back(text.data());
  for (size_t count : {size_t{16}, size_t{5}}) {
    std::string out(128, '?');
    Interleave(absl::MakeConstSpan(rows.data(), count), 2, out.data());
    EXPECT_EQ(out.substr(0, 12), "aaaabbbbcccc");
    EXPECT_EQ(out.substr(64, 8), "WXYZWXYZ");
    EXPECT_EQ(out.substr(60, 4), count == 16 ? "pppp" : std::string(4, '\0'));
  }
}

TEST(PackBlocksTest, EveryPartIsDoneOnce) {
  for (int threads : {1, 3, 100}) {
    std::vector<std::atomic<int>> done(7);
    SplitOverThreads(7, threads, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) ++done[static_cast<size_t>(i)];
    });
    for (const auto& count : done) EXPECT_EQ(count, 1);
  }
  SplitOverThreads(0, 4, [](int64_t begin, int64_t end) { EXPECT_EQ(begin, end); });
}

TEST(PackBlocksTest, TensorsMustFit) {
  std::string bytes(24, '\0');
  LATHE_EXPECT_OK(CheckPackable({DType::kF32, {2, 3}, bytes}, WeightFormat::kInt8Group32,
                                static_cast<size_t>(16 * 32 + 64)));
  EXPECT_THAT(CheckPackable({DType::kF32, {2, 3}, bytes}, WeightFormat::kInt8Group32, 100),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("the packed weight has 100 bytes, expected 576")));
  EXPECT_THAT(CheckPackable({DType::kF32, {6}, bytes}, WeightFormat::kF32, 0),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("expected two extents")));
  EXPECT_THAT(CheckTensor({DType::kI8, {24}, bytes}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("expected F32, F16 or BF16")));
  EXPECT_THAT(CheckTensor({DType::kF32, {7}, bytes}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("the tensor has 24 bytes, expected 28")));
}

}  // namespace
}  // namespace lathe
