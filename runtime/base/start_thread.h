// Starts threads where the system may have none left: std::thread throws then, and nobody in this
// program catches.
//   if (!StartThread(threads, [&] { Work(); })) ... threads holds those that run
#pragma once

#include <functional>
#include <thread>
#include <vector>

namespace lathe {

// Adds a thread that runs `body`. False where the system starts no more (a limit of processes, of
// memory): `threads` is then as it was.
bool StartThread(std::vector<std::thread>& threads, std::function<void()> body);

}  // namespace lathe
