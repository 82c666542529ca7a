#include "frontend/checkpoint/safetensors_header.h"

#include "absl/strings/str_cat.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::Eq;
using ::testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

// The message for a header whose only tensor, "a", has these fields.
std::string MessageOf(absl::string_view fields) {
  absl::StatusOr<SafetensorsHeader> header =
      ParseSafetensorsHeader(absl::StrCat("{\"a\": ", fields, "}"), "m.safetensors");
  EXPECT_EQ(header.status().code(), kInvalid) << std::string(fields);
  return std::string(header.status().message());
}

TEST(SafetensorsHeaderTest, ReadsEntriesAndMetadata) {
  LATHE_ASSERT_OK_AND_ASSIGN(
      SafetensorsHeader header,
      ParseSafetensorsHeader(
          R"({"x\u00e9": {"data_offsets": [5, 17], "shape": [3], "dtype": "F32"}, "__metadata__": {"a": "b"}})",
          "f"));
  ASSERT_EQ(header.entries.size(), 1u);
  EXPECT_EQ(header.entries[0].name, "x\xc3\xa9");
  EXPECT_EQ(header.entries[0].dtype, DType::kF32);
  EXPECT_THAT(header.entries[0].shape, ElementsAre(3));
  EXPECT_EQ(header.entries[0].begin, 5u);
  EXPECT_EQ(header.entries[0].end, 17u);
  EXPECT_THAT(header.metadata, ElementsAre(std::make_pair("a", "b")));
}

TEST(SafetensorsHeaderTest, UnknownTypesAreNamed) {
  EXPECT_THAT(MessageOf(R"({"dtype": "F4", "shape": [], "data_offsets": [0, 0]})"),
              HasSubstr("m.safetensors: header: tensor \"a\": dtype \"F4\" is not supported; "
                        "supported: F64 F32"));
}

TEST(SafetensorsHeaderTest, FieldsAreCompleteKnownAndSingle) {
  EXPECT_THAT(MessageOf(R"({"shape": [], "data_offsets": [0, 0]})"),
              HasSubstr("tensor \"a\": dtype is missing"));
  EXPECT_THAT(MessageOf(R"({"dtype": "F32", "data_offsets": [0, 0]})"),
              HasSubstr("tensor \"a\": shape is missing"));
  EXPECT_THAT(MessageOf(R"({"dtype": "F32", "shape": []})"),
              HasSubstr("tensor \"a\": data_offsets is missing"));
  EXPECT_THAT(MessageOf("{}"), HasSubstr("is missing"));
  EXPECT_THAT(MessageOf(R"({"dtype": "F32", "dtype": "F32"})"),
              HasSubstr("tensor \"a\": dtype occurs twice"));
  EXPECT_THAT(MessageOf(R"({"strides": [1]})"),
              HasSubstr("tensor \"a\": unknown field \"strides\""));
}

TEST(SafetensorsHeaderTest, FieldsHaveTheRightTypes) {
  EXPECT_THAT(MessageOf("5"), HasSubstr("tensor \"a\": found the number 5, expected an object"));
  EXPECT_THAT(MessageOf(R"({"dtype": 3})"),
              HasSubstr("found the number 3, expected a string as dtype"));
  EXPECT_THAT(MessageOf(R"({"shape": "x"})"),
              HasSubstr("found the string \"x\", expected a list as shape"));
  EXPECT_THAT(MessageOf(R"({"shape": [-1]})"),
              HasSubstr("found the number -1, expected a non-negative integer as extent"));
  EXPECT_THAT(MessageOf(R"({"shape": [1.5]})"),
              HasSubstr("found the number 1.5, expected a non-negative integer"));
  EXPECT_THAT(MessageOf(R"({"shape": [[1]]})"),
              HasSubstr("found a list, expected a non-negative integer"));
  EXPECT_THAT(MessageOf(R"({"shape": [null]})"), HasSubstr("found null, expected"));
  EXPECT_THAT(MessageOf(R"({"data_offsets": {}})"),
              HasSubstr("found an object, expected a list as data_offsets"));
  EXPECT_THAT(MessageOf(R"({"data_offsets": [true]})"),
              HasSubstr("found true or false, expected a non-negative"));
}

TEST(SafetensorsHeaderTest, OffsetsAreTwo) {
  EXPECT_THAT(MessageOf(R"({"data_offsets": [1]})"),
              HasSubstr("data_offsets has 1 numbers, expected 2"));
  EXPECT_THAT(MessageOf(R"({"data_offsets": [1, 2, 3]})"),
              HasSubstr("data_offsets has 3 numbers, expected 2"));
}

TEST(SafetensorsHeaderTest, RankAndExtentsAreBounded) {
  EXPECT_THAT(MessageOf(R"({"shape": [1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]})"),
              HasSubstr("tensor \"a\": rank above 16"));
  EXPECT_THAT(MessageOf(R"({"shape": [18446744073709551615]})"),
              HasSubstr("extent 18446744073709551615 overflows"));
}

TEST(SafetensorsHeaderTest, MetadataIsStringsAndSingle) {
  EXPECT_THAT(
      ParseSafetensorsHeader(R"({"__metadata__": {"a": 1}})", "f"),
      StatusIs(kInvalid, Eq("f: header: __metadata__: found the number 1, expected a string")));
  EXPECT_THAT(ParseSafetensorsHeader(R"({"__metadata__": [1]})", "f"),
              StatusIs(kInvalid, Eq("f: header: __metadata__: found a list, expected an object")));
  EXPECT_THAT(ParseSafetensorsHeader(R"({"__metadata__": {}, "__metadata__": {}})", "f"),
              StatusIs(kInvalid, Eq("f: header: __metadata__ occurs twice")));
}

TEST(SafetensorsHeaderTest, SyntaxErrorsHaveAPosition) {
  EXPECT_THAT(ParseSafetensorsHeader("{\"a\":}", "f"),
              StatusIs(kInvalid, HasSubstr("f: header: line 1, column 6: not JSON")));
}

}  // namespace
}  // namespace lathe
