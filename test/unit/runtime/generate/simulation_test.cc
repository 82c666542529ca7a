// Thousands of random requests with far too few pages: every text is that of a run alone, and at
// the end nothing is held.
#include <map>
#include <random>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "runtime/generate/generator.h"
#include "test/support/status_matchers.h"
#include "test/unit/runtime/generate/fake_model.h"

namespace lathe {
namespace {

using ::lathe::testing::ChooseIds;
using ::lathe::testing::FakeManifest;
using ::lathe::testing::FakeModelOptions;

constexpr int64_t kPageTokens = 16;
constexpr int64_t kMostPrompt = 100;
constexpr int64_t kMostNew = 60;

uint64_t Mix(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * 0x9e3779b97f4a7c15u;
  return hash ^ (hash >> 29);
}

// What a row writes depends on all tokens before it, read from the page of the row before, and its
// logits on all that its query sees: a page of another text, also one with the same tokens, changes
// what follows.
class ChainModel : public StepRunner {
 public:
  explicit ChainModel(const FakeModelOptions& options) : options_(options) {}

  absl::Status Run(const StepInput& input, absl::Span<const KvCache> caches) override {
    for (size_t row = 0; row < input.tokens.size(); ++row) {
      for (size_t g = 0; g < caches.size(); ++g) Write(input, caches, row, g);
    }
    const auto width = static_cast<size_t>(options_.vocab_size);
    logits_.resize(input.logit_rows.size() * width);
    for (size_t i = 0; i < input.logit_rows.size(); ++i) {
      uint64_t hash = 1;
      for (size_t g = 0; g < caches.size(); ++g)
        hash = Mix(hash, Seen(input, caches, static_cast<size_t>(input.logit_rows[i]), g));
      for (size_t id = 0; id < width; ++id)
        logits_[i * width + id] = static_cast<float>(Mix(hash, id) >> 40) / 4194304.0f;
    }
    next_ids_ = ChooseIds(input, logits_);
    return absl::OkStatus();
  }
  absl::Span<const float> Output(absl::string_view name) const override {
    return name == "logits" ? absl::Span<const float>(logits_) : absl::Span<const float>();
  }
  absl::Span<const int32_t> NextIds() const override { return next_ids_; }

 private:
  static uint32_t* At(const StepInput& input, absl::Span<const KvCache> caches, size_t row,
                      size_t group, int64_t position) {
    const PageTable& table = input.page_tables[group];
    const int32_t page =
        table.data()[input.row_sequence[row] * table.max_pages() + position / kPageTokens];
    return reinterpret_cast<uint32_t*>(caches[group].pool().page(page)) + position % kPageTokens;
  }
  static void Write(const StepInput& input, absl::Span<const KvCache> caches, size_t row,
                    size_t group) {
    const int64_t position = input.positions[row];
    const uint64_t before = position == 0 ? 7 : *At(input, caches, row, group, position - 1);
    *At(input, caches, row, group, position) =
        static_cast<uint32_t>(Mix(before, static_cast<uint64_t>(input.tokens[row])) >> 20);
  }
  uint64_t Seen(const StepInput& input, absl::Span<const KvCache> caches, size_t row,
                size_t group) const {
    const int64_t position = input.positions[row];
    const int64_t window = options_.windows[group];
    uint64_t hash = 3;
    for (int64_t t = window == 0 ? 0 : std::max<int64_t>(position - window + 1, 0); t <= position;
         ++t)
      hash = Mix(hash, *At(input, caches, row, group, t));
    return hash;
  }

  FakeModelOptions options_;
  std::vector<float> logits_;
  std::vector<int32_t> next_ids_;
};

absl::StatusOr<Generator> Make(const FakeModelOptions& model, const GeneratorOptions& options) {
  return Generator::Create(FakeManifest(model), std::make_unique<ChainModel>(model), options);
}

struct Asked {
  int64_t id = 0;
  Request request;  // without callbacks
  std::vector<int32_t> streamed;
  bool is_cancelled = false;
};

// One generator under random load.
class Simulation {
 public:
  Simulation(uint64_t seed, int64_t num_requests)
      : random_(seed), num_requests_(num_requests), model_(ModelOptions()), options_(Options()) {}

  void Run() {
    LATHE_ASSERT_OK_AND_ASSIGN(Generator generator, Make(model_, options_));
    LATHE_ASSERT_OK_AND_ASSIGN(
        Generator alone,
        Make(model_, {.context = 400, .max_sequences = 1, .reuse_prefixes = false}));
    generator_ = &generator;
    while (true) {
      for (int64_t n = Below(5); n > 0 && NumAsked() < num_requests_; --n) Submit();
      if (Below(6) == 0) CancelOne();
      LATHE_ASSERT_OK_AND_ASSIGN(const bool has_worked, generator.Step());
      if (!has_worked && NumAsked() == num_requests_) break;
    }
    for (const std::unique_ptr<Asked>& asked : asked_) Check(generator, alone, *asked);
    CheckCounts(generator);
  }

 private:
  int64_t Below(int64_t n) { return static_cast<int64_t>(random_() % static_cast<uint64_t>(n)); }
  int64_t NumAsked() const { return static_cast<int64_t>(asked_.size()); }

  FakeModelOptions ModelOptions() {
    const std::vector<std::vector<int64_t>> windows = {{0}, {0, 24}, {40}, {0, 20, 100}};
    return {.max_context = 1000,
            .windows = windows[static_cast<size_t>(Below(4))],
            .page_tokens = kPageTokens};
  }
  GeneratorOptions Options() {
    return {.context = 400,
            .max_sequences = 1 + Below(8),
            .pool_tokens = kMostPrompt + kMostNew + Below(60),
            .step_rows = 1 + Below(256),
            .reuse_prefixes = Below(8) != 0,
            .preemption = Below(2) == 0 ? Preemption::kRecompute : Preemption::kCopyOut};
  }

  // A text of its own after a beginning that others share.
  std::vector<int32_t> RandomPrompt() {
    std::mt19937 shared(static_cast<uint32_t>(Below(3)));
    std::vector<int32_t> prompt;
    for (int64_t n = Below(kMostPrompt); n > 0; --n)
      prompt.push_back(static_cast<int32_t>(shared() % 37));
    const int64_t room = kMostPrompt - static_cast<int64_t>(prompt.size());
    for (int64_t n = 1 + Below(std::min<int64_t>(room, 30)); n > 0; --n)
      prompt.push_back(static_cast<int32_t>(Below(37)));
    return prompt;
  }

  Request RandomRequest() {
    Request request{.prompt = RandomPrompt(), .max_new_tokens = Below(kMostNew + 1)};
    if (!asked_.empty() && Below(3) == 0) {
      const int64_t back = std::min(NumAsked(), 1 + Below(6));
      const Asked& parent = *asked_[static_cast<size_t>(NumAsked() - back)];
      request.fork_of = parent.id;
      if (Below(8) != 0) request.prompt = parent.request.prompt;
    }
    if (Below(3) == 0)
      request.sampling = {.temperature = 1, .seed = static_cast<uint64_t>(Below(1000))};
    if (Below(10) == 0) request.keep_prompt_logits = true;
    if (Below(10) == 0) {
      for (auto left = static_cast<int64_t>(request.prompt.size()); left > 0;
           left -= request.pieces.back())
        request.pieces.push_back(std::min(1 + Below(60), left));
    }
    return request;
  }

  void Submit() {
    auto asked = std::make_unique<Asked>();
    asked->request = RandomRequest();
    Request request = asked->request;
    request.on_token = [this, asked = asked.get()](int32_t token) {
      asked->streamed.push_back(token);
      if (Below(60) == 0) CancelOne();
      return AfterToken::kGoOn;
    };
    LATHE_ASSERT_OK_AND_ASSIGN(asked->id, generator_->Submit(std::move(request)));
    asked_.push_back(std::move(asked));
  }

  void CancelOne() {
    if (asked_.empty()) return;
    Asked& victim =
        *asked_[static_cast<size_t>(NumAsked() - 1 - Below(std::min<int64_t>(NumAsked(), 12)))];
    victim.is_cancelled = true;
    generator_->Cancel(victim.id);
  }

  // What a run alone gives; kept, since forks ask the same.
  const Result& Alone(Generator& alone, Request request) {
    const auto key = std::make_tuple(request.prompt, *request.max_new_tokens, request.sampling.seed,
                                     request.sampling.temperature, request.keep_prompt_logits);
    auto found = alone_.find(key);
    if (found != alone_.end()) return found->second;
    request.fork_of.reset();
    request.pieces.clear();
    const int64_t id = alone.Submit(std::move(request)).value();
    EXPECT_TRUE(alone.RunAll().ok());
    return alone_.emplace(key, *alone.Take(id)).first->second;
  }

  void Check(Generator& generator, Generator& alone, const Asked& asked) {
    std::optional<Result> result = generator.Take(asked.id);
    ASSERT_TRUE(result.has_value());
    LATHE_EXPECT_OK(result->status);
    const Result& expected = Alone(alone, asked.request);
    std::vector<int32_t> tokens = expected.tokens;
    if (asked.is_cancelled && result->reason == FinishReason::kCancelled)
      tokens.resize(std::min(tokens.size(), result->tokens.size()));
    ASSERT_EQ(result->tokens, tokens) << "request " << asked.id;
    ASSERT_EQ(asked.streamed, tokens) << "request " << asked.id;
    if (asked.request.keep_prompt_logits && !asked.is_cancelled)
      ASSERT_EQ(result->prompt_logits, expected.prompt_logits) << "request " << asked.id;
    num_reused_ += result->num_reused;
    num_preempted_ += result->num_preempted;
  }

  void CheckCounts(const Generator& generator) {
    const GeneratorStats stats = generator.stats();
    EXPECT_EQ(stats.pages_in_use, 0);
    EXPECT_EQ(stats.num_preemptions, num_preempted_);
    EXPECT_EQ(stats.num_reused, num_reused_);
    int64_t num_pages = 0;
    for (const KvCache& cache : generator.caches()) {
      num_pages += cache.pool().num_pages();
      for (int32_t page = 0; page < cache.pool().num_pages(); ++page) {
        ASSERT_EQ(cache.pool().num_holders(page), cache.prefix_cache().HasPage(page) ? 1 : 0);
      }
    }
    EXPECT_EQ(stats.pages_cached + stats.pages_free, num_pages);
    EXPECT_EQ(generator.num_running() + generator.num_waiting(), 0u);
  }

  std::mt19937_64 random_;
  int64_t num_requests_;
  FakeModelOptions model_;
  GeneratorOptions options_;
  Generator* generator_ = nullptr;
  std::vector<std::unique_ptr<Asked>> asked_;
  std::map<std::tuple<std::vector<int32_t>, int64_t, uint64_t, float, bool>, Result> alone_;

 public:
  int64_t num_reused_ = 0;
  int64_t num_preempted_ = 0;
};

TEST(SimulationTest, TenThousandRequestsAreEachAsAlone) {
  int64_t num_reused = 0;
  int64_t num_preempted = 0;
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    Simulation simulation(seed, 200);
    simulation.Run();
    if (::testing::Test::HasFailure()) return;
    num_reused += simulation.num_reused_;
    num_preempted += simulation.num_preempted_;
  }
  // The load is what it is meant to be.
  EXPECT_GT(num_reused, 100000);
  EXPECT_GT(num_preempted, 500);
}

}  // namespace
}  // namespace lathe
