#include "compiler/lower/rowwise.h"

#include <cmath>
#include <cstring>
#include <map>

#include "compiler/emit/pack_weights.h"
#include "runtime/base/float_types.h"
#include "test/support/compiler/kernel_harness.h"
#include "test/support/status_matchers.h"

namespace lathe {
namespace {

using ::lathe::testing::KernelHarness;
using ::lathe::testing::RandomFloats;
using ::lathe::testing::RunnableLevels;
using ::lathe::testing::ToBF16;

using Bytes = std::vector<char>;

template <typename T>
Bytes BytesOf(const std::vector<T>& values) {
  Bytes bytes(values.size() * sizeof(T));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

Bytes FloatBytes(const std::vector<float>& values, Storage storage) {
  return storage == Storage::kF32 ? BytesOf(values) : BytesOf(ToBF16(values));
}

double Element(const Bytes& bytes, Storage storage, int64_t index) {
  return LoadAsF32(storage == Storage::kF32 ? DType::kF32 : DType::kBF16, bytes.data(),
                   static_cast<size_t>(index));
}

int64_t Integer(const Bytes& bytes, int64_t index) {
  int32_t value;
  std::memcpy(&value, bytes.data() + index * 4, 4);
  return value;
}

double Silu(double x) { return x / (1 + std::exp(-x)); }

// What a program means, in plain loops over doubles.
class Reference {
 public:
  Reference(const RowProgram& program, const std::vector<Bytes>& operands, int64_t row)
      : operands_(operands), row_(row) {
    for (const RowStep& step : program.steps()) values_.push_back(Evaluate(step));
  }
  const std::vector<double>& value(int step) const { return values_[static_cast<size_t>(step)]; }

 private:
  std::vector<double> Source(const RowStep& step, int64_t row) const {
    std::vector<double> result;
    for (int64_t i = 0; i < step.width; ++i) {
      result.push_back(Element(operands_[step.operands[0]], step.storage, row * step.width + i));
    }
    return result;
  }

  std::vector<double> Evaluate(const RowStep& step) const {
    std::vector<std::vector<double>> in;
    for (int input : step.inputs) in.push_back(value(input));
    std::vector<double> out(static_cast<size_t>(step.width));
    auto each = [&](auto f) {
      for (size_t i = 0; i < out.size(); ++i) out[i] = f(i);
      return out;
    };
    switch (step.op) {
      case RowOp::kLoad:
        return Source(step, row_);
      case RowOp::kLoadBroadcast:
        return Source(step, 0);
      case RowOp::kGather: {
        const int64_t index = Integer(operands_[step.operands[1]], row_);
        return index >= 0 && index < step.limit ? Source(step, index) : out;
      }
      case RowOp::kAdd:
        return each([&](size_t i) { return in[0][i] + in[1][i]; });
      case RowOp::kSub:
        return each([&](size_t i) { return in[0][i] - in[1][i]; });
      case RowOp::kMul:
        return each([&](size_t i) { return in[0][i] * in[1][i]; });
      case RowOp::kScale:
        return each([&](size_t i) { return in[0][i] * double{step.constant}; });
      case RowOp::kSilu:
        return each([&](size_t i) { return Silu(in[0][i]); });
      case RowOp::kSwiGlu:
        return each([&](size_t i) {
          const double limit = step.constant > 0 ? step.constant : INFINITY;
          return std::min(Silu(in[0][i]), limit) * std::clamp(in[1][i], -limit, limit);
        });
      case RowOp::kRmsNorm:
        return Norm(step, in[0]);
      case RowOp::kRope:
        return Rope(step, in[0]);
      case RowOp::kStore:
      case RowOp::kKeyWrite:
      case RowOp::kValueWrite:
        return in[0];
      case RowOp::kInput:
        break;  // whole rows have none
    }
    return out;
  }

  std::vector<double> Norm(const RowStep& step, std::vector<double> x) const {
    for (int64_t base = 0; base < step.width; base += step.group) {
      double sum = 0;
      for (int64_t i = 0; i < step.group; ++i) sum += x[base + i] * x[base + i];
      const double factor =
          1 / std::sqrt(sum / static_cast<double>(step.group) + double{step.constant});
      for (int64_t i = 0; i < step.group; ++i) {
        x[base + i] *= factor;
        if (!step.operands.empty())
          x[base + i] *=
              Element(operands_[step.operands[0]], step.storage, i) + double{step.offset};
      }
    }
    return x;
  }

  std::vector<double> Rope(const RowStep& step, std::vector<double> x) const {
    const int64_t half = step.rotary / 2;
    for (int64_t base = 0; base < step.width; base += step.group) {
      for (int64_t i = 0; i < half; ++i) {
        const double cos = Element(operands_[step.operands[0]], Storage::kF32, row_ * half + i);
        const double sin = Element(operands_[step.operands[1]], Storage::kF32, row_ * half + i);
        const double a = x[base + i], b = x[base + i + half];
        x[base + i] = a * cos - b * sin;
        x[base + i + half] = b * cos + a * sin;
      }
    }
    return x;
  }

  const std::vector<Bytes>& operands_;
  int64_t row_;
  std::vector<std::vector<double>> values_;
};

// Runs `program` at every level, checks all of its stores, and that each row alone gives the same
// bits.
// `plain` replaces operands by what the reference shall read instead.
void CheckProgram(const RowProgram& program, std::vector<Bytes> operands, int64_t rows,
                  const std::map<int, Bytes>& plain = {}) {
  std::vector<const RowStep*> stores;
  for (const RowStep& step : program.steps()) {
    if (step.op == RowOp::kStore) stores.push_back(&step);
  }
  for (const CpuLevel& level : RunnableLevels()) {
    SCOPED_TRACE(level.name);
    LATHE_ASSERT_OK_AND_ASSIGN(auto kernel,
                               KernelHarness::Make("rows", level, [&](KernelBuilder& b) {
                                 EmitRowwise(b, "rows", program);
                               }));
    auto run = [&](int64_t parts) {
      for (const RowStep* store : stores) {
        // One element more than is written.
        operands[store->operands[0]].assign(
            static_cast<size_t>((rows * store->width + 1) * ByteSize(store->storage)), 0x55);
      }
      std::vector<const void*> pointers;
      for (const Bytes& operand : operands) pointers.push_back(operand.data());
      kernel->Run(pointers, {rows, 1}, rows, parts, RowwiseScratchBytes(program));
      return operands;
    };
    const std::vector<Bytes> result = run(1);
    EXPECT_EQ(run(rows), result) << "row by row";
    std::vector<Bytes> read = operands;
    for (const auto& [operand, bytes] : plain) read[static_cast<size_t>(operand)] = bytes;
    for (const RowStep* store : stores) {
      const Bytes& out = result[store->operands[0]];
      EXPECT_EQ(out.back(), 0x55) << "written behind the end";
      for (int64_t row = 0; row < rows; ++row) {
        Reference reference(program, read, row);
        for (int64_t i = 0; i < store->width; ++i) {
          const double expected = reference.value(store->inputs[0])[static_cast<size_t>(i)];
          const double unit = store->storage == Storage::kF32 ? 2e-6 : 4e-3;
          ASSERT_NEAR(Element(out, store->storage, row * store->width + i), expected,
                      unit * (1 + std::abs(expected)))
              << "row " << row << " element " << i;
        }
      }
    }
  }
}

TEST(Rowwise, RmsNorm) {
  for (int64_t width : {16, 64, 80, 33, 5, 1024}) {
    for (Storage storage : {Storage::kF32, Storage::kBF16}) {
      SCOPED_TRACE(width);
      RowProgram p;
      int x = p.Load({.operand = 0, .width = width});
      p.Store(p.RmsNorm(x, {.weight = 1, .group = width, .eps = 1e-6f, .storage = storage}), 2);
      CheckProgram(p,
                   {BytesOf(RandomFloats(static_cast<size_t>(3 * width), 1)),
                    FloatBytes(RandomFloats(static_cast<size_t>(width), 2), storage),
                    {}},
                   3);
    }
  }
}

TEST(Rowwise, RmsNormByHeadWithOffset) {
  for (int64_t group : {32, 20, 128}) {
    RowProgram p;
    int x = p.Load({.operand = 0, .width = group * 3});
    p.Store(p.RmsNorm(x, {.weight = 1, .group = group, .eps = 1e-5f, .offset = 1}), 2);
    p.Store(p.RmsNorm(x, {.group = group, .eps = 1e-5f}), 3);
    CheckProgram(p,
                 {BytesOf(RandomFloats(static_cast<size_t>(6 * group), 1)),
                  BytesOf(RandomFloats(static_cast<size_t>(group), 2)),
                  {},
                  {}},
                 2);
  }
}

// The largest and the smallest rows: no overflow, no division by zero.
TEST(Rowwise, RmsNormOfZeros) {
  RowProgram p;
  p.Store(p.RmsNorm(p.Load({.operand = 0, .width = 32}), {.group = 32, .eps = 1e-6f}), 1);
  CheckProgram(p, {BytesOf(std::vector<float>(32, 0.0f)), {}}, 1);
}

TEST(Rowwise, GatherGivesZerosOutsideTheTable) {
  for (Storage storage : {Storage::kF32, Storage::kBF16}) {
    for (int64_t width : {64, 21}) {
      RowProgram p;
      int row = p.Gather({.table = 0, .index = 1, .width = width, .limit = 5, .storage = storage});
      p.Store(p.Scale(row, 2.5f), 2);
      CheckProgram(p,
                   {FloatBytes(RandomFloats(static_cast<size_t>(5 * width), 1), storage),
                    BytesOf(std::vector<int32_t>{4, 0, -1, 5, 2, INT32_MIN, INT32_MAX}),
                    {}},
                   7);
    }
  }
}

// A table that is also the weight of the head is stored as products read it.
TEST(Rowwise, GatherFromAPackedTable) {
  for (Storage storage : {Storage::kF32, Storage::kBF16}) {
    for (int64_t width : {64, 21, 1}) {
      SCOPED_TRACE(width);
      constexpr int64_t kTableRows = 35;
      const WeightFormat format =
          storage == Storage::kF32 ? WeightFormat::kF32 : WeightFormat::kBF16Pairs;
      RowProgram p;
      int row = p.Gather({.table = 0,
                          .index = 1,
                          .width = width,
                          .limit = kTableRows,
                          .storage = storage,
                          .packed = format});
      p.Store(row, 2);
      const Bytes rows =
          FloatBytes(RandomFloats(static_cast<size_t>(kTableRows * width), 1), storage);
      Bytes packed(static_cast<size_t>(PackedWeightBytes(format, kTableRows, width)));
      const TensorView view{storage == Storage::kF32 ? DType::kF32 : DType::kBF16,
                            {kTableRows, width},
                            {rows.data(), rows.size()}};
      LATHE_ASSERT_OK(PackWeight(view, format, 1, absl::MakeSpan(packed)));
      const Bytes indices = BytesOf(std::vector<int32_t>{0, 15, 16, 34, 35, -1, 17});
      CheckProgram(p, {packed, indices, {}}, 7, {{0, rows}});
    }
  }
}

TEST(Rowwise, GatherLimitMayBeKnownAtRunTimeOnly) {
  RowProgram p;
  p.Store(p.Gather({.table = 0, .index = 1, .width = 32, .limit = RowGather::kLimitFromDims}), 2);
  const std::vector<float> table = RandomFloats(4 * 32, 1);
  for (const CpuLevel& level : RunnableLevels()) {
    LATHE_ASSERT_OK_AND_ASSIGN(
        auto kernel,
        KernelHarness::Make("rows", level, [&](KernelBuilder& b) { EmitRowwise(b, "rows", p); }));
    const std::vector<int32_t> indices = {3, 2, -1};
    std::vector<float> out(3 * 32, 9.0f);
    kernel->Run({table.data(), indices.data(), out.data()}, {3, 0, 3}, 3, 1,
                RowwiseScratchBytes(p));
    std::vector<float> expected(3 * 32, 0.0f);
    std::copy(table.begin() + 64, table.begin() + 96, expected.begin() + 32);
    EXPECT_EQ(out, expected);  // row 3 is outside the limit of 3
  }
}

TEST(Rowwise, PointwiseChain) {
  for (int64_t width : {48, 37, 3}) {
    RowProgram p;
    const auto size = static_cast<size_t>(2 * width);
    int a = p.Load({.operand = 0, .width = width});
    int b = p.Load({.operand = 1, .width = width, .storage = Storage::kBF16});
    int w = p.LoadBroadcast({.operand = 2, .width = width, .storage = Storage::kBF16});
    int sum = p.Add(a, p.Mul(b, w));
    p.Store(sum, 3);
    int gated = p.SwiGlu(p.Scale(sum, 4.0f), p.Sub(a, b), 0.5f);
    int norm = p.RmsNorm(
        gated, {.group = width, .eps = 1e-6f});  // a loop between, which reads and is read
    p.Store(p.Add(p.Silu(norm), p.SwiGlu(sum, gated, 0)), 4);
    p.Store(gated, 5, Storage::kBF16);
    CheckProgram(p,
                 {BytesOf(RandomFloats(size, 1)),
                  BytesOf(ToBF16(RandomFloats(size, 2))),
                  BytesOf(ToBF16(RandomFloats(static_cast<size_t>(width), 3))),
                  {},
                  {},
                  {}},
                 2);
  }
}

TEST(Rowwise, Rope) {
  for (auto [head_dim, rotary] :
       {std::pair<int64_t, int64_t>{64, 64}, {32, 32}, {48, 20}, {10, 6}}) {
    SCOPED_TRACE(head_dim);
    RowProgram p;
    int x = p.Load({.operand = 0, .width = head_dim * 2});
    p.Store(p.Rope(x, {.cos = 1, .sin = 2, .head_dim = head_dim, .rotary = rotary}), 3);
    CheckProgram(p,
                 {BytesOf(RandomFloats(static_cast<size_t>(3 * head_dim * 2), 1)),
                  BytesOf(RandomFloats(static_cast<size_t>(3 * rotary / 2), 2)),
                  BytesOf(RandomFloats(static_cast<size_t>(3 * rotary / 2), 3)),
                  {}},
                 3);
  }
}

// Norm and rotary embedding of keys, then both parts into the pages: each element lands where the
// artifact's page layout says, and nothing else is touched.
void CheckCacheWrites(Storage storage, int64_t head_dim) {
  constexpr int64_t kHeads = 2, kMaxPages = 3, kPages = 5, kRows = 6;
  const int64_t part = kHeads * head_dim * kPageTokens * ByteSize(storage);
  const int64_t page_bytes = 4 * part;  // two layers
  RowCache cache{.pool = 3,
                 .page_table = 4,
                 .positions = 5,
                 .row_sequence = 6,
                 .layout = {kHeads, head_dim, storage, page_bytes, part}};
  RowProgram p;
  int key = p.RmsNorm(p.Load({.operand = 0, .width = kHeads * head_dim}),
                      {.weight = 2, .group = head_dim, .eps = 1e-6f});
  p.KeyWrite(key, cache);
  p.ValueWrite(p.Load({.operand = 1, .width = kHeads * head_dim}), cache);
  const auto size = static_cast<size_t>(kRows * kHeads * head_dim);
  std::vector<Bytes> operands = {BytesOf(RandomFloats(size, 1)),
                                 BytesOf(RandomFloats(size, 2)),
                                 BytesOf(RandomFloats(head_dim, 3)),
                                 Bytes(static_cast<size_t>(kPages * page_bytes), 0x55),
                                 BytesOf(std::vector<int32_t>{3, 0, -1, 4, 1, 2}),
                                 BytesOf(std::vector<int32_t>{62, 63, 64, 0, 130, 191}),
                                 BytesOf(std::vector<int32_t>{0, 0, 0, 1, 1, 1})};
  for (const CpuLevel& level : RunnableLevels()) {
    SCOPED_TRACE(level.name);
    LATHE_ASSERT_OK_AND_ASSIGN(
        auto kernel,
        KernelHarness::Make("rows", level, [&](KernelBuilder& b) { EmitRowwise(b, "rows", p); }));
    Bytes pool = operands[3];
    std::vector<const void*> pointers;
    for (const Bytes& operand : operands) pointers.push_back(operand.data());
    pointers[3] = pool.data() + 2 * part;  // the second layer
    kernel->Run(pointers, {kRows, kMaxPages}, kRows, 2, RowwiseScratchBytes(p));
    Bytes expected = operands[3];
    for (int64_t row = 0; row < kRows; ++row) {
      const int64_t position = Integer(operands[5], row);
      const int64_t page =
          Integer(operands[4], Integer(operands[6], row) * kMaxPages + position / kPageTokens);
      Reference reference(p, operands, row);
      for (int64_t i = 0; i < kHeads * head_dim; ++i) {
        const int64_t head = i / head_dim, d = i % head_dim, slot = position % kPageTokens;
        const int64_t size_of = ByteSize(storage);
        const int64_t paired = PairedElements(storage);
        const int64_t k_element = (i / paired * kPageTokens + slot) * paired + d % paired;
        const int64_t v_element =
            ((head * kPageTokens + slot) / paired * head_dim + d) * paired + slot % paired;
        const int64_t k_at = page * page_bytes + 2 * part + k_element * size_of;
        const int64_t v_at = page * page_bytes + 3 * part + v_element * size_of;
        for (auto [at, value] :
             {std::pair{k_at, reference.value(key)[i]},
              {v_at, Element(operands[1], Storage::kF32, row * kHeads * head_dim + i)}}) {
          const Bytes got(pool.begin() + at, pool.begin() + at + size_of);
          ASSERT_NEAR(Element(got, storage, 0), value,
                      (storage == Storage::kF32 ? 1e-6 : 4e-3) * (1 + std::abs(value)));
          std::copy(got.begin(), got.end(), expected.begin() + at);
        }
      }
    }
    EXPECT_TRUE(pool == expected) << "bytes outside the written keys and values changed";
  }
}

TEST(Rowwise, CacheWrites) {
  for (Storage storage : {Storage::kF32, Storage::kBF16}) {
    for (int64_t head_dim : {32, 8, 20}) {
      SCOPED_TRACE(head_dim);
      CheckCacheWrites(storage, head_dim);
    }
  }
}

}  // namespace
}  // namespace lathe
