# Tests of the tools on small IR: each file names its command lines in RUN, and what they must print beside the input.
import os

import lit.formats

config.name = "lathe"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.lathe_binary_dir, "test", "lit")
config.environment["PATH"] = os.pathsep.join(
    [os.path.join(config.lathe_binary_dir, "bin"), config.llvm_tools_dir, os.environ["PATH"]])
config.substitutions.append(("lathe-opt", "lathe opt"))
