// The cost of a dispatch: that of its ops, less what they pass to each other without memory and
// what several of them read.
#pragma once

#include "ops/core/dialect.h"

namespace lathe {

OpCost DispatchCost(DispatchOp dispatch);

}  // namespace lathe
