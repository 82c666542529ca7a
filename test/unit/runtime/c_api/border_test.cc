#include "runtime/c_api/border.h"

#include <cstring>
#include <string>
#include <vector>

#include "test/support/status_matchers.h"

namespace lathe::c_api {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(BorderTest, CodesAndWords) {
  lathe_error error;
  EXPECT_EQ(Report(absl::NotFoundError("no such file"), &error), LATHE_NOT_FOUND);
  EXPECT_STREQ(error.text, "no such file");
  EXPECT_EQ(Report(absl::OkStatus(), &error), LATHE_OK);
  EXPECT_STREQ(error.text, "");
  EXPECT_EQ(Report(absl::DataLossError("x"), nullptr), LATHE_DATA_LOSS);
  EXPECT_EQ(Report(absl::AbortedError("x"), nullptr), LATHE_UNKNOWN);
  EXPECT_STREQ(CodeName(LATHE_DATA_LOSS), "DATA_LOSS");
  EXPECT_STREQ(CodeName(LATHE_OK), "OK");
  EXPECT_STREQ(CodeName(static_cast<lathe_code>(99)), "UNKNOWN");
}

// The numbers are those of absl::Status, and so of gRPC, for good.
TEST(BorderTest, CodesKeepTheirNumbers) {
  for (int code = 0; code <= 15; ++code) {
    const absl::Status status(static_cast<absl::StatusCode>(code), "x");
    const lathe_code reported = Report(status, nullptr);
    if (reported != LATHE_UNKNOWN) EXPECT_EQ(static_cast<int>(reported), code);
  }
}

TEST(BorderTest, LongWordsAreCutAtACharacter) {
  std::string words(1021, 'x');
  words += "€€";  // 3 bytes each: the first would end one byte beyond
  lathe_error error;
  std::memset(&error, 'y', sizeof(error));
  Report(absl::InternalError(words), &error);
  EXPECT_EQ(std::string(error.text), std::string(1021, 'x'));
  words.pop_back();
  words.erase(0, 1);
  Report(absl::InternalError(words), &error);
  EXPECT_EQ(std::string(error.text), std::string(1020, 'x') + "€");
}

struct Grown {
  size_t struct_size;
  int64_t old_field;
};
struct GrownLater {
  size_t struct_size;
  int64_t old_field;
  int64_t new_field;
};

TEST(BorderTest, StructsMayComeFromALaterHeader) {
  GrownLater later = {sizeof(GrownLater), 7, 0};
  const Grown* seen = reinterpret_cast<const Grown*>(&later);
  LATHE_ASSERT_OK_AND_ASSIGN(Grown read, ReadStruct(seen, "grown"));
  EXPECT_EQ(read.old_field, 7);
  later.new_field = 1;
  EXPECT_THAT(ReadStruct(seen, "grown"),
              StatusIs(absl::StatusCode::kUnimplemented,
                       HasSubstr("grown has fields that are set and that this library (ABI 1)")));
}

TEST(BorderTest, StructSizesAreChecked) {
  Grown given = {0, 7};
  EXPECT_THAT(
      ReadStruct(&given, "grown"),
      StatusIs(absl::StatusCode::kInvalidArgument,
               HasSubstr("struct_size of grown is 0, expected 16: set it to sizeof(grown)")));
  given.struct_size = 8;
  EXPECT_THAT(ReadStruct(&given, "grown"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("is 8")));
  given.struct_size = SIZE_MAX;
  EXPECT_THAT(ReadStruct(&given, "grown"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("expected 16")));
  LATHE_ASSERT_OK_AND_ASSIGN(Grown none, ReadStruct<Grown>(nullptr, "grown"));
  EXPECT_EQ(none.old_field, 0);
}

TEST(BorderTest, FilledStructsKeepTheirSize) {
  GrownLater later = {sizeof(GrownLater), 0, 5};
  LATHE_EXPECT_OK(WriteStruct(Grown{0, 9}, reinterpret_cast<Grown*>(&later), "grown"));
  EXPECT_EQ(later.struct_size, sizeof(GrownLater));
  EXPECT_EQ(later.old_field, 9);
  EXPECT_EQ(later.new_field, 0);
  Grown unset = {0, 3};
  EXPECT_THAT(WriteStruct(Grown{0, 9}, &unset, "grown"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("struct_size")));
  EXPECT_EQ(unset.old_field, 3);
  EXPECT_THAT(WriteStruct<Grown>({}, nullptr, "grown"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("grown is NULL")));
}

TEST(BorderTest, ListsAreToldThenWritten) {
  const std::vector<int32_t> list = {1, 2, 3};
  size_t count = 0;
  LATHE_EXPECT_OK(WriteList<int32_t>(list, nullptr, 0, &count));
  EXPECT_EQ(count, 3u);
  std::vector<int32_t> out(3);
  count = 0;
  EXPECT_THAT(
      WriteList<int32_t>(list, out.data(), 2, &count),
      StatusIs(absl::StatusCode::kOutOfRange, HasSubstr("room for 2 elements, 3 are needed")));
  EXPECT_EQ(count, 3u);
  EXPECT_THAT(out, ElementsAre(0, 0, 0));
  LATHE_EXPECT_OK(WriteList<int32_t>(list, out.data(), 3, &count));
  EXPECT_THAT(out, ElementsAre(1, 2, 3));
  EXPECT_THAT(WriteList<int32_t>(list, out.data(), 3, nullptr),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("count is NULL")));
}

TEST(BorderTest, TextsNeedRoomForTheirNul) {
  char out[4] = {'z', 'z', 'z', 'z'};
  size_t count = 0;
  EXPECT_THAT(WriteText("abc", out, 3, &count),
              StatusIs(absl::StatusCode::kOutOfRange, HasSubstr("4 are needed")));
  EXPECT_EQ(count, 3u);
  EXPECT_EQ(out[0], 'z');
  LATHE_EXPECT_OK(WriteText("abc", out, 4, &count));
  EXPECT_STREQ(out, "abc");
  LATHE_EXPECT_OK(WriteText("", nullptr, 0, &count));
  EXPECT_EQ(count, 0u);
}

TEST(BorderTest, ListsOfTheCallerAreBounded) {
  const int32_t ids[] = {4, 5};
  LATHE_ASSERT_OK_AND_ASSIGN(auto list, ReadList(ids, 2, 10, "ids"));
  EXPECT_THAT(list, ElementsAre(4, 5));
  EXPECT_THAT(ReadList(ids, 11, 10, "ids"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("ids has 11 elements, expected at most 10")));
  EXPECT_THAT(ReadList<int32_t>(nullptr, 1, 10, "ids"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("ids is NULL, but has 1")));
  LATHE_EXPECT_OK(ReadList<int32_t>(nullptr, 0, 10, "ids").status());
}

}  // namespace
}  // namespace lathe::c_api
