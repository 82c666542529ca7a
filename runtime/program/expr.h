// Expressions over the symbols of a step (tokens, sequences, ...), each distinct one stored and
// evaluated once.
//   ExprTable table;
//   uint32_t rows = table.Intern(command.items());
//   LATHE_RETURN_IF_ERROR(table.Evaluate(symbols, values));   // values[rows]
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "runtime/artifact/artifact.pb.h"

namespace lathe {

class ExprTable {
 public:
  // The number of `expr` among the distinct expressions.
  uint32_t Intern(const artifact::Expr& expr);

  size_t size() const { return ranges_.size(); }
  // The symbols that the expressions use, some more than once.
  absl::Span<const uint32_t> symbols() const { return symbols_; }

  // values[i] becomes the value of expression i. `symbols` has a value for each symbol of the
  // manifest, none negative. InvalidArgument when a value does not fit in 63 bits or is negative:
  // they all count bytes, rows or items. The message holds the number of the expression.
  absl::Status Evaluate(absl::Span<const int64_t> symbols, absl::Span<int64_t> values) const;

 private:
  struct Term {
    int64_t coefficient = 0;
    int64_t divisor = 1;
    uint32_t first_symbol = 0;  // in symbols_
    uint32_t num_symbols = 0;
  };
  struct Range {
    uint32_t begin = 0;  // in terms_
    uint32_t end = 0;
  };

  bool EvaluateOne(const Range& range, absl::Span<const int64_t> symbols, int64_t* value) const;

  std::vector<Range> ranges_;
  std::vector<Term> terms_;
  std::vector<uint32_t> symbols_;
  absl::flat_hash_map<std::string, uint32_t> known_;  // by serialised form
};

}  // namespace lathe
