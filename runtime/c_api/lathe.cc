// The functions of lathe.h: each checks what it is given and calls the C++ behind it.
#include "runtime/c_api/lathe.h"

#include <memory>
#include <utility>

#include "runtime/base/status_macros.h"
#include "runtime/base/version.h"
#include "runtime/c_api/border.h"
#include "runtime/c_api/model.h"
#include "runtime/c_api/session.h"

struct lathe_model {
  std::shared_ptr<const lathe::c_api::Model> model;
};

struct lathe_session {
  std::unique_ptr<lathe::c_api::Session> session;
};

namespace lathe::c_api {
namespace {

absl::Status CheckList(const void* list, size_t size, absl::string_view name) {
  return ReadList(static_cast<const char*>(list), size, SIZE_MAX, name).status();
}

absl::Status OpenModel(const char* path, const lathe_model_options* options, lathe_model** model) {
  LATHE_RETURN_IF_ERROR(CheckGiven(path, "path"));
  LATHE_RETURN_IF_ERROR(CheckGiven(model, "model"));
  LATHE_ASSIGN_OR_RETURN(const lathe_model_options read,
                         ReadStruct(options, "lathe_model_options"));
  LATHE_ASSIGN_OR_RETURN(std::shared_ptr<const Model> opened, Model::Open(path, read));
  *model = new lathe_model{std::move(opened)};
  return absl::OkStatus();
}

absl::Status Encode(const lathe_model* model, const char* text, size_t text_bytes,
                    const lathe_encode_options* options, int32_t* out, size_t capacity,
                    size_t* count) {
  LATHE_RETURN_IF_ERROR(CheckGiven(model, "model"));
  LATHE_RETURN_IF_ERROR(CheckList(text, text_bytes, "text"));
  LATHE_ASSIGN_OR_RETURN(const lathe_encode_options read,
                         ReadStruct(options, "lathe_encode_options"));
  LATHE_ASSIGN_OR_RETURN(const std::vector<int32_t> ids,
                         model->model->Encode({text, text_bytes}, read));
  return WriteList<int32_t>(ids, out, capacity, count);
}

absl::Status Decode(const lathe_model* model, const int32_t* ids, size_t num_ids,
                    int32_t skip_special, char* out, size_t capacity, size_t* count) {
  LATHE_RETURN_IF_ERROR(CheckGiven(model, "model"));
  LATHE_RETURN_IF_ERROR(CheckList(ids, num_ids, "ids"));
  LATHE_ASSIGN_OR_RETURN(const Tokenizer* tokenizer, model->model->tokenizer());
  return WriteText(tokenizer->Decode({ids, num_ids}, {.skip_special = skip_special != 0}), out,
                   capacity, count);
}

absl::StatusOr<lathe_chat_options> ReadChat(const lathe_model* model, const char* messages_json,
                                            const lathe_chat_options* options) {
  LATHE_RETURN_IF_ERROR(CheckGiven(model, "model"));
  LATHE_RETURN_IF_ERROR(CheckGiven(messages_json, "messages_json"));
  return ReadStruct(options, "lathe_chat_options");
}

absl::Status RenderChat(const lathe_model* model, const char* messages_json,
                        const lathe_chat_options* options, char* out, size_t capacity,
                        size_t* count) {
  LATHE_ASSIGN_OR_RETURN(const lathe_chat_options read, ReadChat(model, messages_json, options));
  LATHE_ASSIGN_OR_RETURN(const std::string text, model->model->RenderChat(messages_json, read));
  return WriteText(text, out, capacity, count);
}

absl::Status EncodeChat(const lathe_model* model, const char* messages_json,
                        const lathe_chat_options* options, int32_t* out, size_t capacity,
                        size_t* count) {
  LATHE_ASSIGN_OR_RETURN(const lathe_chat_options read, ReadChat(model, messages_json, options));
  LATHE_ASSIGN_OR_RETURN(const std::vector<int32_t> ids,
                         model->model->EncodeChat(messages_json, read));
  return WriteList<int32_t>(ids, out, capacity, count);
}

absl::Status CreateSession(const lathe_model* model, const lathe_session_options* options,
                           lathe_session** session) {
  LATHE_RETURN_IF_ERROR(CheckGiven(model, "model"));
  LATHE_RETURN_IF_ERROR(CheckGiven(session, "session"));
  LATHE_ASSIGN_OR_RETURN(const lathe_session_options read,
                         ReadStruct(options, "lathe_session_options"));
  LATHE_ASSIGN_OR_RETURN(std::unique_ptr<Session> created, Session::Create(model->model, read));
  *session = new lathe_session{std::move(created)};
  return absl::OkStatus();
}

absl::Status Submit(lathe_session* session, const lathe_request* asked, int64_t* request) {
  LATHE_RETURN_IF_ERROR(CheckGiven(session, "session"));
  LATHE_RETURN_IF_ERROR(CheckGiven(request, "request"));
  LATHE_ASSIGN_OR_RETURN(*request, session->session->Submit(asked));
  return absl::OkStatus();
}

absl::Status Step(lathe_session* session, int32_t* has_more) {
  LATHE_RETURN_IF_ERROR(CheckGiven(session, "session"));
  LATHE_RETURN_IF_ERROR(CheckGiven(has_more, "has_more"));
  LATHE_ASSIGN_OR_RETURN(const bool more, session->session->Step());
  *has_more = more ? 1 : 0;
  return absl::OkStatus();
}

// An event is taken only when it can be handed out.
absl::Status Poll(lathe_session* session, lathe_event* event) {
  LATHE_RETURN_IF_ERROR(CheckGiven(session, "session"));
  LATHE_RETURN_IF_ERROR(CheckGiven(event, "lathe_event"));
  LATHE_RETURN_IF_ERROR(CheckStructSize(event->struct_size, sizeof(lathe_event), "lathe_event"));
  return WriteStruct(session->session->Poll(), event, "lathe_event");
}

absl::Status Read(lathe_session* session, int64_t request,
                  absl::FunctionRef<absl::Status(const Answer&)> read) {
  LATHE_RETURN_IF_ERROR(CheckGiven(session, "session"));
  return session->session->Read(request, read);
}

absl::Status WriteKept(const absl::StatusOr<absl::Span<const float>>& kept, float* out,
                       size_t capacity, size_t* count) {
  LATHE_RETURN_IF_ERROR(kept.status());
  return WriteList(*kept, out, capacity, count);
}

}  // namespace
}  // namespace lathe::c_api

using namespace lathe::c_api;  // NOLINT(google-build-using-namespace): all below is outside of it

int32_t lathe_abi_version(void) { return LATHE_ABI_VERSION; }

const char* lathe_version(void) { return lathe::LatheVersion(); }

const char* lathe_code_name(lathe_code code) { return CodeName(code); }

lathe_code lathe_model_open(const char* path, const lathe_model_options* options,
                            lathe_model** model, lathe_error* error) {
  return Report(OpenModel(path, options, model), error);
}

void lathe_model_release(lathe_model** model) {
  if (model == nullptr) return;
  delete std::exchange(*model, nullptr);
}

lathe_code lathe_model_get_info(const lathe_model* model, lathe_model_info* info,
                                lathe_error* error) {
  const absl::Status given = CheckGiven(model, "model");
  if (!given.ok()) return Report(given, error);
  return Report(WriteStruct(model->model->Info(), info, "lathe_model_info"), error);
}

lathe_code lathe_model_describe(const lathe_model* model, char* out, size_t capacity, size_t* count,
                                lathe_error* error) {
  const absl::Status given = CheckGiven(model, "model");
  if (!given.ok()) return Report(given, error);
  return Report(WriteText(model->model->Describe(), out, capacity, count), error);
}

lathe_code lathe_model_encode(const lathe_model* model, const char* text, size_t text_bytes,
                              const lathe_encode_options* options, int32_t* out, size_t capacity,
                              size_t* count, lathe_error* error) {
  return Report(Encode(model, text, text_bytes, options, out, capacity, count), error);
}

lathe_code lathe_model_decode(const lathe_model* model, const int32_t* ids, size_t num_ids,
                              int32_t skip_special, char* out, size_t capacity, size_t* count,
                              lathe_error* error) {
  return Report(Decode(model, ids, num_ids, skip_special, out, capacity, count), error);
}

lathe_code lathe_model_render_chat(const lathe_model* model, const char* messages_json,
                                   const lathe_chat_options* options, char* out, size_t capacity,
                                   size_t* count, lathe_error* error) {
  return Report(RenderChat(model, messages_json, options, out, capacity, count), error);
}

lathe_code lathe_model_encode_chat(const lathe_model* model, const char* messages_json,
                                   const lathe_chat_options* options, int32_t* out, size_t capacity,
                                   size_t* count, lathe_error* error) {
  return Report(EncodeChat(model, messages_json, options, out, capacity, count), error);
}

lathe_code lathe_model_get_sampling(const lathe_model* model, lathe_sampling* sampling,
                                    lathe_error* error) {
  const absl::Status given = CheckGiven(model, "model");
  if (!given.ok()) return Report(given, error);
  return Report(WriteStruct(model->model->Sampling(), sampling, "lathe_sampling"), error);
}

lathe_code lathe_session_create(lathe_model* model, const lathe_session_options* options,
                                lathe_session** session, lathe_error* error) {
  return Report(CreateSession(model, options, session), error);
}

void lathe_session_release(lathe_session** session) {
  if (session == nullptr) return;
  delete std::exchange(*session, nullptr);
}

lathe_code lathe_session_submit(lathe_session* session, const lathe_request* asked,
                                int64_t* request, lathe_error* error) {
  return Report(Submit(session, asked, request), error);
}

lathe_code lathe_session_step(lathe_session* session, int32_t* has_more, lathe_error* error) {
  return Report(Step(session, has_more), error);
}

lathe_code lathe_session_poll(lathe_session* session, lathe_event* event, lathe_error* error) {
  return Report(Poll(session, event), error);
}

lathe_code lathe_session_cancel(lathe_session* session, int64_t request, lathe_error* error) {
  const absl::Status given = CheckGiven(session, "session");
  return Report(given.ok() ? session->session->Cancel(request) : given, error);
}

lathe_code lathe_session_forget(lathe_session* session, int64_t request, lathe_error* error) {
  const absl::Status given = CheckGiven(session, "session");
  if (given.ok()) session->session->Forget(request);
  return Report(given, error);
}

lathe_code lathe_session_get_result(lathe_session* session, int64_t request, lathe_result* result,
                                    lathe_error* error) {
  auto read = [result](const Answer& answer) -> absl::Status {
    LATHE_ASSIGN_OR_RETURN(const lathe_result summary, answer.Summary());
    return WriteStruct(summary, result, "lathe_result");
  };
  return Report(Read(session, request, read), error);
}

lathe_code lathe_session_get_tokens(lathe_session* session, int64_t request, int32_t* out,
                                    size_t capacity, size_t* count, lathe_error* error) {
  auto read = [=](const Answer& answer) {
    return WriteList<int32_t>(answer.tokens(), out, capacity, count);
  };
  return Report(Read(session, request, read), error);
}

lathe_code lathe_session_get_text(lathe_session* session, int64_t request, char* out,
                                  size_t capacity, size_t* count, lathe_error* error) {
  auto read = [=](const Answer& answer) { return WriteText(answer.text(), out, capacity, count); };
  return Report(Read(session, request, read), error);
}

lathe_code lathe_session_get_logprobs(lathe_session* session, int64_t request, size_t index,
                                      lathe_logprob* out, size_t capacity, size_t* count,
                                      lathe_error* error) {
  auto read = [=](const Answer& answer) -> absl::Status {
    LATHE_ASSIGN_OR_RETURN(const std::vector<lathe_logprob> list, answer.Logprobs(index));
    return WriteList<lathe_logprob>(list, out, capacity, count);
  };
  return Report(Read(session, request, read), error);
}

lathe_code lathe_session_get_prompt_logits(lathe_session* session, int64_t request, float* out,
                                           size_t capacity, size_t* count, lathe_error* error) {
  auto read = [=](const Answer& answer) {
    return WriteKept(answer.PromptLogits(), out, capacity, count);
  };
  return Report(Read(session, request, read), error);
}

lathe_code lathe_session_get_token_logits(lathe_session* session, int64_t request, float* out,
                                          size_t capacity, size_t* count, lathe_error* error) {
  auto read = [=](const Answer& answer) {
    return WriteKept(answer.TokenLogits(), out, capacity, count);
  };
  return Report(Read(session, request, read), error);
}

lathe_code lathe_session_get_hidden(lathe_session* session, int64_t request, int64_t layer,
                                    float* out, size_t capacity, size_t* count,
                                    lathe_error* error) {
  auto read = [=](const Answer& answer) {
    return WriteKept(answer.Hidden(layer), out, capacity, count);
  };
  return Report(Read(session, request, read), error);
}
