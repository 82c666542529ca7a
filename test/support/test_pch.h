// What test programs without MLIR include, precompiled once (target lathe_test_pch). Not to be
// included.
#pragma once

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "runtime/base/pch.h"
#include "test/support/data.h"
#include "test/support/status_matchers.h"
