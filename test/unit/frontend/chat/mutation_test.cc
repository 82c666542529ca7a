// Random edits of templates: whatever bytes stand in a model folder, parsing and rendering end with
// a text or a Status.
#include <random>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "test/support/data.h"
#include "test/unit/frontend/chat/render.h"

namespace lathe {
namespace {

using ::lathe::testing::ReadFileOrDie;
using ::lathe::testing::SourcePath;
using Json = nlohmann::ordered_json;

class Mutator {
 public:
  explicit Mutator(uint32_t seed) : random_(seed) {}

  // One to eight edits: bytes and pieces of syntax put in, ranges taken out, doubled, or swapped
  // for those of `other`.
  std::string Mutate(std::string text, const std::string& other) {
    static constexpr const char* kPieces[] = {"{{",
                                              "}}",
                                              "{%",
                                              "%}",
                                              "{#",
                                              "#}",
                                              "-",
                                              "~",
                                              "|",
                                              ".",
                                              "[",
                                              "]",
                                              "(",
                                              ")",
                                              "{",
                                              "}",
                                              "'",
                                              "\"",
                                              "\\",
                                              "\n",
                                              " if ",
                                              " else ",
                                              " for x in ",
                                              " is ",
                                              " not ",
                                              " in ",
                                              "[::-1]",
                                              "|tojson",
                                              "|length",
                                              "|items",
                                              "loop.",
                                              "range(99999)",
                                              " * 99999999",
                                              "{% endfor %}",
                                              "{% endif %}",
                                              "{% set ns.x = ns %}",
                                              "9223372036854775807",
                                              "\xff",
                                              "\xe2\x80",
                                              "\xf0\x9f\x98\x80",
                                              "messages",
                                              "recursive",
                                              "namespace()",
                                              "{% macro m(a) %}",
                                              "m(m(1))"};
    for (size_t edits = 1 + Below(8); edits > 0; --edits) {
      size_t at = Below(text.size() + 1);
      size_t length = std::min(Below(20), text.size() - at);
      switch (Below(5)) {
        case 0:
          text.insert(at, kPieces[Below(std::size(kPieces))]);
          break;
        case 1:
          text.erase(at, length);
          break;
        case 2:
          text.insert(at, text.substr(at, length));
          break;
        case 3:
          if (at < text.size()) text[at] = static_cast<char>(Below(256));
          break;
        default:
          text.replace(at, length, other, Below(other.size() + 1), Below(40));
      }
    }
    return text;
  }

 private:
  size_t Below(size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(random_); }
  std::mt19937 random_;
};

// Renders `rounds` mutants of each source and counts how they end.
struct Outcome {
  int rendered = 0;
  int refused = 0;
};
Outcome RenderMutants(const std::vector<std::string>& sources, int rounds, const ChatInput& input) {
  Mutator mutator(20261124);
  Outcome outcome;
  for (int round = 0; round < rounds; ++round) {
    for (size_t i = 0; i < sources.size(); ++i) {
      size_t other = (i * 7 + static_cast<size_t>(round)) % sources.size();
      std::string source = mutator.Mutate(sources[i], sources[other]);
      auto chat_template = ChatTemplate::Parse(source, "t");
      auto text = chat_template.ok() ? chat_template->Render(input)
                                     : absl::StatusOr<std::string>(chat_template.status());
      ++(text.ok() ? outcome.rendered : outcome.refused);
      if (text.ok()) {
        EXPECT_LE(text->size(), static_cast<size_t>(input.limits.max_output_bytes)) << source;
      } else {
        EXPECT_EQ(text.status().message().substr(0, 2), "t:") << source << "\n" << text.status();
      }
    }
  }
  return outcome;
}

ChatInput SmallInput(const Json& variables) {
  ChatInput input;
  input.messages = variables["messages"];
  input.tools = variables["tools"];
  input.limits = {.max_steps = 20'000, .max_output_bytes = 100'000, .max_built_bytes = 1'000'000};
  return input;
}

Json Constructs() {
  return Json::parse(ReadFileOrDie(SourcePath("test/data/chat/constructs.json")), nullptr, false);
}

TEST(MutationTest, SmallTemplatesEndWithTextOrStatus) {
  Json rows = Constructs();
  ASSERT_TRUE(rows.is_array());
  std::vector<std::string> sources;
  for (const Json& row : rows) {
    if (row.contains("template")) sources.push_back(row["template"].get<std::string>());
  }
  Outcome outcome = RenderMutants(sources, 200, SmallInput(rows[0]["variables"]));
  // Both ways are taken often, or the edits are too coarse or too fine.
  EXPECT_GT(outcome.rendered, 5000);
  EXPECT_GT(outcome.refused, 5000);
}

TEST(MutationTest, RealTemplatesEndWithTextOrStatus) {
  Json rows = Constructs();
  ASSERT_TRUE(rows.is_array());
  std::vector<std::string> sources;
  for (const char* name :
       {"qwen2_5", "qwen2_5_vl", "qwen3", "qwen3_5", "qwen3_coder", "qwen3_vl", "step3p5"}) {
    LATHE_SHARED_DATA_OR_SKIP(path, absl::StrCat("real/chat_templates/", name, ".jinja"));
    sources.push_back(ReadFileOrDie(path));
  }
  Outcome outcome = RenderMutants(sources, 300, SmallInput(rows[0]["variables"]));
  EXPECT_GT(outcome.rendered, 50);
  EXPECT_GT(outcome.refused, 500);
}

}  // namespace
}  // namespace lathe
