// Preloaded into a program: every read and write moves few bytes, and every third is interrupted,
// as POSIX allows of any of them.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stddef.h>
#include <sys/types.h>

enum { kMost = 37 };

static int Interrupts(void) {
  static __thread unsigned count;
  if (++count % 3 != 0) return 0;
  errno = EINTR;
  return 1;
}

static size_t Shorter(size_t size) { return size < kMost ? size : kMost; }

ssize_t read(int fd, void* to, size_t size) {
  static ssize_t (*next)(int, void*, size_t);
  if (!next) next = (ssize_t(*)(int, void*, size_t))dlsym(RTLD_NEXT, "read");
  return Interrupts() ? -1 : next(fd, to, Shorter(size));
}

ssize_t write(int fd, const void* from, size_t size) {
  static ssize_t (*next)(int, const void*, size_t);
  if (!next) next = (ssize_t(*)(int, const void*, size_t))dlsym(RTLD_NEXT, "write");
  return Interrupts() ? -1 : next(fd, from, Shorter(size));
}

// The large writes of artifacts: the same, but of more bytes, or a test would take minutes.
ssize_t pwrite64(int fd, const void* from, size_t size, off64_t offset) {
  static ssize_t (*next)(int, const void*, size_t, off64_t);
  if (!next) next = (ssize_t(*)(int, const void*, size_t, off64_t))dlsym(RTLD_NEXT, "pwrite64");
  return Interrupts() ? -1 : next(fd, from, size < 4099 ? size : 4099, offset);
}

ssize_t pwrite(int fd, const void* from, size_t size, off_t offset) {
  return pwrite64(fd, from, size, offset);
}
