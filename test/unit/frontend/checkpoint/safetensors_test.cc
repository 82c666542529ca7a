#include "frontend/checkpoint/safetensors.h"

#include <chrono>
#include <random>

#include "absl/strings/str_cat.h"
#include "test/support/status_matchers.h"
#include "test/unit/frontend/checkpoint/safetensors_files.h"

namespace lathe {
namespace {

using ::lathe::testing::IsOk;
using ::lathe::testing::SafetensorsBytes;
using ::lathe::testing::StatusIs;
using ::lathe::testing::WriteSafetensors;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kDataLoss = absl::StatusCode::kDataLoss;

class SafetensorsTest : public ::testing::Test {
 protected:
  absl::StatusOr<SafetensorsFile> Open(absl::string_view header, absl::string_view data = "") {
    return SafetensorsFile::Open(WriteSafetensors(path_, header, data));
  }
  absl::StatusOr<SafetensorsFile> OpenBytes(absl::string_view bytes) {
    testing::WriteFileOrDie(path_, bytes);
    return SafetensorsFile::Open(path_);
  }
  std::string path_ = testing::TempDir() + "/m.safetensors";
};

TEST_F(SafetensorsTest, ShowsTensorsInTheOrderOfTheirData) {
  LATHE_ASSERT_OK_AND_ASSIGN(
      SafetensorsFile file,
      Open(
          R"({"b": {"dtype": "I8", "shape": [3], "data_offsets": [4, 7]}, "__metadata__": {"format": "pt"},
               "a": {"shape": [2, 1], "dtype": "BF16", "data_offsets": [0, 4]}}    )",
          "abcdxyz"));
  ASSERT_EQ(file.tensors().size(), 2u);
  EXPECT_EQ(file.tensors()[0].name, "a");
  EXPECT_EQ(file.tensors()[1].offset, 4u);
  SafetensorsFile moved = std::move(file);
  const TensorView* a = moved.Find("a");
  ASSERT_NE(a, nullptr);
  EXPECT_EQ(a->dtype, DType::kBF16);
  EXPECT_THAT(a->shape, ElementsAre(2, 1));
  EXPECT_EQ(a->bytes, "abcd");
  EXPECT_EQ(moved.Find("b")->bytes, "xyz");
  EXPECT_EQ(moved.Find("c"), nullptr);
  EXPECT_THAT(moved.metadata(), ElementsAre(std::make_pair("format", "pt")));
  EXPECT_EQ(moved.path(), path_);
}

TEST_F(SafetensorsTest, ScalarsAndEmptyTensorsAreLegal) {
  LATHE_ASSERT_OK_AND_ASSIGN(SafetensorsFile file,
                             Open(R"({"s": {"dtype": "F32", "shape": [], "data_offsets": [0, 4]},
               "e": {"dtype": "F32", "shape": [0, 5], "data_offsets": [4, 4]},
               "huge": {"dtype": "F32", "shape": [9223372036854775807, 0, 9], "data_offsets": [0, 0]}})",
                                  "1234"));
  EXPECT_EQ(file.Find("s")->num_elements(), 1);
  EXPECT_TRUE(file.Find("e")->bytes.empty());
  LATHE_EXPECT_OK(Open("{}"));
}

TEST_F(SafetensorsTest, EveryDTypeIsAccepted) {
  for (const char* name : {"F32", "F16", "BF16", "F8_E4M3", "F8_E5M2", "F8_E8M0", "I64", "I32",
                           "I16", "I8", "U8", "BOOL", "F64"}) {
    const size_t size = ByteSize(*ParseDType(name));
    EXPECT_THAT(Open(absl::StrCat(R"({"t": {"dtype": ")", name,
                                  R"(", "shape": [1], "data_offsets": [0, )", size, "]}}"),
                     std::string(size, 'x')),
                IsOk())
        << name;
  }
}

TEST_F(SafetensorsTest, MissingAndShortFiles) {
  EXPECT_THAT(SafetensorsFile::Open(path_),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr(path_)));
  EXPECT_THAT(OpenBytes(""), StatusIs(kDataLoss, HasSubstr(path_ + ": 0 bytes, too short")));
  EXPECT_THAT(OpenBytes("1234567"), StatusIs(kDataLoss, HasSubstr("7 bytes, too short")));
}

TEST_F(SafetensorsTest, HeaderLengthMustFit) {
  std::string bytes = SafetensorsBytes("{}      ", "");
  EXPECT_THAT(
      OpenBytes(absl::string_view(bytes).substr(0, 12)),
      StatusIs(kDataLoss,
               HasSubstr(path_ + ": the header ends at byte 16, the file at 12: it is truncated")));
  EXPECT_THAT(OpenBytes("<!DOCTYPE html><html>"),
              StatusIs(kInvalid, AllOf(HasSubstr("header length"), HasSubstr("at most 100000000"),
                                       HasSubstr("not a safetensors file"))));
  EXPECT_THAT(OpenBytes(std::string(8, '\xff')),
              StatusIs(kInvalid, HasSubstr("header length 18446744073709551615")));
}

TEST_F(SafetensorsTest, HeaderMustBeAnObject) {
  EXPECT_THAT(Open(""), StatusIs(kInvalid, HasSubstr("the header begins with \"\"")));
  EXPECT_THAT(Open(" {}"), StatusIs(kInvalid, HasSubstr("the header begins with \" \"")));
  EXPECT_THAT(Open("[1]"), StatusIs(kInvalid, HasSubstr("expected \"{\"")));
  EXPECT_THAT(Open("{\"a\": "),
              StatusIs(kInvalid, HasSubstr(path_ + ": header: line 1, column 7: not JSON")));
}

TEST_F(SafetensorsTest, NamesOccurOnce) {
  EXPECT_THAT(Open(R"({"a": {"dtype": "I8", "shape": [1], "data_offsets": [0, 1]},
                       "a": {"dtype": "I8", "shape": [1], "data_offsets": [1, 2]}})",
                   "12"),
              StatusIs(kInvalid, HasSubstr(path_ + ": tensor \"a\": the name occurs twice")));
}

TEST_F(SafetensorsTest, SizeFollowsFromShapeAndType) {
  EXPECT_THAT(
      Open(R"({"a": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 20]}})",
           std::string(20, 'x')),
      StatusIs(kInvalid,
               HasSubstr("tensor \"a\": data_offsets [0, 20] hold 20 bytes, expected 24 for "
                         "shape [2, 3] F32")));
  EXPECT_THAT(Open(R"({"a": {"dtype": "F32", "shape": [], "data_offsets": [0, 0]}})"),
              StatusIs(kInvalid, HasSubstr("hold 0 bytes, expected 4 for shape [] F32")));
  EXPECT_THAT(
      Open(R"({"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 0]}})", "1234"),
      StatusIs(kInvalid, HasSubstr("tensor \"a\": data_offsets [4, 0] end before they begin")));
}

TEST_F(SafetensorsTest, SizesThatOverflowAreRefused) {
  for (const char* shape :
       {"[4294967296, 4294967296]", "[9223372036854775807]", "[2305843009213693952]"}) {
    EXPECT_THAT(Open(absl::StrCat(R"({"a": {"dtype": "F32", "shape": )", shape,
                                  R"(, "data_offsets": [0, 0]}})")),
                StatusIs(kInvalid, AllOf(HasSubstr("tensor \"a\": the size of shape"),
                                         HasSubstr("overflows"))));
  }
}

TEST_F(SafetensorsTest, DataMustBeInsideTheFile) {
  EXPECT_THAT(
      Open(R"({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}})", "1234"),
      StatusIs(kDataLoss,
               HasSubstr("tensor \"a\": data ends at byte 8 of the data section, which has 4: "
                         "the file is truncated")));
}

TEST_F(SafetensorsTest, NoHolesNoOverlapsNoRest) {
  const char* a = R"("a": {"dtype": "I8", "shape": [4], "data_offsets": [0, 4]})";
  EXPECT_THAT(
      Open(absl::StrCat("{", a, R"(, "b": {"dtype": "I8", "shape": [2], "data_offsets": [5, 7]}})"),
           "1234567"),
      StatusIs(kInvalid,
               HasSubstr("tensor \"b\": begins at byte 5, leaving a hole of 1 bytes before it")));
  EXPECT_THAT(
      Open(absl::StrCat("{", a, R"(, "b": {"dtype": "I8", "shape": [2], "data_offsets": [3, 5]}})"),
           "12345"),
      StatusIs(
          kInvalid,
          HasSubstr("tensor \"b\": begins at byte 3 and overlaps tensor \"a\", which ends at 4")));
  EXPECT_THAT(
      Open(absl::StrCat("{", a, "}"), "12345"),
      StatusIs(kInvalid,
               HasSubstr(": the tensors end at byte 4 of the data section, which has 5: 1 bytes "
                         "belong to no tensor")));
  EXPECT_THAT(Open("{}", "1"), StatusIs(kInvalid, HasSubstr("1 bytes belong to no tensor")));
}

TEST_F(SafetensorsTest, LargeHeadersAreFast) {
  constexpr int kTensors = 100'000;
  std::string header = "{";
  for (int i = 0; i < kTensors; ++i) {
    absl::StrAppend(
        &header, i == 0 ? "" : ",", "\"model.layers.", i,
        ".mlp.experts.gate_up_proj.weight\":", R"({"dtype":"BF16","shape":[2,1],"data_offsets":[)",
        i * 4, ",", i * 4 + 4, "]}");
  }
  WriteSafetensors(path_, header + "}", std::string(size_t{kTensors} * 4, 'x'));
  const auto begin = std::chrono::steady_clock::now();
  LATHE_ASSERT_OK_AND_ASSIGN(SafetensorsFile file, SafetensorsFile::Open(path_));
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  EXPECT_EQ(file.tensors().size(), size_t{kTensors});
  RecordProperty("milliseconds", static_cast<int>(seconds.count() * 1000));
  EXPECT_LT(seconds.count(),
            5.0);  // a tenth of it on an idle machine; what this catches is quadratic work
}

TEST_F(SafetensorsTest, DamagedFilesNeverCrash) {
  const std::string good = SafetensorsBytes(
      R"({"__metadata__": {"format": "pt"}, "a": {"dtype": "F32", "shape": [1, 2], "data_offsets": [0, 8]},
          "b": {"dtype": "BF16", "shape": [3], "data_offsets": [8, 14]}} )",
      "abcdefghijklmn");
  LATHE_ASSERT_OK(ReadSafetensors(good, "file"));
  std::mt19937 random(11);
  int errors = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string bytes = good;
    const int changes = 1 + static_cast<int>(random() % 3);
    for (int change = 0; change < changes; ++change) {
      bytes[random() % (bytes.size() - 14)] ^= static_cast<char>(1u << (random() % 8));
    }
    if (round % 4 == 0) bytes.resize(random() % bytes.size());
    absl::StatusOr<SafetensorsContent> file = ReadSafetensors(bytes, "file");
    if (!file.ok()) {
      ++errors;
      EXPECT_THAT(std::string(file.status().message()), ::testing::StartsWith("file: "));
    }
  }
  EXPECT_GT(errors, 10000);
}

}  // namespace
}  // namespace lathe
