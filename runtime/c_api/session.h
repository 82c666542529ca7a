// Requests of C through a generator: what each has come to, events in the order in which they
// happened, one lock around all.
//   LATHE_ASSIGN_OR_RETURN(std::unique_ptr<Session> session, Session::Create(model, options));
//   LATHE_ASSIGN_OR_RETURN(int64_t request, session->Submit(&asked));
//   LATHE_ASSIGN_OR_RETURN(bool has_more, session->Step());
//   lathe_event event = session->Poll();
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "runtime/c_api/answer.h"
#include "runtime/c_api/lathe.h"
#include "runtime/c_api/model.h"
#include "runtime/device/cpu/cpu_device.h"
#include "runtime/generate/generator.h"

namespace lathe::c_api {

class Session {
 public:
  // Errors: those of the device, the program and the generator; ResourceExhausted when
  // `cache_bytes` is too little.
  static absl::StatusOr<std::unique_ptr<Session>> Create(std::shared_ptr<const Model> model,
                                                         const lathe_session_options& options);

  // All methods may be called from several threads; Cancel waits for no other but itself.
  absl::StatusOr<int64_t> Submit(const lathe_request* asked);
  absl::StatusOr<bool> Step();
  // Its text is valid until the next call.
  lathe_event Poll();
  // NotFound for a number that was never given or is forgotten.
  absl::Status Cancel(int64_t request);
  void Forget(int64_t request);
  // Calls `read` with what the request has come to; NotFound as Cancel.
  absl::Status Read(int64_t request, absl::FunctionRef<absl::Status(const Answer&)> read);

 private:
  struct Event {
    int64_t request = 0;
    lathe_event_kind kind = LATHE_EVENT_NONE;
    lathe_finish finish = LATHE_FINISH_NONE;
    int32_t token = 0;
    std::string text = {};
  };

  Session(std::shared_ptr<const Model> model, std::unique_ptr<CpuDevice> device,
          Generator generator);
  AfterToken Take(int64_t request, int32_t token);
  void CancelAsked();
  void TakeResults();

  const std::shared_ptr<const Model> model_;
  std::unique_ptr<CpuDevice> device_;  // of the generator's program

  std::mutex mutex_;
  Generator generator_;
  int64_t next_request_ = 1;
  std::map<int64_t, Answer> answers_;   // by the number that the caller knows
  std::map<int64_t, int64_t> running_;  // that number -> the generator's, until its result is taken
  std::deque<Event> events_;
  Event shown_;  // the one that Poll gave last

  std::mutex cancel_mutex_;   // taken last, never held during a step
  std::set<int64_t> known_;   // keys of answers_
  std::set<int64_t> cancel_;  // to be cancelled by the next step
};

}  // namespace lathe::c_api
