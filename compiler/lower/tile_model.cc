#include "compiler/lower/tile_model.h"

#include <algorithm>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "compiler/lower/matmul_product.h"
#include "runtime/base/check.h"

namespace lathe {
namespace {

// Rows of a tile divide the least piece of rows that a worker prepares (compiler/lower/matmul.cc),
// so that pieces hold whole tiles.
constexpr int64_t kTileRows[] = {24, 12, 8, 6, 4, 3, 2, 1};
// Steps of few rows are sums of these, as sizes of batches are.
constexpr int64_t kFewTileRows[] = {8, 4, 2, 1};
constexpr int64_t kMostBlocks = 8;

// Streams of weights that few rows read side by side: enough that a k of them all is a cache line,
// but no more than a core follows. One core of Zen 4 reads bf16 (32 bytes a k and stream) as fast
// with two and three as with four.
constexpr int64_t kBytesOfK = 64;
// Vectors of 256 bits want one stream more: they read bf16 at 20.3, 22.3 and 24.0 GB/s with two,
// three and four, the last with seven registers on the stack.
int64_t FewestStreams(const CpuLevel& level) { return level.VectorsOf16() + 1; }

// One register on the stack costs less than a smaller tile: bf16 at x86-64-v3 reaches 91-95 % of
// the FMA peak with 6x1 and 81-89 % with 4x1, which fits; swiglu 88 % with 2x2 and 50 % with 1x2.
constexpr int64_t kToleratedSpills = 1;

// Rejected candidates that are worth a word.
constexpr size_t kExplained = 4;

// What a cache line of one block asks of one row.
struct LineWork {
  int64_t k = 1;             // weights of a column in a line
  int64_t parts = 1;         // links that it adds to the chain of each sum
  int64_t instructions = 1;  // of arithmetic for each part and vector
  int64_t latency = 1;       // of a link
  int64_t per_cycle = 1;     // arithmetic instructions
  int64_t weights = 1;       // vectors of a block's line that are held for all rows, of 16 columns
  int64_t copies = 1;        // sums side by side: of integers and of f32
  int64_t broadcasts = 1;    // activations of a row and part
  int64_t activation_bytes = 4;  // of one k
};

// The integer dot product without an instruction of its own (byte_dot.h): two multiplications and
// two additions, of which the additions are the chain.
constexpr int64_t kWideningInstructions = 4, kWideningLatency = 2;

LineWork GroupWork(const CpuLevel& level, const GroupQuant& quant, ArithmeticUnit unit) {
  LineWork work{.k = 32 / quant.bits, .parts = 8 / quant.bits, .copies = 2};
  if (unit == ArithmeticUnit::kDotInt8) {
    work.latency = level.dot_int8.latency;
    work.per_cycle = level.dot_int8.per_cycle;
    // The scales of a group are held where the weights were.
    work.weights = std::max(work.parts, work.copies);
    work.activation_bytes = 1;
    return work;
  }
  work.instructions = kWideningInstructions;
  work.latency = kWideningLatency;
  work.per_cycle = level.fma.per_cycle;
  work.weights = 2 * work.parts;
  work.broadcasts = 2;
  work.activation_bytes = 2;
  return work;
}

LineWork WorkOf(const CpuLevel& level, const TileSubject& subject) {
  const ArithmeticUnit unit = UnitOfProduct(level, subject.format, subject.rounds_x);
  if (std::optional<GroupQuant> quant = QuantOf(subject.format))
    return GroupWork(level, *quant, unit);
  if (unit == ArithmeticUnit::kDotBF16) {
    return {.k = 2,
            .latency = level.dot_bf16.latency,
            .per_cycle = level.dot_bf16.per_cycle,
            .activation_bytes = 2};
  }
  // Pairs of bf16 are taken apart at once, and both halves are held.
  const int64_t parts = subject.format == WeightFormat::kBF16Pairs ? 2 : 1;
  return {.k = parts,
          .parts = parts,
          .latency = level.fma.latency,
          .per_cycle = level.fma.per_cycle,
          .weights = parts};
}

// Small integers take one stream of each matrix: their blocks are a few KiB, and what follows a
// block in memory is then what is read next. One core of Zen 4 reads int4 at 91-98 % of its
// bandwidth so, and at 68 % where a tile reads four blocks side by side.
std::pair<int64_t, int64_t> StreamRange(const CpuLevel& level, const LineWork& work,
                                        const TileSubject& subject) {
  if (QuantOf(subject.format)) return {subject.sources, subject.sources};
  const int64_t fewest = FewestStreams(level);
  const int64_t most = std::max<int64_t>(level.read_streams, fewest);
  return {std::clamp(kBytesOfK * work.k / kLineBytes, fewest, most), most};
}

TileCandidate Score(const CpuLevel& level, const LineWork& work, int64_t rows, int64_t blocks) {
  const int64_t vectors = level.VectorsOf16();
  TileCandidate tile{.rows = rows, .blocks = blocks};
  // One row needs no vector of weights twice, and the last is never waited for.
  const bool uses_once = rows == 1 && work.copies == 1;
  const int64_t weights = work.weights * blocks - (uses_once ? 1 : 0);
  tile.registers = (work.copies * rows * blocks + weights) * vectors + 1;
  // The narrow dot product holds the activations of all rows, for this step and the next.
  if (work.broadcasts > 1) tile.registers += 2 * work.broadcasts * rows;
  tile.spilled = std::max<int64_t>(0, tile.registers - level.vector_registers);
  const auto products = static_cast<double>(rows * blocks * vectors * work.parts);
  const double arithmetic =
      products * static_cast<double>(work.instructions) / static_cast<double>(work.per_cycle);
  // A register on the stack is written and read once a step.
  const int64_t num_loads =
      blocks * vectors + rows * work.parts * work.broadcasts + 2 * tile.spilled;
  const double loads = static_cast<double>(num_loads) / level.loads_per_cycle;
  const auto chains = static_cast<double>(work.parts * work.latency);
  const double most = std::max({arithmetic, loads, chains});
  tile.bound = most == arithmetic ? "arithmetic" : most == loads ? "loads" : "chains";
  tile.cycles = most / products;
  tile.bytes =
      static_cast<double>(blocks * kLineBytes + rows * work.k * work.activation_bytes) / products;
  return tile;
}

// Registers on the stack beyond those that cost little.
int64_t Excess(const TileCandidate& tile) {
  return std::max<int64_t>(0, tile.spilled - kToleratedSpills);
}

bool IsBetterForMany(const TileCandidate& a, const TileCandidate& b) {
  const auto order = [](const TileCandidate& tile) {
    return std::tuple(tile.cycles, Excess(tile), tile.bytes, tile.spilled, tile.rows, tile.blocks);
  };
  return order(a) < order(b);
}

std::string NameOf(const TileCandidate& tile) { return absl::StrCat(tile.rows, "x", tile.blocks); }

std::string SpilledText(const TileCandidate& tile) {
  return absl::StrCat(tile.spilled, tile.spilled == 1 ? " register" : " registers",
                      " on the stack");
}

std::string CyclesText(const TileCandidate& tile) {
  return absl::StrFormat("%.2f cycles a product, bound by %s", tile.cycles, tile.bound);
}

std::string BytesText(const TileCandidate& tile) {
  return absl::StrFormat("%.2f bytes", tile.bytes);
}

std::string StreamsText(const TileCandidate& tile) {
  return absl::StrCat(tile.blocks, tile.blocks == 1 ? " stream" : " streams", " for ", tile.rows,
                      tile.rows == 1 ? " row" : " rows");
}

// Where `tile` falls behind `best`, in the order of the rules.
std::string Objection(const TileCandidate& tile, const TileCandidate& best, TileUse use) {
  const bool is_slower = use == TileUse::kManyRows && tile.cycles > best.cycles;
  if (is_slower) return CyclesText(tile);
  if (tile.spilled > best.spilled) return SpilledText(tile);
  return use == TileUse::kManyRows ? BytesText(tile) : StreamsText(tile);
}

}  // namespace

int64_t TileRegisters(const CpuLevel& level, WeightFormat format, int64_t rows, int64_t blocks) {
  // With one row each vector of weights is used once and need not be kept.
  const int64_t weights = rows > 1 ? blocks : 1;
  // Groups have a sum of integers beside each sum, and scales beside the weights.
  const int64_t copies = QuantOf(format) ? 2 : 1;
  return (rows * blocks + weights) * copies * level.VectorsOf16() + 1;
}

std::vector<TileCandidate> RankTiles(const CpuLevel& level, const TileSubject& subject,
                                     TileUse use) {
  const LineWork work = WorkOf(level, subject);
  const bool is_few = use == TileUse::kFewRows;
  const int64_t most_blocks = is_few ? level.read_streams : kMostBlocks;
  std::vector<TileCandidate> ranked;
  auto add = [&](int64_t rows) {
    for (int64_t blocks = subject.sources; blocks <= most_blocks; blocks += subject.sources) {
      if (TileRegisters(level, subject.format, rows, blocks) <= level.vector_registers)
        ranked.push_back(Score(level, work, rows, blocks));
    }
  };
  if (is_few) {
    for (int64_t rows : kFewTileRows) add(rows);
  } else {
    for (int64_t rows : kTileRows) add(rows);
  }
  LATHE_CHECK(!ranked.empty()) << level.name << " has no registers for " << subject.sources;
  const auto [streams, most_streams] = StreamRange(level, work, subject);
  auto is_better_for_few = [&](const TileCandidate& a, const TileCandidate& b) {
    const auto order = [&, enough = streams, most = most_streams](const TileCandidate& tile) {
      return std::tuple(Excess(tile), tile.blocks > most, -std::min(tile.blocks, enough),
                        -tile.rows, -tile.blocks);
    };
    return order(a) < order(b);
  };
  if (is_few) {
    std::sort(ranked.begin(), ranked.end(), is_better_for_few);
  } else {
    std::sort(ranked.begin(), ranked.end(), IsBetterForMany);
  }
  return ranked;
}

std::vector<std::string> TileReasons(const CpuLevel& level, const TileSubject& subject) {
  std::vector<std::string> reasons;
  for (TileUse use : {TileUse::kManyRows, TileUse::kFewRows}) {
    reasons.push_back(absl::StrCat(use == TileUse::kManyRows ? "many" : "few", " rows take ",
                                   RankingText(RankTiles(level, subject, use), use)));
  }
  return reasons;
}

std::string RankingText(const std::vector<TileCandidate>& ranked, TileUse use) {
  const TileCandidate& best = ranked.front();
  std::string text = absl::StrCat(NameOf(best), ": ", best.registers, " registers");
  if (best.spilled > 0) absl::StrAppend(&text, ", ", SpilledText(best));
  absl::StrAppend(&text, ", ", use == TileUse::kManyRows ? CyclesText(best) : StreamsText(best));
  if (use == TileUse::kManyRows) absl::StrAppend(&text, ", ", BytesText(best));
  for (size_t i = 1; i < std::min(ranked.size(), kExplained + 1); ++i) {
    absl::StrAppend(&text, i == 1 ? "; not " : ", ", NameOf(ranked[i]), " (",
                    Objection(ranked[i], best, use), ")");
  }
  return text;
}

}  // namespace lathe
