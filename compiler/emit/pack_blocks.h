// What the packing of plain and of quantised weights shares: checks, threads, and the interleaving
// of 16 rows to a block.
#pragma once

#include <algorithm>
#include <cstdint>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "compiler/lower/weight_format.h"
#include "runtime/base/start_thread.h"
#include "runtime/base/tensor_source.h"

namespace lathe {

// Calls work(begin, end) on contiguous parts of [0, count), each in a thread of its own as far as
// the system starts threads.
template <typename Work>
void SplitOverThreads(int64_t count, int threads, const Work& work) {
  const int64_t parts = std::clamp<int64_t>(threads, 1, std::max<int64_t>(count, 1));
  std::vector<std::thread> workers;
  for (int64_t part = 1; part < parts; ++part) {
    const auto work_part = [&work, begin = count * part / parts, end = count * (part + 1) / parts] {
      work(begin, end);
    };
    if (!StartThread(workers, work_part)) work_part();
  }
  work(0, count / parts);
  for (std::thread& worker : workers) worker.join();
}

// InvalidArgument for element types that weights cannot have, and for bytes that do not fit the
// shape.
absl::Status CheckTensor(const TensorView& tensor);
// The same, and `tensor` is a matrix for whose packed form `out_bytes` is the size.
absl::Status CheckPackable(const TensorView& tensor, WeightFormat format, size_t out_bytes);

// Words of 4 bytes [count] of each of up to 16 rows, side by side: out[i][row]. Rows that are not
// there become zero.
void Interleave(absl::Span<const char* const> rows, int64_t count, char* out);

}  // namespace lathe
