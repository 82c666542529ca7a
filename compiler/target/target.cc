#include "compiler/target/target.h"

#include <type_traits>

#include "absl/strings/str_join.h"
#include "compiler/target/specs.inc"
#include "nlohmann/json.hpp"
#include "runtime/base/status_macros.h"
#include "runtime/base/strings.h"

namespace lathe {
namespace {

using Json = nlohmann::json;

// Reads the members of one object; remembers the first error and which members were asked for.
class ObjectReader {
 public:
  ObjectReader(const Json& object, std::string where) : object_(object), where_(std::move(where)) {
    if (!object_.is_object()) Fail("expected an object");
  }

  template <typename T>
  void Read(const char* key, T& value) {
    const Json* member = Member(key);
    if (member == nullptr) return;
    bool fits = false;
    if constexpr (std::is_same_v<T, std::string>) {
      fits = member->is_string();

    } else if constexpr (std::is_floating_point_v<T>) {
      fits = member->is_number() && member->get<double>() > 0;
    } else {
      fits = member->is_number_unsigned() && member->get<uint64_t>() > 0 &&
             member->get<uint64_t>() <= INT32_MAX;
    }
    if (!fits) return Fail(absl::StrCat(key, " is ", member->dump(), ", expected a ", Kind<T>()));
    value = member->get<T>();
  }

  void ReadList(const char* key, std::vector<std::string>& list) {
    const Json* member = Member(key);
    if (member == nullptr) return;
    if (!member->is_array()) return Fail(absl::StrCat(key, " is not an array of strings"));
    for (const Json& item : *member) {
      if (!item.is_string()) return Fail(absl::StrCat(key, " is not an array of strings"));
      list.push_back(item.get<std::string>());
    }
  }

  // The member `key`, or null after an error.
  const Json* Member(const char* key) {
    if (!status_.ok()) return nullptr;
    asked_.push_back(key);
    auto it = object_.find(key);
    if (it == object_.end()) {
      Fail(absl::StrCat("key \"", key, "\" is missing"));
      return nullptr;
    }
    return &*it;
  }

  // OK when nothing failed and no member is left over.
  absl::Status Finish() {
    if (!status_.ok()) return status_;
    for (const auto& [key, value] : object_.items()) {
      if (std::find(asked_.begin(), asked_.end(), key) == asked_.end()) {
        Fail(absl::StrCat("key ", Quoted(key),
                          " is not known; known are: ", absl::StrJoin(asked_, ", ")));
        break;
      }
    }
    return status_;
  }

 private:
  template <typename T>
  static const char* Kind() {
    return std::is_same_v<T, std::string> ? "string" : "positive number";
  }

  void Fail(const std::string& what) {
    if (status_.ok()) status_ = absl::InvalidArgumentError(absl::StrCat(where_, ": ", what));
  }

  const Json& object_;
  std::string where_;
  std::vector<std::string> asked_;
  absl::Status status_;
};

absl::StatusOr<InstructionRate> ReadRate(const Json& json, const std::string& where) {
  InstructionRate rate;
  ObjectReader reader(json, where);
  reader.Read("per_cycle", rate.per_cycle);
  reader.Read("latency", rate.latency);
  LATHE_RETURN_IF_ERROR(reader.Finish());
  return rate;
}

// Whether a level has the instruction whose rate stands under `key`.
bool IsInLevel(absl::string_view key, const CpuLevel& level) {
  if (key == "dot_int8") return level.Has("avx512_vnni");
  if (key == "dot_bf16") return level.Has("avx512_bf16");
  return true;
}

absl::StatusOr<CpuLevel> ReadLevel(const Json& json, const std::string& where) {
  CpuLevel level;
  ObjectReader reader(json, where);
  reader.Read("name", level.name);
  reader.Read("llvm_cpu", level.llvm_cpu);
  reader.ReadList("llvm_features", level.llvm_features);
  reader.ReadList("features", level.features);
  reader.Read("vector_bits", level.vector_bits);
  reader.Read("vector_registers", level.vector_registers);
  reader.Read("loads_per_cycle", level.loads_per_cycle);
  reader.Read("read_streams", level.read_streams);
  const std::pair<const char*, InstructionRate*> rates[] = {
      {"fma", &level.fma}, {"dot_int8", &level.dot_int8}, {"dot_bf16", &level.dot_bf16}};
  for (const auto& [key, rate] : rates) {
    const Json* member = IsInLevel(key, level) ? reader.Member(key) : nullptr;
    if (member == nullptr) continue;
    LATHE_ASSIGN_OR_RETURN(*rate, ReadRate(*member, absl::StrCat(where, ": ", key)));
  }
  LATHE_RETURN_IF_ERROR(reader.Finish());
  if (level.vector_bits != 256 && level.vector_bits != 512) {
    return absl::InvalidArgumentError(
        absl::StrCat(where, ": vector_bits is ", level.vector_bits, ", expected 256 or 512"));
  }
  return level;
}

absl::StatusOr<GpuSpec> ReadGpu(const Json& json, const std::string& where) {
  GpuSpec gpu;
  ObjectReader reader(json, where);
  reader.Read("arch", gpu.arch);
  reader.Read("ptx_version", gpu.ptx_version);
  reader.Read("warp_threads", gpu.warp_threads);
  reader.Read("multiprocessors", gpu.multiprocessors);
  reader.Read("shared_bytes_per_block", gpu.shared_bytes_per_block);
  reader.Read("registers_per_multiprocessor", gpu.registers_per_multiprocessor);
  reader.Read("memory_bytes_per_second", gpu.memory_bytes_per_second);
  reader.Read("bf16_flops", gpu.bf16_flops);
  LATHE_RETURN_IF_ERROR(reader.Finish());
  return gpu;
}

absl::Status ReadLevels(const Json& json, const std::string& where, std::vector<CpuLevel>& levels) {
  if (!json.is_array() || json.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(where, ": expected an array of levels"));
  }
  for (size_t i = 0; i < json.size(); ++i) {
    LATHE_ASSIGN_OR_RETURN(CpuLevel level, ReadLevel(json[i], absl::StrCat(where, "[", i, "]")));
    levels.push_back(std::move(level));
  }
  return absl::OkStatus();
}

}  // namespace

bool CpuLevel::Has(absl::string_view feature) const {
  return std::find(features.begin(), features.end(), feature) != features.end();
}

absl::StatusOr<Target> ParseTarget(absl::string_view json, absl::string_view origin) {
  Json root = Json::parse(json.begin(), json.end(), nullptr, /*allow_exceptions=*/false);
  std::string where(origin);
  if (root.is_discarded()) return absl::InvalidArgumentError(absl::StrCat(where, ": not JSON"));
  Target target;
  std::string kind;
  ObjectReader reader(root, where);
  reader.Read("name", target.name);
  reader.Read("kind", kind);
  if (kind == "cpu") {
    if (const Json* levels = reader.Member("levels")) {
      LATHE_RETURN_IF_ERROR(ReadLevels(*levels, absl::StrCat(where, ": levels"), target.levels));
    }
  } else if (kind == "cuda") {
    target.kind = TargetKind::kCuda;
    if (const Json* gpu = reader.Member("gpu")) {
      LATHE_ASSIGN_OR_RETURN(target.gpu, ReadGpu(*gpu, absl::StrCat(where, ": gpu")));
    }
  } else if (!kind.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(where, ": kind is ", Quoted(kind), ", expected \"cpu\" or \"cuda\""));
  }
  LATHE_RETURN_IF_ERROR(reader.Finish());
  return target;
}

std::vector<std::string> TargetNames() {
  std::vector<std::string> names;
  for (const char* spec : kTargetSpecs) {
    absl::StatusOr<Target> target = ParseTarget(spec, "built-in target");
    if (target.ok()) names.push_back(target->name);
  }
  return names;
}

absl::StatusOr<Target> FindTarget(absl::string_view name) {
  for (const char* spec : kTargetSpecs) {
    LATHE_ASSIGN_OR_RETURN(Target target, ParseTarget(spec, "built-in target"));
    if (target.name == std::string(name)) return target;
  }
  return absl::NotFoundError(absl::StrCat(
      "target ", Quoted(name), " is not known; known are: ", absl::StrJoin(TargetNames(), ", ")));
}

absl::StatusOr<CpuLevel> FindLevel(const Target& target, absl::string_view name) {
  std::vector<std::string> names;
  for (const CpuLevel& level : target.levels) {
    if (level.name == std::string(name)) return level;
    names.push_back(level.name);
  }
  return absl::NotFoundError(absl::StrCat("target ", target.name, " has no feature level ",
                                          Quoted(name), "; it has: ", absl::StrJoin(names, ", ")));
}

}  // namespace lathe
