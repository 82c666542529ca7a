// Tuning: tiles that are forced by rules instead of chosen by the description of the machine.
//   passes.addPass(CreateApplyTuningPass(rules, targets, [&](const TuningReport& r) { report = r;
//   }));
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "mlir/Pass/Pass.h"

namespace lathe {

// What a rule leaves out stays as it is. Where two rules meet, the later one wins.
struct TuningRule {
  std::string dispatch = "*";  // glob over paths in the model: "model.layers.*.mlp.down_proj"
  std::string kernel = "*";    // glob over kernel keys: "matmul k=3072 *"
  std::string level;           // "x86-64-v4"
  std::map<std::string, int64_t> numbers;  // by the names of kTilingFields
};

struct TuningReport {
  size_t num_rules = 0;
  int64_t num_dispatches = 0;  // that a rule took hold of, those of all layers counted
  struct UnusedRule {
    size_t number = 0;    // from 1
    std::string nearest;  // path of a dispatch with a tile; "" when none is near
  };
  std::vector<UnusedRule> unused;
};

// "tuning: 3 of 4 rules used, 57 dispatches; rule 4 matched nothing".
std::string ReportText(const TuningReport& report);

// The end of phase select: sets the attribute tiles of the dispatches that rules name. Errors name
// the rule: an unknown level or number, a tile that does not fit the registers, a glob that names
// some layers of those that share one body. `on_report` is called when all rules were applied.
std::unique_ptr<mlir::Pass> CreateApplyTuningPass(
    std::vector<TuningRule> rules, std::vector<std::string> targets,
    std::function<void(const TuningReport&)> on_report);

}  // namespace lathe
