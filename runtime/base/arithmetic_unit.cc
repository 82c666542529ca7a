#include "runtime/base/arithmetic_unit.h"

namespace lathe {
namespace {

struct UnitInfo {
  absl::string_view name;
  absl::string_view rate;
  absl::string_view instruction;
};

const UnitInfo& InfoOf(ArithmeticUnit unit) {
  static constexpr UnitInfo kInfos[kNumArithmeticUnits] = {{"fma f32", "GFLOP/s", "vfmadd231ps"},
                                                           {"dot int8", "GOP/s", "vpdpbusd"},
                                                           {"dot bf16", "GFLOP/s", "vdpbf16ps"},
                                                           {"fma f16", "GFLOP/s", "vfmadd231ph"}};
  return kInfos[static_cast<size_t>(unit)];
}

}  // namespace

absl::string_view UnitName(ArithmeticUnit unit) { return InfoOf(unit).name; }

absl::string_view UnitRate(ArithmeticUnit unit) { return InfoOf(unit).rate; }

absl::string_view UnitInstruction(ArithmeticUnit unit) { return InfoOf(unit).instruction; }

}  // namespace lathe
