#include "compiler/lower/attention.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "compiler/codegen/cpu/cpu_codegen.h"
#include "runtime/base/float_types.h"
#include "test/support/compiler/kernel_harness.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::KernelHarness;
using ::lathe::testing::RandomFloats;
using ::lathe::testing::RunnableLevels;

// Sequences in a paged cache whose unused slots are NaN, and queries at chosen positions.
class Problem {
 public:
  Problem(const AttentionSpec& spec, std::vector<int64_t> lengths)
      : spec_(spec), lengths_(std::move(lengths)) {
    const CacheLayout& cache = spec_.cache;
    for (int64_t length : lengths_)
      max_pages_ = std::max(max_pages_, (length + kPageTokens - 1) / kPageTokens);
    int64_t pages = 0;
    page_table_.assign(lengths_.size() * static_cast<size_t>(max_pages_), -1);
    for (size_t s = 0; s < lengths_.size(); ++s) {
      for (int64_t p = 0; p * kPageTokens < lengths_[s]; ++p) ++pages;
    }
    // Pages are handed out from the last to the first.
    int64_t next = pages;
    pool_.assign(static_cast<size_t>(pages * cache.page_bytes), '\xff');
    for (size_t s = 0; s < lengths_.size(); ++s) {
      for (int64_t p = 0; p * kPageTokens < lengths_[s]; ++p) {
        page_table_[s * static_cast<size_t>(max_pages_) + static_cast<size_t>(p)] =
            static_cast<int32_t>(--next);
      }
      FillSequence(s);
    }
  }

  void AddRows(int64_t sequence, int64_t first, int64_t last) {
    for (int64_t position = first; position < last; ++position) {
      positions_.push_back(static_cast<int32_t>(position));
      row_sequence_.push_back(static_cast<int32_t>(sequence));
    }
  }

  int64_t rows() const { return static_cast<int64_t>(positions_.size()); }

  // Queries depend on sequence and position alone, so that a row is the same in whatever company.
  std::vector<float> Queries() const {
    std::vector<float> q;
    for (size_t row = 0; row < positions_.size(); ++row) {
      std::vector<float> values =
          RandomFloats(static_cast<size_t>(spec_.heads * spec_.cache.head_dim),
                       static_cast<uint32_t>(positions_[row] * 7 + row_sequence_[row] + 1));
      q.insert(q.end(), values.begin(), values.end());
    }
    return q;
  }

  std::vector<float> Run(const KernelHarness& kernel, int64_t parts) const {
    const std::vector<float> q = Queries();
    std::vector<float> out(q.size() + 1, 77.0f);
    kernel.Run({q.data(), pool_.data(), page_table_.data(), positions_.data(), row_sequence_.data(),
                out.data()},
               {rows(), max_pages_}, AttentionItems(spec_, rows()), parts,
               AttentionScratchBytes(spec_));
    EXPECT_EQ(out.back(), 77.0f) << "written behind the output";
    out.pop_back();
    return out;
  }

  // Dot products of bf16 round queries and weights, each to 2^-9 of itself; values are below 1.
  void ExpectRight(const std::vector<float>& out, const CpuLevel& level) const {
    const bool rounds = spec_.cache.storage == Storage::kBF16 && level.Has("avx512_bf16");
    const double tolerance = rounds ? 8e-3 : 3e-6;
    const int64_t width = spec_.cache.head_dim;
    const std::vector<float> q = Queries();
    for (int64_t row = 0; row < rows(); ++row) {
      for (int64_t head = 0; head < spec_.heads; ++head) {
        const std::vector<double> expected =
            Expected(q.data() + (row * spec_.heads + head) * width, row, head);
        for (int64_t d = 0; d < width; ++d) {
          ASSERT_NEAR(out[static_cast<size_t>((row * spec_.heads + head) * width + d)],
                      expected[static_cast<size_t>(d)], tolerance)
              << "row " << row << " head " << head << " component " << d;
        }
      }
    }
  }

 private:
  int64_t KeyOffset(int64_t page, int64_t head, int64_t d, int64_t slot) const {
    const CacheLayout& c = spec_.cache;
    const int64_t p = PairedElements(c.storage);
    const int64_t line = (head * c.head_dim + d) / p * kPageTokens + slot;
    return page * c.page_bytes + (line * p + d % p) * ByteSize(c.storage);
  }
  int64_t ValueOffset(int64_t page, int64_t head, int64_t d, int64_t slot) const {
    const CacheLayout& c = spec_.cache;
    const int64_t p = PairedElements(c.storage);
    const int64_t line = (head * kPageTokens + slot) / p * c.head_dim + d;
    return page * c.page_bytes + c.value_offset + (line * p + slot % p) * ByteSize(c.storage);
  }
  int64_t PageOf(int64_t sequence, int64_t position) const {
    return page_table_[static_cast<size_t>(sequence * max_pages_ + position / kPageTokens)];
  }
  double At(int64_t offset) const {
    return LoadAsF32(spec_.cache.storage == Storage::kF32 ? DType::kF32 : DType::kBF16,
                     pool_.data() + offset, 0);
  }
  void Put(int64_t offset, float value) {
    if (spec_.cache.storage == Storage::kF32) {
      std::memcpy(pool_.data() + offset, &value, 4);
    } else {
      const uint16_t bits = F32ToBF16(value);
      std::memcpy(pool_.data() + offset, &bits, 2);
    }
  }

  void FillSequence(size_t sequence) {
    const CacheLayout& cache = spec_.cache;
    for (int64_t position = 0; position < lengths_[sequence]; ++position) {
      const int64_t page = PageOf(static_cast<int64_t>(sequence), position),
                    slot = position % kPageTokens;
      std::vector<float> values = RandomFloats(
          static_cast<size_t>(cache.kv_heads * cache.head_dim * 2),
          static_cast<uint32_t>(position * 13 + 1000) + static_cast<uint32_t>(sequence));
      size_t next = 0;
      for (int64_t head = 0; head < cache.kv_heads; ++head) {
        for (int64_t d = 0; d < cache.head_dim; ++d) {
          Put(KeyOffset(page, head, d, slot), values[next++] * 3);
          Put(ValueOffset(page, head, d, slot), values[next++]);
        }
      }
    }
  }

  std::vector<double> Expected(const float* q, int64_t row, int64_t head) const {
    const int64_t width = spec_.cache.head_dim,
                  kv_head = head / (spec_.heads / spec_.cache.kv_heads);
    const int64_t position = positions_[static_cast<size_t>(row)],
                  sequence = row_sequence_[static_cast<size_t>(row)];
    const int64_t first = spec_.window > 0 ? std::max<int64_t>(0, position - spec_.window + 1) : 0;
    std::vector<double> out(static_cast<size_t>(width)), scores;
    double largest = -INFINITY, total = 0;
    for (int64_t key = first; key <= position; ++key) {
      double score = 0;
      for (int64_t d = 0; d < width; ++d) {
        score += double{q[d]} * At(KeyOffset(PageOf(sequence, key), kv_head, d, key % kPageTokens));
      }
      scores.push_back(score * double{spec_.scale});
      largest = std::max(largest, scores.back());
    }
    for (int64_t key = first; key <= position; ++key) {
      const double weight = std::exp(scores[static_cast<size_t>(key - first)] - largest);
      total += weight;
      for (int64_t d = 0; d < width; ++d) {
        out[static_cast<size_t>(d)] +=
            weight * At(ValueOffset(PageOf(sequence, key), kv_head, d, key % kPageTokens));
      }
    }
    for (double& value : out) value /= total;
    return out;
  }

  AttentionSpec spec_;
  std::vector<int64_t> lengths_;
  int64_t max_pages_ = 0;
  std::vector<char> pool_;
  std::vector<int32_t> page_table_, positions_, row_sequence_;
};

AttentionSpec MakeSpec(int64_t heads, int64_t kv_heads, int64_t head_dim, Storage storage,
                       int64_t window) {
  AttentionSpec spec;
  spec.heads = heads;
  const int64_t part = kv_heads * head_dim * kPageTokens * ByteSize(storage);
  spec.cache = {kv_heads, head_dim, storage, 3 * part, 2 * part};
  spec.scale = 1.0f / std::sqrt(static_cast<float>(head_dim));
  spec.window = window;
  return spec;
}

void CheckSpec(const AttentionSpec& spec) {
  const std::vector<int64_t> lengths = {150, 3, 65, 64};
  for (const CpuLevel& level : RunnableLevels()) {
    SCOPED_TRACE(level.name);
    LATHE_ASSERT_OK_AND_ASSIGN(auto kernel,
                               KernelHarness::Make("attention", level, [&](KernelBuilder& b) {
                                 EmitAttention(b, "attention", spec);
                               }));
    // A prompt, then rows of several sequences as a mixed step has them.
    Problem mixed(spec, lengths);
    mixed.AddRows(0, 100, 121);
    mixed.AddRows(1, 0, 3);
    mixed.AddRows(2, 64, 65);
    mixed.AddRows(3, 63, 64);
    mixed.AddRows(0, 149, 150);
    const std::vector<float> together = mixed.Run(*kernel, 1);
    mixed.ExpectRight(together, level);
    EXPECT_EQ(std::memcmp(mixed.Run(*kernel, 5).data(), together.data(), together.size() * 4), 0)
        << "five parts";
    // Each row alone, in a cache that ends with it, gives the same bits.
    const auto row_size = static_cast<size_t>(spec.heads * spec.cache.head_dim);
    for (int64_t row : {0, 3, 7, 20}) {
      Problem single(spec, {101 + row, 3, 65, 64});
      single.AddRows(0, 100 + row, 101 + row);
      EXPECT_EQ(std::memcmp(single.Run(*kernel, 1).data(),
                            together.data() + static_cast<size_t>(row) * row_size, row_size * 4),
                0)
          << "row " << row;
    }
  }
}

TEST(Attention, GroupedHeads) { CheckSpec(MakeSpec(4, 2, 64, Storage::kBF16, 0)); }
TEST(Attention, OneQueryHeadPerKvHead) { CheckSpec(MakeSpec(2, 2, 32, Storage::kBF16, 0)); }
TEST(Attention, ThreeQueryHeads) { CheckSpec(MakeSpec(3, 1, 48, Storage::kBF16, 0)); }
TEST(Attention, EightQueryHeads) { CheckSpec(MakeSpec(8, 1, 16, Storage::kBF16, 0)); }
TEST(Attention, F32Cache) { CheckSpec(MakeSpec(2, 1, 80, Storage::kF32, 0)); }
TEST(Attention, WidestHead) { CheckSpec(MakeSpec(2, 1, 256, Storage::kBF16, 0)); }
// Heads that end inside a vector: what lies behind is the next value, or the next page.
TEST(Attention, HeadOfHalfAVector) { CheckSpec(MakeSpec(4, 2, 8, Storage::kBF16, 0)); }
TEST(Attention, HeadOfAVectorAndABit) { CheckSpec(MakeSpec(3, 1, 20, Storage::kF32, 0)); }
TEST(Attention, HeadOfTwoTilesAndABit) { CheckSpec(MakeSpec(2, 1, 138, Storage::kBF16, 40)); }
TEST(Attention, Window) { CheckSpec(MakeSpec(4, 2, 32, Storage::kBF16, 40)); }
TEST(Attention, WindowOfOne) { CheckSpec(MakeSpec(2, 1, 32, Storage::kBF16, 1)); }
TEST(Attention, WindowOfABlock) { CheckSpec(MakeSpec(2, 1, 32, Storage::kF32, 64)); }

TEST(Attention, CountsItems) {
  const AttentionSpec spec = MakeSpec(4, 2, 32, Storage::kBF16, 0);
  EXPECT_EQ(AttentionItems(spec, 1), 2);
  EXPECT_EQ(AttentionItems(spec, kAttentionRows), 2);
  EXPECT_EQ(AttentionItems(spec, kAttentionRows + 1), 4);
}

TEST(AttentionDeathTest, RefusesWhatItCannotEmit) {
  auto emit = [](const AttentionSpec& spec) {
    EmitKernel("a", RunnableLevels().front(),
               [&](KernelBuilder& b) { EmitAttention(b, "a", spec); });
  };
  EXPECT_DEATH(emit(MakeSpec(3, 2, 32, Storage::kBF16, 0)), "C1: 3 query heads, 2 kv heads");
  EXPECT_DEATH(emit(MakeSpec(2, 2, 0, Storage::kBF16, 0)), "C2: heads of 0");
  EXPECT_DEATH(emit(MakeSpec(2, 2, 272, Storage::kBF16, 0)), "C2: heads of 272");
}

}  // namespace
}  // namespace lathe
