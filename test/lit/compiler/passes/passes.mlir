// Every pass of the compiler is known by its flag.
// RUN: lathe-opt --help | FileCheck %s

// CHECK-DAG: --lathe-choose-storage -
// CHECK-DAG: --precision=<string>
// CHECK-DAG: --lathe-form-dispatches -
// CHECK-DAG: --lathe-inline-layers -
// CHECK-DAG: --lathe-normalize-graph -
// CHECK-DAG: --lathe-place-on-mesh -
