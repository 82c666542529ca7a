// lathe-opt: `lathe opt` as a program of its own, small enough to be rebuilt with every change of
// the dialect.
#include "tools/lathe/opt/opt_main.h"

int main(int argc, char** argv) { return lathe::OptMain(argc, argv); }
