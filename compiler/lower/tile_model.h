// Which register tile a matrix product takes on a feature level, and why: a model of what one step
// of the inner loop asks of the machine, from the numbers of compiler/target.
//   const TileSubject subject{.format = WeightFormat::kBF16Pairs};
//   std::vector<TileCandidate> ranked = RankTiles(level, subject, TileUse::kManyRows);
//   ranked.front();  // 12 x 2 at x86-64-v4
//   RankingText(ranked, TileUse::kManyRows);  // "12x2: 29 registers, ...; not 8x3 (5.33 bytes)"
//
// A step multiplies one cache line of weights of each block by what belongs to it of each row. It
// takes the cycles of its arithmetic, of its loads, or of its chains of sums, whichever are most:
//   arithmetic  rows x blocks x instructions / instructions a cycle
//   loads       lines of weights, broadcast activations and registers on the stack / loads a cycle
//   chains      instructions of one sum, one after the other, times their latency
// The shape of the model is that of Low et al., "Analytical Modeling Is Enough for High-Performance
// BLIS" (ACM TOMS 2016); the loads and the stack are added to it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "compiler/lower/weight_format.h"
#include "compiler/target/target.h"

namespace lathe {

struct TileSubject {
  WeightFormat format = WeightFormat::kBF16Pairs;
  bool rounds_x = false;  // as in MatmulSpec
  int64_t sources = 1;    // matrices read side by side, 1 or 2
};

enum class TileUse : uint8_t {
  kManyRows,  // arithmetic decides: the fewest cycles a product
  kFewRows,   // reading decides: enough streams of weights, then rows that share them
};

struct TileCandidate {
  int64_t rows = 0;
  int64_t blocks = 0;            // of all sources
  int64_t registers = 0;         // that the inner loop wants at once
  int64_t spilled = 0;           // of these, beyond those that there are: on the stack
  double cycles = 0;             // of a vector instruction's products
  absl::string_view bound = {};  // by what: "arithmetic", "loads", "chains"
  double bytes = 0;  // of weights and activations from the caches for a vector instruction

  bool operator==(const TileCandidate&) const = default;
};

// Vector registers that a tile cannot do without: accumulators, one vector of weights for each
// block, a broadcast value.
int64_t TileRegisters(const CpuLevel& level, WeightFormat format, int64_t rows, int64_t blocks);

// The tiles whose TileRegisters fit, best first; never empty.
std::vector<TileCandidate> RankTiles(const CpuLevel& level, const TileSubject& subject,
                                     TileUse use);

// Why the tiles are what they are: "many rows take 12x2: 29 registers, ...; not 8x3 (5.33 bytes)"
// and the same for few rows.
std::vector<std::string> TileReasons(const CpuLevel& level, const TileSubject& subject);

// Numbers of the first, and what speaks against each of the next.
std::string RankingText(const std::vector<TileCandidate>& ranked, TileUse use);

}  // namespace lathe
