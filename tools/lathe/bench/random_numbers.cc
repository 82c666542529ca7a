#include "tools/lathe/bench/random_numbers.h"

#include <cmath>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "compiler/problem/replicate.h"
#include "ops/core/dialect.h"
#include "ops/core/extent.h"
#include "runtime/base/check.h"
#include "runtime/base/float_types.h"
#include "runtime/base/hash.h"
#include "runtime/base/status_macros.h"

namespace lathe {
namespace {

// The largest heads of logits have some 1.5e9.
constexpr int64_t kMaxElements = int64_t{1} << 31;

}  // namespace

RandomNumbers::RandomNumbers(uint64_t seed, absl::string_view name)
    : RandomNumbers(seed ^ Hash64(name)) {}

// SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014).
uint64_t RandomNumbers::Next() {
  uint64_t z = state_ += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

float RandomNumbers::Uniform() {
  return static_cast<float>(static_cast<int64_t>(Next()) >> 40) / 8388608.0f;
}

int64_t RandomNumbers::Below(int64_t limit) {
  LATHE_CHECK(limit > 0) << limit;
  return static_cast<int64_t>(Next() % static_cast<uint64_t>(limit));
}

void StoreFloat(DType dtype, float value, char* data, size_t index) {
  if (dtype == DType::kF32) {
    std::memcpy(data + 4 * index, &value, sizeof(value));
    return;
  }
  LATHE_CHECK(dtype == DType::kBF16 || dtype == DType::kF16) << DTypeName(dtype);
  const uint16_t bits = dtype == DType::kBF16 ? F32ToBF16(value) : F32ToF16(value);
  std::memcpy(data + 2 * index, &bits, sizeof(bits));
}

absl::StatusOr<std::unique_ptr<RandomWeights>> RandomWeights::Make(mlir::ModuleOp problem,
                                                                   uint64_t seed) {
  auto weights = std::make_unique<RandomWeights>();
  for (auto param : problem.getOps<ParamOp>()) {
    const std::string name = param.getSymName().str();
    auto type = llvm::cast<mlir::RankedTensorType>(param.getType());
    std::optional<DType> dtype = DTypeOf(type.getElementType());
    if (!dtype || !IsFloat(*dtype) || !type.hasStaticShape()) {
      return absl::UnimplementedError(
          absl::StrCat("weight ", name, ": random numbers are made for f32, f16 and bf16 only"));
    }
    LATHE_ASSIGN_OR_RETURN(int64_t elements, NumElements(type).Evaluate({}), name);
    if (elements > kMaxElements) {
      return absl::ResourceExhaustedError(absl::StrCat("weight ", name, ": ", elements,
                                                       " elements, at most ", kMaxElements,
                                                       " are made of random numbers"));
    }
    LATHE_ASSIGN_OR_RETURN(int64_t stored, NumBytes(type).Evaluate({}), name);
    weights->stored_bytes_ += static_cast<uint64_t>(stored);
    LATHE_ASSIGN_OR_RETURN(const auto tensors, SourceTensors(name, type.getShape()));
    for (const SourceTensor& tensor : tensors) weights->Add(tensor, *dtype, seed);
  }
  return weights;
}

void RandomWeights::Add(const SourceTensor& tensor, DType dtype, uint64_t seed) {
  Entry& entry = entries_[tensor.name];
  TensorView view{dtype, tensor.shape, {}};
  const auto count = static_cast<size_t>(view.num_elements());
  // Weights that read rows of one tensor say how many they need: the most of them counts.
  if (entry.bytes.size() >= count * ByteSize(dtype) && !entry.bytes.empty()) return;
  entry.bytes.resize(count * ByteSize(dtype));
  const bool is_matrix = tensor.shape.size() > 1;
  // The sum of K products of two variances of 1/3 has the variance of its inputs at scale
  // sqrt(3 / K).
  const float scale = is_matrix ? std::sqrt(3.0f / static_cast<float>(tensor.shape.back())) : 0.5f;
  const float offset = is_matrix ? 0.0f : 1.0f;
  RandomNumbers numbers(seed, tensor.name);
  for (size_t i = 0; i < count; ++i)
    StoreFloat(dtype, offset + scale * numbers.Uniform(), entry.bytes.data(), i);
  view.bytes = {entry.bytes.data(), entry.bytes.size()};
  entry.view = std::move(view);
}

const TensorView* RandomWeights::Find(absl::string_view name) const {
  auto found = entries_.find(std::string(name));
  if (found == entries_.end()) found = entries_.find(OriginalWeight(name));
  return found == entries_.end() ? nullptr : &found->second.view;
}

std::vector<std::string> RandomWeights::Names() const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : entries_) names.push_back(name);
  return names;
}

std::string RandomWeights::Origin(absl::string_view) const { return "random numbers"; }

}  // namespace lathe
