// Options of the address sanitizer, so that a fuzz program replays a finding when it is started by
// hand.
extern "C" const char* __asan_default_options();

// Abseil and protobuf come compiled without the sanitizer: containers that both sides change would
// look broken.
extern "C" const char* __asan_default_options() {
  return "allow_user_poisoning=0:detect_container_overflow=0";
}
