// Emits chains of small operations on rows of activations: norms, rotary embedding, gathers,
// elementwise arithmetic, writing keys and values to the cache. As a kernel of its own a work item
// is one row (token); a row's bits depend on that row alone.
//
// A program is a list of steps; each makes a value of static width from earlier ones, and is named
// by its index:
//   RowProgram p;
//   int x = p.Load({.operand = 0, .width = 1024});
//   int y = p.RmsNorm(x, {.weight = 1, .group = 1024, .eps = 1e-6f});
//   p.Store(y, 2);
//   EmitRowwise(b, "norm", p);
// A program with an Input works on one part of a row, as a head, that another kernel has at hand
// (EmitRowSteps): what it loads and stores is that part of the operand's row.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compiler/lower/kernel_builder.h"
#include "compiler/lower/weight_format.h"

namespace lathe {

// Tokens of a page of the cache, and the block of keys over which attention runs.
inline constexpr int64_t kPageTokens = 64;

// One layer of a key-value cache, as KvCacheGroup in runtime/artifact/artifact.proto lays it out.
// The pool operand points at the layer inside the first page.
struct CacheLayout {
  int64_t kv_heads = 0;
  int64_t head_dim = 0;
  Storage storage = Storage::kBF16;
  int64_t page_bytes = 0;
  int64_t value_offset = 0;

  bool operator==(const CacheLayout&) const = default;
};

// Elements of a cache that lie side by side in 4 bytes: two components of a key, one component of
// two values.
inline int64_t PairedElements(Storage storage) { return 4 / ByteSize(storage); }

enum class RowOp {
  kInput,   // the part of a row that the caller of EmitRowSteps hands in
  kLoad,    // row of an operand [rows, width]
  kGather,  // row index[row] of an operand [limit, width]; zeros where the index is outside [0,
            // limit)
  kLoadBroadcast,  // the one row of an operand [width]
  kAdd,
  kSub,
  kMul,
  kScale,  // times a constant
  kSilu,
  kSwiGlu,   // as MatmulSpec.limit says
  kRmsNorm,  // over each `group` elements: x / sqrt(mean(x^2) + eps) * (offset + weight)
  kRope,   // each head of `group` elements: rotates pairs (i, i + rotary / 2), i < rotary / 2; the
           // rest passes
  kStore,  // to row of an operand [rows, width]
  kKeyWrite,    // keys of this row to the cache
  kValueWrite,  // values of this row to the cache
};

struct RowStep {
  RowOp op = RowOp::kLoad;
  int64_t width = 0;                // elements of the value; of stores, of what they store
  std::vector<int> inputs;          // earlier steps
  std::vector<int> operands;        // of the kernel
  Storage storage = Storage::kF32;  // of the operand
  int64_t group = 0;
  int64_t rotary = 0;
  int64_t limit = 0;                        // kGather
  std::optional<WeightFormat> packed = {};  // kGather: the table is stored as matmul weights are
  float constant = 0;                       // kScale: factor; kSwiGlu: limit; kRmsNorm: eps
  float offset = 0;                         // kRmsNorm
  CacheLayout cache;

  bool operator==(const RowStep&) const = default;
};

// The arguments of RowProgram's functions; operands are indices of the kernel's operands.
struct RowSource {
  int operand = 0;
  int64_t width = 0;
  Storage storage = Storage::kF32;
};
struct RowGather {
  // As `limit`: the table has dims[2] rows.
  static constexpr int64_t kLimitFromDims = -1;

  int table = 0;
  int index = 0;  // i32 [rows]
  int64_t width = 0;
  int64_t limit = 0;
  Storage storage = Storage::kF32;
  // The table is stored as matmul weights are, and this says as which; `storage` says nothing then.
  // One of small integers is read by pointwise steps only, which take 16 aligned elements at once.
  std::optional<WeightFormat> packed = {};
};
struct RowNorm {
  int weight = -1;  // operand [group]; -1: none
  int64_t group = 0;
  float eps = 0;
  float offset = 0;
  Storage storage = Storage::kF32;  // of the weight
};
struct RowRope {
  int cos = 0, sin = 0;  // f32 [rows, rotary / 2]
  int64_t head_dim = 0;
  int64_t rotary = 0;
};
struct RowCache {
  int pool = 0;
  int page_table = 0;    // i32 [sequences, max_pages]
  int positions = 0;     // i32 [rows]
  int row_sequence = 0;  // i32 [rows]
  CacheLayout layout;
};

class RowProgram {
 public:
  int Input(int64_t width);
  int Load(const RowSource& source);
  int Gather(const RowGather& gather);
  int LoadBroadcast(const RowSource& source);
  int Add(int a, int b);
  int Sub(int a, int b);
  int Mul(int a, int b);
  int Scale(int a, float factor);
  int Silu(int a);
  int SwiGlu(int gate, int up, float limit);
  int RmsNorm(int x, const RowNorm& norm);
  int Rope(int x, const RowRope& rope);
  void Store(int value, int operand, Storage storage = Storage::kF32);
  void KeyWrite(int key, const RowCache& cache);
  void ValueWrite(int value, const RowCache& cache);

  const std::vector<RowStep>& steps() const { return steps_; }
  // All that shapes the code, as text: equal texts are equal programs. The key names a kernel.
  std::string StepsText() const;
  std::string Key() const;

  bool operator==(const RowProgram&) const = default;

 private:
  int Append(RowStep step);
  bool IsQuantized(int value) const;
  void CacheWrite(RowOp op, int value, const RowCache& cache);
  int Binary(RowOp op, int a, int b);

  std::vector<RowStep> steps_;
};

// Scratch that a worker needs for the steps' values.
int64_t RowwiseScratchBytes(const RowProgram& program);

// What the steps of a program work on.
struct RowPlace {
  mlir::Value row;      // of the call
  mlir::Value scratch;  // RowwiseScratchBytes, aligned to 64
  // Of a program with an Input: where it lies, as f32, and which of the row's `parts` it is. A row
  // of an operand then is parts x width.
  mlir::Value input = {};
  mlir::Value part = {};
  int64_t parts = 1;
};

// Adds the steps at the builder's place. dims of the kernel = {rows, max_pages, limit}: max_pages
// is read by writes to a cache, limit by gathers with kLimitFromDims only. Outputs share no memory
// with operands that are read.
void EmitRowSteps(KernelBuilder& b, const RowProgram& program, const KernelArgs& args,
                  const RowPlace& place);

// Adds the kernel `name`, whose work items are rows. The program has no Input.
void EmitRowwise(KernelBuilder& b, llvm::StringRef name, const RowProgram& program);

}  // namespace lathe
