#include "tools/lathe/inspect/tiles_in_force.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "compiler/passes/dispatch_paths.h"
#include "compiler/select/candidates.h"
#include "compiler/target/target.h"
#include "ops/core/dialect.h"
#include "runtime/base/status_macros.h"
#include "runtime/program/profile.h"
#include "tools/lathe/inspect/ir_text.h"

namespace lathe {
namespace {

struct Tiled {
  std::string path;
  MatmulTiling tiling;
};

TuningRule RuleOf(const std::string& dispatch, const std::string& level,
                  const MatmulTiling& tiling) {
  TuningRule rule;
  rule.dispatch = dispatch;
  rule.level = level;
  for (const TilingField& field : kTilingFields)
    rule.numbers[std::string(field.name)] = tiling.*field.number;
  return rule;
}

// The dispatches with a tile, by kind, kinds in the order of the program.
class KindTable {
 public:
  void Add(const std::string& path, const MatmulTiling& tiling) {
    const std::string kind = DispatchKind(path);
    const auto [it, is_new] = numbers_.emplace(kind, kinds_.size());
    if (is_new) kinds_.push_back({kind, {}});
    kinds_[it->second].second.push_back({path, tiling});
  }

  void AppendRules(const std::string& level, std::vector<TuningRule>& rules) const {
    for (const auto& [kind, members] : kinds_) {
      const bool are_equal = std::all_of(members.begin(), members.end(), [&](const Tiled& tiled) {
        return tiled.tiling == members.front().tiling;
      });
      if (are_equal) {
        rules.push_back(RuleOf(kind, level, members.front().tiling));
        continue;
      }
      for (const Tiled& tiled : members) rules.push_back(RuleOf(tiled.path, level, tiled.tiling));
    }
  }

 private:
  std::map<std::string, size_t> numbers_;
  std::vector<std::pair<std::string, std::vector<Tiled>>> kinds_;
};

}  // namespace

absl::StatusOr<std::map<std::string, DispatchTile>> TilesOfDispatch(const Artifact& artifact,
                                                                    const std::string& dispatch) {
  LATHE_ASSIGN_OR_RETURN(IrModule ir, ParseIr(artifact, "plan"));
  std::map<std::string, DispatchTile> tiles;
  for (const std::string& name : artifact.manifest().targets()) {
    LATHE_ASSIGN_OR_RETURN(Target target, FindTarget(name));
    absl::Status status;
    ir.module->walk([&](DispatchOp op) {
      const std::vector<std::string> paths = DispatchPaths(op);
      if (std::find(paths.begin(), paths.end(), dispatch) == paths.end()) return;
      absl::StatusOr<KernelChoice> choice = ChosenKernel(op, target);
      status.Update(choice.status());
      if (!choice.ok() || !choice->tiling) return;
      for (const CpuLevel& level : target.levels)
        tiles[level.name] = {choice->tiling(level), choice->tile_reasons(level)};
    });
    LATHE_RETURN_IF_ERROR(status);
  }
  return tiles;
}

absl::StatusOr<std::vector<TuningRule>> TilesInForce(const Artifact& artifact,
                                                     const std::string& level) {
  LATHE_ASSIGN_OR_RETURN(IrModule ir, ParseIr(artifact, "plan"));
  std::vector<TuningRule> rules;
  for (const std::string& name : artifact.manifest().targets()) {
    LATHE_ASSIGN_OR_RETURN(Target target, FindTarget(name));
    if (!level.empty()) LATHE_RETURN_IF_ERROR(FindLevel(target, level).status());
    std::map<std::string, KindTable> tables;  // by level
    absl::Status status;
    ir.module->walk([&](DispatchOp dispatch) {
      absl::StatusOr<KernelChoice> choice = ChosenKernel(dispatch, target);
      status.Update(choice.status());
      if (!choice.ok() || !choice->tiling) return;
      for (const std::string& path : DispatchPaths(dispatch)) {
        for (const CpuLevel& each : target.levels)
          tables[each.name].Add(path, choice->tiling(each));
      }
    });
    LATHE_RETURN_IF_ERROR(status);
    for (const CpuLevel& each : target.levels) {
      if (level.empty() || each.name == level) tables[each.name].AppendRules(each.name, rules);
    }
  }
  return rules;
}

}  // namespace lathe
