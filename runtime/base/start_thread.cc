// The one file of this library that is compiled with exceptions, so that one can be caught.
#include "runtime/base/start_thread.h"

#include <exception>
#include <utility>

namespace lathe {

bool StartThread(std::vector<std::thread>& threads, std::function<void()> body) {
  try {
    threads.reserve(threads.size() + 1);
    threads.emplace_back(std::move(body));
  } catch (const std::exception&) {  // std::system_error, std::bad_alloc
    return false;
  }
  return true;
}

}  // namespace lathe
