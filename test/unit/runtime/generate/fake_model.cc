#include "test/unit/runtime/generate/fake_model.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "ops/sampling/source/choose_row.h"
#include "runtime/base/check.h"

namespace lathe::testing {
namespace {

uint64_t Mix(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * 0x9e3779b97f4a7c15u;
  return hash ^ (hash >> 29);
}

// `tokens`: what the query sees, oldest first, then its position.
uint64_t HashStart(int64_t window) { return Mix(0x1234567, static_cast<uint64_t>(window)); }

void FillLogits(uint64_t hash, absl::Span<float> logits) {
  for (size_t id = 0; id < logits.size(); ++id) {
    logits[id] = static_cast<float>(Mix(hash, id) >> 40) / 65536.0f - 100.0f;
  }
}

// The first of the largest of `logits`; -1 where none is a number.
int32_t GreedyId(absl::Span<const float> logits) {
  int32_t best = -1;
  for (size_t id = 0; id < logits.size(); ++id) {
    const float least =
        best < 0 ? -std::numeric_limits<float>::infinity() : logits[static_cast<size_t>(best)];
    if (logits[id] > least) best = static_cast<int32_t>(id);
  }
  return best;
}

int64_t FirstVisible(int64_t window, int64_t position) {
  return window == 0 ? 0 : std::max<int64_t>(position - window + 1, 0);
}

}  // namespace

artifact::Manifest FakeManifest(const FakeModelOptions& options) {
  artifact::Manifest manifest;
  manifest.set_vocab_size(options.vocab_size);
  manifest.set_tokenizer_size(options.tokenizer_size);
  manifest.set_max_context(options.max_context);
  for (int64_t window : options.windows) {
    artifact::KvCacheGroup* group = manifest.add_kv_groups();
    group->set_name(window == 0 ? "kv" : "kv.window" + std::to_string(window));
    group->set_num_layers(1);
    group->set_kv_heads(1);
    group->set_head_dim(1);
    group->set_dtype(artifact::F32);
    group->set_page_tokens(static_cast<uint32_t>(options.page_tokens));
    group->set_window(window);
    group->set_value_offset(static_cast<uint64_t>(options.page_tokens) * 4);
    group->set_layer_bytes(static_cast<uint64_t>(options.page_tokens) * 8);
    group->set_page_bytes(static_cast<uint64_t>(options.page_tokens) * 8);
    group->add_model_layers(0);
  }
  return manifest;
}

// Key: the token; value: the position.
void FakeModel::WriteRow(const StepInput& input, absl::Span<const KvCache> caches,
                         size_t row) const {
  int64_t position = input.positions[row];
  for (size_t g = 0; g < caches.size(); ++g) {
    const PageTable& table = input.page_tables[g];
    int32_t page =
        table.data()[input.row_sequence[row] * table.max_pages() + position / options_.page_tokens];
    float* keys = reinterpret_cast<float*>(caches[g].pool().page(page));
    keys[position % options_.page_tokens] = static_cast<float>(input.tokens[row]);
    keys[options_.page_tokens + position % options_.page_tokens] = static_cast<float>(position);
  }
}

void FakeModel::LogitsOf(const StepInput& input, absl::Span<const KvCache> caches, size_t row,
                         float* logits) const {
  int64_t position = input.positions[row];
  uint64_t hash = 0;
  bool is_poisoned = false;
  for (size_t g = 0; g < caches.size(); ++g) {
    const PageTable& table = input.page_tables[g];
    uint64_t group_hash = HashStart(options_.windows[g]);
    for (int64_t t = FirstVisible(options_.windows[g], position); t <= position; ++t) {
      int32_t page =
          table.data()[input.row_sequence[row] * table.max_pages() + t / options_.page_tokens];
      const float* keys = reinterpret_cast<const float*>(caches[g].pool().page(page));
      group_hash = Mix(group_hash, static_cast<uint64_t>(keys[t % options_.page_tokens]));
      group_hash = Mix(
          group_hash, static_cast<uint64_t>(keys[options_.page_tokens + t % options_.page_tokens]));
      is_poisoned |= keys[t % options_.page_tokens] == static_cast<float>(poison_);
    }
    hash = Mix(hash, group_hash);
  }
  absl::Span<float> out(logits, static_cast<size_t>(options_.vocab_size));
  FillLogits(hash, out);
  if (is_poisoned) std::fill(out.begin(), out.end(), std::numeric_limits<float>::quiet_NaN());
}

absl::Status FakeModel::Run(const StepInput& input, absl::Span<const KvCache> caches) {
  if (!failure_.ok()) return std::exchange(failure_, absl::OkStatus());
  LATHE_CHECK(static_cast<size_t>(input.row_offsets.back()) == input.tokens.size());
  rows_per_step_.push_back(static_cast<int64_t>(input.tokens.size()));
  layer_inputs_.clear();
  for (size_t row = 0; row < input.tokens.size(); ++row) {
    WriteRow(input, caches, row);
    layer_inputs_.push_back(static_cast<float>(input.tokens[row]));
  }
  size_t vocab_size = static_cast<size_t>(options_.vocab_size);
  logits_.resize(input.logit_rows.size() * vocab_size);
  for (size_t i = 0; i < input.logit_rows.size(); ++i) {
    LogitsOf(input, caches, static_cast<size_t>(input.logit_rows[i]), &logits_[i * vocab_size]);
  }
  next_ids_ = ChooseIds(input, logits_);
  return absl::OkStatus();
}

absl::Span<const float> FakeModel::Output(absl::string_view name) const {
  if (name == "logits") return logits_;
  if (name == "layer_inputs.0") return layer_inputs_;
  return {};
}

std::vector<int32_t> ChooseIds(const StepInput& input, absl::Span<const float> logits) {
  const size_t num_rows = input.logit_rows.size();
  const size_t width = num_rows == 0 ? 0 : logits.size() / num_rows;
  std::vector<int32_t> greedy_ids;
  for (size_t i = 0; i < num_rows; ++i) {
    const size_t limit = std::min(width, static_cast<size_t>(input.id_limits[i]));
    greedy_ids.push_back(GreedyId(logits.subspan(i * width, limit)));
  }
  const sampling::StepRows rows{.logits = logits.data(),
                                .greedy_ids = greedy_ids.data(),
                                .limits = input.id_limits.data(),
                                .settings = input.sample_settings.data(),
                                .numbers = input.sample_numbers.data(),
                                .list_ids = input.sample_ids.data(),
                                .list_values = input.sample_values.data()};
  std::vector<float> scores(width);
  std::vector<sampling::Candidate> candidates(width);
  std::vector<int32_t> ids;
  for (size_t i = 0; i < num_rows; ++i) {
    ids.push_back(sampling::ChooseRow(rows, static_cast<int64_t>(i), static_cast<int32_t>(width),
                                      {scores.data(), candidates.data()}));
  }
  return ids;
}

std::vector<float> ExpectedLogits(const FakeModelOptions& options,
                                  const std::vector<int32_t>& tokens) {
  uint64_t hash = 0;
  int64_t position = static_cast<int64_t>(tokens.size()) - 1;
  for (int64_t window : options.windows) {
    uint64_t group_hash = HashStart(window);
    for (int64_t t = FirstVisible(window, position); t <= position; ++t) {
      group_hash = Mix(group_hash, static_cast<uint64_t>(tokens[static_cast<size_t>(t)]));
      group_hash = Mix(group_hash, static_cast<uint64_t>(t));
    }
    hash = Mix(hash, group_hash);
  }
  std::vector<float> logits(static_cast<size_t>(options.vocab_size));
  FillLogits(hash, absl::MakeSpan(logits));
  return logits;
}

std::vector<int32_t> ExpectedTokens(const FakeModelOptions& options, std::vector<int32_t> prompt,
                                    int64_t num_new) {
  size_t num_prompt = prompt.size();
  for (int64_t i = 0; i < num_new; ++i) {
    const std::vector<float> logits = ExpectedLogits(options, prompt);
    prompt.push_back(
        GreedyId(absl::MakeSpan(logits).subspan(0, static_cast<size_t>(options.tokenizer_size))));
  }
  return std::vector<int32_t>(prompt.begin() + static_cast<ptrdiff_t>(num_prompt), prompt.end());
}

}  // namespace lathe::testing
