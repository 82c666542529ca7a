#include "tools/lathe_run/ids_request.h"

#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

absl::StatusOr<IdsRequest> Read(absl::string_view text) { return ReadIdsRequest(text, "in.json"); }

TEST(IdsRequestTest, OnePrompt) {
  LATHE_ASSERT_OK_AND_ASSIGN(
      IdsRequest request,
      Read(R"({"prompt_ids": [1, 2, 3], "max_new_tokens": 4, "pieces": [1, 2]})"));
  EXPECT_FALSE(request.is_batch);
  EXPECT_THAT(request.prompts, ElementsAre(ElementsAre(1, 2, 3)));
  EXPECT_EQ(request.max_new_tokens, 4);
  EXPECT_THAT(request.pieces, ElementsAre(ElementsAre(1, 2)));
}

TEST(IdsRequestTest, ABatch) {
  LATHE_ASSERT_OK_AND_ASSIGN(IdsRequest request,
                             Read(R"({"prompt_ids": [[1], [2, 3]], "max_new_tokens": 0})"));
  EXPECT_TRUE(request.is_batch);
  EXPECT_THAT(request.prompts, ElementsAre(ElementsAre(1), ElementsAre(2, 3)));
  EXPECT_THAT(request.pieces, ElementsAre(IsEmpty(), IsEmpty()));
  LATHE_ASSERT_OK_AND_ASSIGN(
      request,
      Read(R"({"prompt_ids": [[1], [2, 3]], "max_new_tokens": 0, "pieces": [[1], [1, 1]]})"));
  EXPECT_THAT(request.pieces, ElementsAre(ElementsAre(1), ElementsAre(1, 1)));
}

TEST(IdsRequestTest, PiecesMayBeAbsentNullOrEmpty) {
  for (const char* pieces : {"null", "[]"}) {
    LATHE_ASSERT_OK_AND_ASSIGN(
        IdsRequest request,
        Read(std::string(R"({"prompt_ids": [1], "max_new_tokens": 1, "pieces": )") + pieces + "}"));
    EXPECT_THAT(request.pieces, ElementsAre(IsEmpty()));
  }
}

TEST(IdsRequestTest, ErrorsSayWhereWhatAndExpected) {
  auto refused = [](absl::string_view text, const char* message) {
    EXPECT_THAT(Read(text),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         ::testing::AllOf(::testing::StartsWith("in.json"), HasSubstr(message))));
  };
  refused("[1, 2]", "the document is a list of 2, expected an object");
  refused("{", "in.json");
  refused(R"({"max_new_tokens": 1})", "the key prompt_ids is missing");
  refused(R"({"prompt_ids": [1]})", "the key max_new_tokens is missing");
  refused(R"({"prompt_id": [1], "max_new_tokens": 1})",
          "unknown key \"prompt_id\", did you mean prompt_ids?");
  refused(R"({"prompt_ids": [], "max_new_tokens": 1})", "with at least one item");
  refused(R"({"prompt_ids": "hi", "max_new_tokens": 1})",
          "prompt_ids is the string \"hi\", expected a list");
  refused(R"({"prompt_ids": [1, 2.5], "max_new_tokens": 1})",
          "prompt_ids[1] is the number 2.5, expected a whole number");
  refused(R"({"prompt_ids": [-1], "max_new_tokens": 1})", "prompt_ids[0] is the number -1");
  refused(R"({"prompt_ids": [3000000000], "max_new_tokens": 1})",
          "prompt_ids[0] is the number 3000000000");
  refused(R"({"prompt_ids": [[1], 2], "max_new_tokens": 1})",
          "prompt_ids[1] is the number 2, expected a list");
  refused(R"({"prompt_ids": [[1], []], "max_new_tokens": 1})", "prompt_ids[1] is a list of 0");
  refused(R"({"prompt_ids": [1], "max_new_tokens": -1})", "max_new_tokens is the number -1");
  refused(R"({"prompt_ids": [1], "max_new_tokens": 1, "pieces": [0]})",
          "pieces[0] is the number 0, expected a whole number of at least 1");
  refused(R"({"prompt_ids": [1], "max_new_tokens": 1, "pieces": [[1]]})",
          "expected the form of prompt_ids");
  refused(R"({"prompt_ids": [[1], [2]], "max_new_tokens": 1, "pieces": [[1]]})",
          "pieces has 1 lists");
}

}  // namespace
}  // namespace lathe
