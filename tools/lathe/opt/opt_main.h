// The body of `lathe opt`: reads a module in text or bytecode, runs the passes that its flags name,
// prints the module.
#pragma once

namespace lathe {

// The exit code: 0 done, 1 the input's fault. Flags are those of mlir-opt (--split-input-file,
// --verify-diagnostics, ...).
int OptMain(int argc, char** argv);

}  // namespace lathe
