// Tokenizers in both of their forms, and text. Bytes that begin like tables are tables, those that
// begin with "{" are tokenizer.json, all others are text for a tokenizer that works.
#include "frontend/tokenizer/tokenizer.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "frontend/tokenizer/normalize.h"
#include "frontend/tokenizer/stop_strings.h"
#include "frontend/tokenizer/stream_decoder.h"
#include "frontend/tokenizer/table_layout.h"
#include "frontend/tokenizer/unicode.h"
#include "runtime/base/check.h"
#include "runtime/base/hash.h"
#include "runtime/base/mapped_file.h"
#include "test/fuzz/fuzz_input.h"

namespace lathe::fuzz {
namespace {

constexpr char kSample[] =
    "the quick brown fox doesn't mind 123 \u00e9 e\u0301 \u4f60\u597d<left> <|end|>\n\n  x"
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\x01\xff";

void CheckIds(const Tokenizer& tokenizer, const std::vector<int32_t>& ids) {
  for (int32_t id : ids) LATHE_CHECK(id >= 0 && id < tokenizer.size()) << id;
}

// Decoding piece by piece gives the whole.
void CheckDecoding(const Tokenizer& tokenizer, const std::vector<int32_t>& ids) {
  for (const bool skip_special : {false, true}) {
    const DecodeOptions options{.skip_special = skip_special};
    StreamDecoder decoder(tokenizer, options);
    std::string pieces;
    for (int32_t id : ids) pieces += decoder.Push(id);
    pieces += decoder.Finish();
    const std::string whole = tokenizer.Decode(ids, options);
    LATHE_CHECK(pieces == whole) << pieces << " but " << whole;
    LATHE_CHECK(IsValidUtf8(whole)) << whole;
  }
}

// Whatever a foreign tokenizer says, its methods keep their promises.
void Exercise(const Tokenizer& tokenizer) {
  const int32_t num_spelt = std::min(tokenizer.size(), 100);
  std::string text = kSample;
  std::vector<int32_t> ids = {-1, tokenizer.size(), INT32_MAX, INT32_MIN};
  for (int32_t id = 0; id < num_spelt; ++id) {
    ids.push_back(id);
    absl::StrAppend(&text, tokenizer.TokenText(id), id % 3 == 0 ? " " : "");
    if (auto token = tokenizer.IdToToken(id)) (void)tokenizer.TokenToId(*token);
  }
  CheckDecoding(tokenizer, ids);
  for (const bool parse_special : {false, true}) {
    const std::vector<int32_t> encoded =
        tokenizer.Encode(text, {.parse_special = parse_special, .add_template = parse_special});
    CheckIds(tokenizer, encoded);
    CheckDecoding(tokenizer, encoded);
  }
}

void ReadTables(absl::string_view bytes) {
  std::string tables(bytes);
  if (tables.size() >= sizeof(TableHeader)) {
    // Mutations never get these right.
    const uint64_t total = tables.size();
    std::memcpy(tables.data() + offsetof(TableHeader, total_bytes), &total, sizeof(total));
    const uint64_t checksum = Hash64(absl::string_view(tables).substr(kChecksummedFrom));
    std::memcpy(tables.data() + offsetof(TableHeader, checksum), &checksum, sizeof(checksum));
  }
  auto tokenizer = Tokenizer::FromTables(tables);
  if (tokenizer.ok()) Exercise(*tokenizer);
}

void ReadJson(absl::string_view json) {
  auto tokenizer = Tokenizer::FromJson(json, "f");
  if (!tokenizer.ok()) return;
  Exercise(*tokenizer);
  const std::string tables = tokenizer->Serialize();
  auto again = Tokenizer::FromTables(tables);
  LATHE_CHECK(again.ok()) << again.status().ToString();
  LATHE_CHECK(again->Encode(kSample) == tokenizer->Encode(kSample)) << "tables differ";
}

// A tokenizer that has every byte, and added tokens all of which begin with "<".
const Tokenizer& WorkingTokenizer() {
  static const Tokenizer* const tokenizer = [] {
    const std::string path = LATHE_FUZZ_SOURCE_DIR "/test/data/tokenizer/tiny_tokenizer.json";
    auto json = ReadFile(path);
    LATHE_CHECK(json.ok()) << json.status().ToString();
    auto read = Tokenizer::FromJson(*json, path);
    LATHE_CHECK(read.ok()) << read.status().ToString();
    return new Tokenizer(std::move(*read));
  }();
  return *tokenizer;
}

void EncodeText(absl::string_view text) {
  const Tokenizer& tokenizer = WorkingTokenizer();
  const std::vector<int32_t> ids = tokenizer.Encode(text);
  CheckIds(tokenizer, ids);
  CheckDecoding(tokenizer, ids);
  if (absl::StrContains(text, "<")) return;
  // Without added tokens only two things change a text.
  std::string valid;
  AppendReplacingInvalid(text, &valid);
  std::string buffer;
  const absl::string_view expected = NormalizeNfc(valid, &buffer);
  const std::string decoded = tokenizer.Decode(tokenizer.Encode(text, {.add_template = false}));
  LATHE_CHECK(decoded == expected) << decoded << " but " << expected;
  LATHE_CHECK(tokenizer.Encode(decoded) == ids) << decoded << " is not encoded alike";
}

// The outcome of stop strings does not depend on how the text is cut, and no part of one comes out.
void StopText(absl::string_view text) {
  std::vector<std::string> strings = {"\n\n", "ab", "aab"};
  if (text.size() > 8) strings.emplace_back(text.substr(text.size() / 2, 1 + text.size() % 5));
  StopStrings whole(strings);
  std::string at_once = whole.Push(text);
  at_once += whole.Finish();
  StopStrings by_byte(strings);
  std::string pieces;
  for (size_t i = 0; i < text.size() && !by_byte.found(); ++i) {
    pieces += by_byte.Push(text.substr(i, 1));
  }
  pieces += by_byte.Finish();
  LATHE_CHECK(at_once == pieces && whole.found() == by_byte.found()) << at_once << " " << pieces;
  LATHE_CHECK(absl::StartsWith(text, at_once)) << at_once;
  if (!whole.found()) LATHE_CHECK(at_once == text) << at_once;
  for (const std::string& stop : strings) LATHE_CHECK(!absl::StrContains(at_once, stop)) << stop;
}

}  // namespace
}  // namespace lathe::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text = lathe::fuzz::Text(data, size);
  if (absl::StartsWith(text, absl::string_view(lathe::kTableMagic, 4))) {
    lathe::fuzz::ReadTables(text);
  } else if (absl::StartsWith(text, "{")) {
    lathe::fuzz::ReadJson(text);
  } else {
    lathe::fuzz::EncodeText(text);
    lathe::fuzz::StopText(text);
  }
  return 0;
}
