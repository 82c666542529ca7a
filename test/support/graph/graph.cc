#include "test/support/graph/graph.h"

#include <cmath>
#include <cstring>
#include <random>
#include <utility>

#include "gtest/gtest.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "ops/core/dialect.h"
#include "ops/dialect.h"
#include "runtime/base/check.h"
#include "runtime/base/float_types.h"

namespace lathe::testing {

void TensorMap::Add(const std::string& name, const HostTensor& tensor) {
  auto entry = std::make_unique<Entry>();
  entry->bytes.resize(tensor.num_elements() * ByteSize(tensor.dtype()));
  for (int64_t i = 0; i < tensor.num_elements(); ++i) {
    char* to = entry->bytes.data() + i * ByteSize(tensor.dtype());
    float value = tensor.floats()[i];
    uint16_t half = tensor.dtype() == DType::kBF16 ? F32ToBF16(value) : F32ToF16(value);
    if (tensor.dtype() == DType::kF32) {
      std::memcpy(to, &value, sizeof(value));
    } else {
      std::memcpy(to, &half, sizeof(half));
    }
  }
  entry->view = {tensor.dtype(), tensor.shape(), entry->bytes};
  entries_[name] = std::move(entry);
}

const TensorView* TensorMap::Find(absl::string_view name) const {
  auto it = entries_.find(std::string(name));
  return it == entries_.end() ? nullptr : &it->second->view;
}

std::vector<std::string> TensorMap::Names() const {
  std::vector<std::string> names;
  for (const auto& entry : entries_) names.push_back(entry.first);
  return names;
}

std::string TensorMap::Origin(absl::string_view) const { return "the test"; }

Graph::Graph(const std::string& text) {
  LoadDialects(context_);
  module_ = mlir::parseSourceString<mlir::ModuleOp>("#tokens = #lathe.sym<tokens>\n" + text,
                                                    mlir::ParserConfig(&context_));
  LATHE_CHECK(module_) << "the graph of a test does not parse: see above";
}

mlir::Operation* Graph::Op(llvm::StringRef name) {
  mlir::Operation* found = nullptr;
  module_->walk([&](mlir::Operation* op) {
    if (op->getName().getStringRef() == name) found = op;
  });
  LATHE_CHECK(found != nullptr) << "no " << name.str() << " in the graph";
  return found;
}

void Graph::DecomposeAll() {
  for (bool changed = true; changed;) {
    std::vector<Decomposes> ops;
    module_->walk([&](Decomposes op) { ops.push_back(op); });
    changed = !ops.empty();
    for (Decomposes op : ops) {
      mlir::OpBuilder builder(op.getOperation());
      op->replaceAllUsesWith(op.Decompose(builder));
      op->erase();
    }
  }
  LATHE_CHECK(succeeded(mlir::verify(*module_))) << "a decomposition does not verify";
}

std::string Graph::Print() {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module_->print(stream);
  return text;
}

absl::StatusOr<Interpreter::NamedTensors> Graph::RunAll(const Interpreter::NamedTensors& inputs,
                                                        Accumulate accumulate) {
  return Interpreter(*module_, weights_, accumulate).Run("main", inputs, kv_state_);
}

absl::StatusOr<HostTensor> Graph::Run(const Interpreter::NamedTensors& inputs,
                                      Accumulate accumulate) {
  absl::StatusOr<Interpreter::NamedTensors> outputs = RunAll(inputs, accumulate);
  if (!outputs.ok()) return outputs.status();
  LATHE_CHECK(outputs->size() == 1) << "@main has " << outputs->size() << " outputs";
  return std::move(outputs->begin()->second);
}

HostTensor RandomFloats(std::vector<int64_t> shape, uint32_t seed, float range, DType dtype) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<float> distribution(-range, range);
  HostTensor tensor(dtype, std::move(shape));
  for (float& value : tensor.floats()) value = distribution(generator);
  tensor.RoundToDType();
  return tensor;
}

void ExpectClose(const HostTensor& actual, const HostTensor& expected, double tolerance) {
  ASSERT_EQ(actual.dtype(), expected.dtype());
  ASSERT_EQ(actual.shape(), expected.shape());
  for (int64_t i = 0; i < actual.num_elements(); ++i) {
    double bound = tolerance * std::max(1.0, std::abs(static_cast<double>(expected.floats()[i])));
    ASSERT_NEAR(actual.floats()[i], expected.floats()[i], bound) << "element " << i;
  }
}

double Tolerance(DType dtype, int64_t terms) {
  double unit = dtype == DType::kBF16 ? 0x1p-8 : dtype == DType::kF16 ? 0x1p-11 : 0x1p-24;
  // Rounding errors of a sum grow with the square root of its length as long as they are
  // independent; eight for slack.
  return unit + 8 * 0x1p-24 * std::sqrt(static_cast<double>(terms));
}

}  // namespace lathe::testing
