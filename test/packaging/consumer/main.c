/* Opens the artifact that it is given and says with which library. */
#include <lathe.h>
#include <stdio.h>

int main(int argc, char** argv) {
  lathe_model* model = NULL;
  lathe_error error;
  if (argc != 2 || lathe_abi_version() != LATHE_ABI_VERSION) return 2;
  if (lathe_model_open(argv[1], NULL, &model, &error) != LATHE_OK) {
    fprintf(stderr, "%s\n", error.text);
    return 1;
  }
  lathe_model_release(&model);
  printf("opened by lathe %s\n", lathe_version());
  return 0;
}
