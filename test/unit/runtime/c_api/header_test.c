/* lathe.h as strict C99, and before every other header: the build of this file is the test. */
#include "runtime/c_api/lathe.h"

/* Called from lathe_test.cc, so that C and C++ agree on the sizes of structs. */
size_t lathe_test_size_in_c(int which);

size_t lathe_test_size_in_c(int which) {
  switch (which) {
    case 0:
      return sizeof(lathe_model_options);
    case 1:
      return sizeof(lathe_model_info);
    case 2:
      return sizeof(lathe_encode_options);
    case 3:
      return sizeof(lathe_chat_options);
    case 4:
      return sizeof(lathe_sampling);
    case 5:
      return sizeof(lathe_session_options);
    case 6:
      return sizeof(lathe_request);
    case 7:
      return sizeof(lathe_event);
    case 8:
      return sizeof(lathe_result);
    case 9:
      return sizeof(lathe_error);
    default:
      return 0;
  }
}
