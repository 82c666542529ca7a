// Building and describing row programs; what they mean as code is in rowwise.cc.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "compiler/lower/rowwise.h"
#include "runtime/base/check.h"

namespace lathe {
namespace {

const char* Name(RowOp op) {
  switch (op) {
    case RowOp::kInput:
      return "input";
    case RowOp::kLoad:
      return "load";
    case RowOp::kGather:
      return "gather";
    case RowOp::kLoadBroadcast:
      return "load_broadcast";
    case RowOp::kAdd:
      return "add";
    case RowOp::kSub:
      return "sub";
    case RowOp::kMul:
      return "mul";
    case RowOp::kScale:
      return "scale";
    case RowOp::kSilu:
      return "silu";
    case RowOp::kSwiGlu:
      return "swiglu";
    case RowOp::kRmsNorm:
      return "rms_norm";
    case RowOp::kRope:
      return "rope";
    case RowOp::kStore:
      return "store";
    case RowOp::kKeyWrite:
      return "key_write";
    case RowOp::kValueWrite:
      return "value_write";
  }
  return "";
}

}  // namespace

int RowProgram::Append(RowStep step) {
  LATHE_CHECK(step.width > 0) << Name(step.op) << " of width " << step.width;
  for (int input : step.inputs) {
    LATHE_CHECK(input >= 0 && input < static_cast<int>(steps_.size())) << "step " << input;
  }
  steps_.push_back(std::move(step));
  return static_cast<int>(steps_.size()) - 1;
}

bool RowProgram::IsQuantized(int value) const {
  return steps_[value].packed && QuantOf(*steps_[value].packed);
}

int RowProgram::Binary(RowOp op, int a, int b) {
  LATHE_CHECK(steps_[a].width == steps_[b].width)
      << Name(op) << " of widths " << steps_[a].width << " and " << steps_[b].width;
  RowStep step;
  step.op = op;
  step.width = steps_[a].width;
  step.inputs = {a, b};
  return Append(std::move(step));
}

int RowProgram::Input(int64_t width) {
  RowStep step;
  step.op = RowOp::kInput;
  step.width = width;
  return Append(std::move(step));
}

int RowProgram::Load(const RowSource& source) {
  RowStep step;
  step.op = RowOp::kLoad;
  step.width = source.width;
  step.operands = {source.operand};
  step.storage = source.storage;
  return Append(std::move(step));
}

int RowProgram::Gather(const RowGather& gather) {
  LATHE_CHECK(gather.limit > 0 || gather.limit == RowGather::kLimitFromDims) << gather.limit;
  RowStep step;
  step.op = RowOp::kGather;
  step.width = gather.width;
  step.operands = {gather.table, gather.index};
  step.storage = gather.storage;
  step.limit = gather.limit;
  step.packed = gather.packed;
  return Append(std::move(step));
}

int RowProgram::LoadBroadcast(const RowSource& source) {
  RowStep step;
  step.op = RowOp::kLoadBroadcast;
  step.width = source.width;
  step.operands = {source.operand};
  step.storage = source.storage;
  return Append(std::move(step));
}

int RowProgram::Add(int a, int b) { return Binary(RowOp::kAdd, a, b); }
int RowProgram::Sub(int a, int b) { return Binary(RowOp::kSub, a, b); }
int RowProgram::Mul(int a, int b) { return Binary(RowOp::kMul, a, b); }

int RowProgram::Scale(int a, float factor) {
  RowStep step;
  step.op = RowOp::kScale;
  step.width = steps_[a].width;
  step.inputs = {a};
  step.constant = factor;
  return Append(std::move(step));
}

int RowProgram::Silu(int a) {
  RowStep step;
  step.op = RowOp::kSilu;
  step.width = steps_[a].width;
  step.inputs = {a};
  return Append(std::move(step));
}

int RowProgram::SwiGlu(int gate, int up, float limit) {
  int result = Binary(RowOp::kSwiGlu, gate, up);
  steps_[result].constant = limit;
  return result;
}

int RowProgram::RmsNorm(int x, const RowNorm& norm) {
  LATHE_CHECK(!IsQuantized(x)) << "a norm reads small integers";
  LATHE_CHECK(norm.group > 0 && steps_[x].width % norm.group == 0)
      << "groups of " << norm.group << " in " << steps_[x].width;
  RowStep step;
  step.op = RowOp::kRmsNorm;
  step.width = steps_[x].width;
  step.inputs = {x};
  if (norm.weight >= 0) step.operands = {norm.weight};
  step.storage = norm.storage;
  step.group = norm.group;
  step.constant = norm.eps;
  step.offset = norm.offset;
  return Append(std::move(step));
}

int RowProgram::Rope(int x, const RowRope& rope) {
  LATHE_CHECK(!IsQuantized(x)) << "a rotation reads small integers";
  LATHE_CHECK(rope.head_dim > 0 && steps_[x].width % rope.head_dim == 0 && rope.rotary % 2 == 0 &&
              rope.rotary > 0 && rope.rotary <= rope.head_dim)
      << "rotary " << rope.rotary << " of heads of " << rope.head_dim << " in " << steps_[x].width;
  RowStep step;
  step.op = RowOp::kRope;
  step.width = steps_[x].width;
  step.inputs = {x};
  step.operands = {rope.cos, rope.sin};
  step.group = rope.head_dim;
  step.rotary = rope.rotary;
  return Append(std::move(step));
}

void RowProgram::Store(int value, int operand, Storage storage) {
  RowStep step;
  step.op = RowOp::kStore;
  step.width = steps_[value].width;
  step.inputs = {value};
  step.operands = {operand};
  step.storage = storage;
  Append(std::move(step));
}

void RowProgram::KeyWrite(int key, const RowCache& cache) {
  CacheWrite(RowOp::kKeyWrite, key, cache);
}

void RowProgram::ValueWrite(int value, const RowCache& cache) {
  CacheWrite(RowOp::kValueWrite, value, cache);
}

void RowProgram::CacheWrite(RowOp op, int value, const RowCache& cache) {
  LATHE_CHECK(!IsQuantized(value)) << "a cache write reads small integers";
  const int64_t width = steps_[value].width;
  // A part of a row holds some of the heads.
  LATHE_CHECK(cache.layout.head_dim > 0 && width % cache.layout.head_dim == 0 &&
              width <= cache.layout.kv_heads * cache.layout.head_dim)
      << Name(op) << " of " << width << ", " << cache.layout.kv_heads << " heads of "
      << cache.layout.head_dim;
  RowStep step;
  step.op = op;
  step.width = width;
  step.inputs = {value};
  step.operands = {cache.pool, cache.page_table, cache.positions, cache.row_sequence};
  step.cache = cache.layout;
  Append(std::move(step));
}

std::string RowProgram::Key() const { return absl::StrCat("rowwise", StepsText()); }

std::string RowProgram::StepsText() const {
  std::string key;
  for (size_t i = 0; i < steps_.size(); ++i) {
    const RowStep& step = steps_[i];
    absl::StrAppend(&key, " ", i, "=", Name(step.op), "(", absl::StrJoin(step.inputs, ","), ";",
                    absl::StrJoin(step.operands, ","), ")x", step.width);
    if (step.storage == Storage::kBF16) absl::StrAppend(&key, " bf16");
    if (step.group > 0) absl::StrAppend(&key, " group=", step.group);
    if (step.rotary > 0) absl::StrAppend(&key, " rotary=", step.rotary);
    if (step.limit != 0) absl::StrAppend(&key, " limit=", step.limit);
    if (step.packed) absl::StrAppend(&key, " ", LayoutName(*step.packed));
    // Bits, so that no two constants print alike.
    if (step.constant != 0) {
      absl::StrAppend(&key, " constant=", absl::Hex(std::bit_cast<uint32_t>(step.constant)));
    }
    if (step.offset != 0) {
      absl::StrAppend(&key, " offset=", absl::Hex(std::bit_cast<uint32_t>(step.offset)));
    }
    if (step.cache.head_dim > 0) {
      const CacheLayout& c = step.cache;
      absl::StrAppend(&key, " cache=", c.kv_heads, "x", c.head_dim,
                      c.storage == Storage::kBF16 ? " bf16" : " f32", " page_bytes=", c.page_bytes,
                      " value_offset=", c.value_offset);
    }
  }
  return key;
}

}  // namespace lathe
