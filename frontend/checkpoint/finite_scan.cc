#include "frontend/checkpoint/finite_scan.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstring>
#include <optional>

#include "runtime/base/cpu_count.h"
#include "runtime/base/thread_pool.h"

namespace lathe {
namespace {

// A piece of this size keeps a thread busy for about a millisecond; a multiple of every element.
constexpr size_t kPieceBytes = size_t{4} << 20;
// Words are looked at together, and one by one only where there is something.
constexpr size_t kBlockBytes = 4096;

// How to see all elements of a word at once. An element is not finite when the bits of `mask` are
// all set in it: adding `carry`, the lowest bit of `mask`, to the masked element then runs over
// into `top`, and never further, since `mask` leaves the top bit out. Where the top bit belongs to
// the exponent too (F8_E8M0), it must be set in the element as well.
struct WordTest {
  uint64_t mask;
  uint64_t carry;
  uint64_t top;
  bool needs_top_bit;

  uint64_t Hits(uint64_t word) const {
    const uint64_t hits = ((word & mask) + carry) & top;
    return needs_top_bit ? hits & word : hits;
  }
};

std::optional<WordTest> TestOf(DType dtype) {
  constexpr uint64_t k16 = 0x0001000100010001, k8 = 0x0101010101010101;
  switch (dtype) {
    case DType::kF64:
      return WordTest{0x7ff0000000000000, 0x0010000000000000, 0x8000000000000000, false};
    case DType::kF32:
      return WordTest{0x7f8000007f800000, 0x0080000000800000, 0x8000000080000000, false};
    case DType::kF16:
      return WordTest{k16 * 0x7c00, k16 * 0x0400, k16 * 0x8000, false};
    case DType::kBF16:
      return WordTest{k16 * 0x7f80, k16 * 0x0080, k16 * 0x8000, false};
    case DType::kF8E5M2:
      return WordTest{k8 * 0x7c, k8 * 0x04, k8 * 0x80, false};
    case DType::kF8E4M3:  // has no infinities: NaN is all ones but the sign
      return WordTest{k8 * 0x7f, k8 * 0x01, k8 * 0x80, false};
    case DType::kF8E8M0:  // has no sign: NaN is all ones
      return WordTest{k8 * 0x7f, k8 * 0x01, k8 * 0x80, true};
    default:
      return std::nullopt;
  }
}

uint64_t LoadWord(const char* data) {
  uint64_t word;
  std::memcpy(&word, data, sizeof(word));
  return word;
}

// Whether anything in `bytes` (whole words) is not finite. Without branches, so that compilers use
// vector instructions.
bool AnyHit(const WordTest& test, absl::string_view bytes) {
  uint64_t hits = 0;
  for (size_t i = 0; i < bytes.size(); i += 8) hits |= test.Hits(LoadWord(bytes.data() + i));
  return hits != 0;
}

void AddWord(const WordTest& test, uint64_t word, size_t offset, size_t element_bytes,
             NonFinite& found) {
  const uint64_t hits = test.Hits(word);
  if (hits == 0) return;
  if (found.count == 0) {
    found.first = (offset + static_cast<size_t>(std::countr_zero(hits)) / 8) / element_bytes;
  }
  found.count += static_cast<uint64_t>(std::popcount(hits));
}

struct Piece {
  size_t tensor;
  size_t begin;  // byte offset in the tensor
  NonFinite found;
};

}  // namespace

NonFinite CountNonFinite(DType dtype, absl::string_view bytes) {
  NonFinite found;
  const std::optional<WordTest> test = TestOf(dtype);
  if (!test) return found;
  const size_t element_bytes = ByteSize(dtype);
  const size_t whole = bytes.size() / 8 * 8;
  for (size_t begin = 0; begin < whole; begin += kBlockBytes) {
    const size_t size = std::min(kBlockBytes, whole - begin);
    if (!AnyHit(*test, bytes.substr(begin, size))) continue;
    for (size_t i = begin; i < begin + size; i += 8) {
      AddWord(*test, LoadWord(bytes.data() + i), i, element_bytes, found);
    }
  }
  if (whole < bytes.size()) {
    uint64_t tail = 0;  // zeros are finite in every type
    std::memcpy(&tail, bytes.data() + whole, bytes.size() - whole);
    AddWord(*test, tail, whole, element_bytes, found);
  }
  return found;
}

std::vector<NonFinite> ScanForNonFinite(absl::Span<const TensorView* const> tensors, int threads) {
  std::vector<Piece> pieces;
  for (size_t t = 0; t < tensors.size(); ++t) {
    for (size_t begin = 0; begin < tensors[t]->bytes.size(); begin += kPieceBytes) {
      pieces.push_back({t, begin, {}});
    }
  }
  std::atomic<size_t> next = 0;
  const auto work = [&](int, int) {
    for (size_t i = next++; i < pieces.size(); i = next++) {
      const TensorView& tensor = *tensors[pieces[i].tensor];
      pieces[i].found =
          CountNonFinite(tensor.dtype, tensor.bytes.substr(pieces[i].begin, kPieceBytes));
    }
  };
  if (threads <= 0) threads = AvailableCpus();
  const size_t useful = std::clamp<size_t>(pieces.size(), 1, static_cast<size_t>(threads));
  ThreadPool(static_cast<int>(useful)).Run(work);

  std::vector<NonFinite> result(tensors.size());
  for (const Piece& piece : pieces) {
    NonFinite& total = result[piece.tensor];
    if (piece.found.count == 0) continue;
    if (total.count == 0) {
      total.first = piece.begin / ByteSize(tensors[piece.tensor]->dtype) + piece.found.first;
    }
    total.count += piece.found.count;
  }
  return result;
}

}  // namespace lathe
