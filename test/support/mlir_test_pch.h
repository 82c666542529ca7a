// What test programs with MLIR include, precompiled once (target lathe_mlir_test_pch). Not to be
// included.
#pragma once

#include "ops/core/mlir_pch.h"
#include "test/support/test_pch.h"
