/* Lathe's runtime for C and for languages that call C: artifacts in, tokens and text out.

     lathe_model* model = NULL;
     lathe_session* session = NULL;
     lathe_error error;
     if (lathe_model_open("m.lathe", NULL, &model, &error) != LATHE_OK) puts(error.text);

   Rules of every function:
   - It returns LATHE_OK or a code that says why not; `error`, which may be NULL, takes the words for
     people then. Bad input, NULL where something is needed among it, is such a code and changes
     nothing: no call ends the process or throws.
   - A struct that begins with struct_size has it set to sizeof the struct by the caller, also where the
     library fills the rest. New versions add fields at the end; 0 in each is what happened before
     them. A struct of options may be NULL: all of its fields are 0.
   - A list is written to `out` with room for `capacity` elements; its size goes to *count. With `out`
     NULL only the size is told; when the room is too small, it is LATHE_OUT_OF_RANGE and nothing is
     written. Texts are UTF-8; a NUL, not part of *count, is written behind them and needs room, too.
   - A model may be used by many threads at once. So may a session, whose calls wait for each other;
     only lathe_session_cancel waits for no step. Releasing an object is its last use by any thread.
     A model lives until it and its sessions are released, in any order. Releasing takes the
     pointer's address and sets it to NULL; a NULL is left alone. */
#ifndef LATHE_RUNTIME_C_API_LATHE_H_
#define LATHE_RUNTIME_C_API_LATHE_H_

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define LATHE_API __attribute__((visibility("default")))
#else
#define LATHE_API
#endif

/* Changes when a program that was built with an older header would not work any more. */
#define LATHE_ABI_VERSION 1

/* Of the library that runs: what lathe_abi_version() gives must be LATHE_ABI_VERSION of the header. */
LATHE_API int32_t lathe_abi_version(void);
LATHE_API const char* lathe_version(void); /* "0.1.0" */

typedef enum lathe_code {
  LATHE_OK = 0,
  LATHE_CANCELLED = 1,
  LATHE_UNKNOWN = 2,
  LATHE_INVALID_ARGUMENT = 3,
  LATHE_NOT_FOUND = 5,
  LATHE_PERMISSION_DENIED = 7,
  LATHE_RESOURCE_EXHAUSTED = 8, /* memory, pages */
  LATHE_FAILED_PRECONDITION = 9,
  LATHE_OUT_OF_RANGE = 11, /* too small a buffer */
  LATHE_UNIMPLEMENTED = 12,
  LATHE_INTERNAL = 13, /* a bug of ours */
  LATHE_UNAVAILABLE = 14,
  LATHE_DATA_LOSS = 15, /* a damaged file, logits that are no numbers */
  LATHE_CODE_LIMIT = 0x7fffffff /* no code: any int of a program may stand in the type */
} lathe_code;

/* "INVALID_ARGUMENT"; never NULL. */
LATHE_API const char* lathe_code_name(lathe_code code);

/* Belongs to the caller, who needs to clear or release nothing. Empty after LATHE_OK. */
typedef struct lathe_error {
  char text[1024]; /* ends with a NUL; longer words are cut at a character */
} lathe_error;

/* ---- Models: an artifact, its tokenizer and its chat template ---- */

typedef struct lathe_model lathe_model;

typedef struct lathe_model_options {
  size_t struct_size;
  int32_t verify; /* 1: every byte is checked first, as `lathe-run run --verify` does */
} lathe_model_options;

LATHE_API lathe_code lathe_model_open(const char* path, const lathe_model_options* options,
                                      lathe_model** model, lathe_error* error);
LATHE_API void lathe_model_release(lathe_model** model);

/* Texts live as long as the model. */
typedef struct lathe_model_info {
  size_t struct_size;
  const char* name;           /* of the folder that was compiled */
  const char* family;         /* of the architecture */
  const char* precision;      /* of the arithmetic: "bf16" */
  const char* weights;        /* how most of the weights' bytes are stored: "int4, groups of 32" */
  int64_t vocab_size;         /* ids of a row of logits */
  int64_t tokenizer_size;     /* ids from there on have no token */
  int64_t max_context;        /* tokens of a sequence */
  int64_t num_layers;         /* with keys and values */
  int64_t hidden_size;        /* 0: the artifact does not say */
  int32_t has_tokenizer;      /* else it reads and makes ids alone */
  int32_t has_chat_template;
  int32_t has_hidden_states;  /* compiled with --probes: hidden_layers may be asked for */
} lathe_model_info;

LATHE_API lathe_code lathe_model_get_info(const lathe_model* model, lathe_model_info* info,
                                          lathe_error* error);
/* All that the artifact says of itself but its programs: a JSON object. */
LATHE_API lathe_code lathe_model_describe(const lathe_model* model, char* out, size_t capacity,
                                          size_t* count, lathe_error* error);

/* How a text becomes ids. As it is, special tokens that are spelt in the text are these tokens. */
typedef struct lathe_encode_options {
  size_t struct_size;
  int32_t special_is_text; /* 1: their spelling is text: for text of people who are not trusted */
  int32_t add_template;    /* 1: with the ids that the tokenizer puts around a text */
} lathe_encode_options;

/* `text_bytes` bytes; those that are no UTF-8 become U+FFFD. */
LATHE_API lathe_code lathe_model_encode(const lathe_model* model, const char* text, size_t text_bytes,
                                        const lathe_encode_options* options, int32_t* out,
                                        size_t capacity, size_t* count, lathe_error* error);
/* `skip_special`: 1 leaves out special tokens. */
LATHE_API lathe_code lathe_model_decode(const lathe_model* model, const int32_t* ids, size_t num_ids,
                                        int32_t skip_special, char* out, size_t capacity,
                                        size_t* count, lathe_error* error);

typedef struct lathe_chat_options {
  size_t struct_size;
  const char* tools_json;     /* a list of tools, or NULL */
  const char* variables_json; /* an object for the template: {"enable_thinking": false}; or NULL */
  int32_t is_finished;        /* 1: no answer is asked for */
} lathe_chat_options;

/* `messages_json`: [{"role": "user", "content": "Hello"}]. As text, and as the prompt of a request. */
LATHE_API lathe_code lathe_model_render_chat(const lathe_model* model, const char* messages_json,
                                             const lathe_chat_options* options, char* out,
                                             size_t capacity, size_t* count, lathe_error* error);
LATHE_API lathe_code lathe_model_encode_chat(const lathe_model* model, const char* messages_json,
                                             const lathe_chat_options* options, int32_t* out,
                                             size_t capacity, size_t* count, lathe_error* error);

/* ---- Sampling: docs/sampling.md says what each field does ---- */

/* 0 switches a field off; all 0 is the likeliest token. */
typedef struct lathe_sampling {
  size_t struct_size;
  float temperature;
  float top_p;
  float min_p;
  float repetition_penalty;
  float frequency_penalty;
  float presence_penalty;
  int64_t top_k;
  int64_t min_tokens; /* before which no stop id and no stop text ends the text */
  uint64_t seed;
  int32_t num_logprobs; /* log-probabilities of each token and so many of the likeliest, up to 20 */
  int32_t reserved;     /* 0 */
  const int32_t* bias_ids; /* with bias_values, both of num_biases */
  const float* bias_values;
  size_t num_biases;
  const int32_t* allowed_ids; /* none: all */
  size_t num_allowed_ids;
  const int32_t* forbidden_ids;
  size_t num_forbidden_ids;
} lathe_sampling;

/* How the model was published to choose. */
LATHE_API lathe_code lathe_model_get_sampling(const lathe_model* model, lathe_sampling* sampling,
                                              lathe_error* error);

/* ---- Sessions: requests through a model, many at once ---- */

typedef struct lathe_session lathe_session;

typedef struct lathe_session_options {
  size_t struct_size;
  int64_t threads;       /* 0: all CPUs that the process may use */
  int64_t context;       /* tokens of a sequence; 0: all that the model was made for */
  int64_t max_sequences; /* running at once, more wait; 0: 16 */
  uint64_t cache_bytes;  /* for keys and values of all; 0: max_sequences full contexts */
  int64_t step_rows;     /* tokens that a step aims at; 0: 512 */
  const char* cpu_level; /* as --cpu-level of lathe-run; NULL: what the machine has */
} lathe_session_options;

LATHE_API lathe_code lathe_session_create(lathe_model* model, const lathe_session_options* options,
                                          lathe_session** session, lathe_error* error);
LATHE_API void lathe_session_release(lathe_session** session);

/* What it points to is copied. */
typedef struct lathe_request {
  size_t struct_size;
  const int32_t* prompt;
  size_t num_prompt;
  int64_t max_new_tokens;         /* 0: what the model was published with, else until the context ends */
  int32_t is_prompt_only;         /* 1: no new token */
  int32_t ignores_stop_ids;       /* 1: no id ends the text */
  const int32_t* stop_ids;        /* NULL: the model's own */
  size_t num_stop_ids;
  const char* const* stop_texts;  /* end the text where they come, and are no part of it */
  size_t num_stop_texts;
  const lathe_sampling* sampling; /* NULL: as the model was published, seed 0 */
  int32_t shows_special;          /* 1: special tokens are part of the text */
  int32_t keeps_token_logits;     /* 1: of the row that chose each token */
  int64_t num_prompt_logits;      /* kept of so many rows at the end of the prompt; -1: of all */
  const int64_t* hidden_layers;   /* whose inputs are kept of each row of the prompt, from 0; */
  size_t num_hidden_layers;       /* num_layers is what the last one gives */
} lathe_request;

/* Queues a request; *request numbers it in this session, from 1. */
LATHE_API lathe_code lathe_session_submit(lathe_session* session, const lathe_request* asked,
                                          int64_t* request, lathe_error* error);

/* Runs one step of all that run, admitting what waits; *has_more is 0 when nothing was left to do. When
   the step itself fails, so do the requests in it; the session goes on with others. */
LATHE_API lathe_code lathe_session_step(lathe_session* session, int32_t* has_more, lathe_error* error);

typedef enum lathe_event_kind {
  LATHE_EVENT_NONE = 0, /* nothing happened since */
  LATHE_EVENT_TOKEN = 1,
  LATHE_EVENT_END = 2
} lathe_event_kind;

typedef enum lathe_finish {
  LATHE_FINISH_NONE = 0,
  LATHE_FINISH_STOP_ID = 1,
  LATHE_FINISH_STOP_TEXT = 2,
  LATHE_FINISH_LENGTH = 3,  /* max_new_tokens were made */
  LATHE_FINISH_CONTEXT = 4, /* the context is full */
  LATHE_FINISH_CANCELLED = 5,
  LATHE_FINISH_FAILED = 6 /* lathe_session_get_result says why */
} lathe_finish;

typedef struct lathe_event {
  size_t struct_size;
  int64_t request;
  lathe_event_kind kind;
  lathe_finish finish; /* of END */
  int32_t token;       /* of TOKEN */
  int32_t reserved;
  const char* text;    /* what is known to follow: whole characters, perhaps none; ends with a NUL */
  size_t text_bytes;   /* of them; valid until the session's next poll */
} lathe_event;

/* The oldest event that was not read yet. All texts of a request, that of END too, are its answer. */
LATHE_API lathe_code lathe_session_poll(lathe_session* session, lathe_event* event,
                                        lathe_error* error);

/* The next step ends the request; one that has ended stays as it is. */
LATHE_API lathe_code lathe_session_cancel(lathe_session* session, int64_t request,
                                          lathe_error* error);
/* Drops all that is known of a request, cancelling it first; unknown numbers are left alone. */
LATHE_API lathe_code lathe_session_forget(lathe_session* session, int64_t request,
                                          lathe_error* error);

typedef struct lathe_result {
  size_t struct_size;
  lathe_finish finish;
  int32_t stop_id; /* that ended the text, or -1 */
  int64_t num_prompt;
  int64_t num_reused; /* tokens of the prompt that had been computed before */
  int64_t num_tokens; /* new ones, without the stop id */
  double first_token_seconds; /* from submission; 0 without a token */
  double other_tokens_seconds; /* from the first token to the last */
} lathe_result;

/* Of a request that has ended, LATHE_FAILED_PRECONDITION before. For one that failed: its failure. */
LATHE_API lathe_code lathe_session_get_result(lathe_session* session, int64_t request,
                                              lathe_result* result, lathe_error* error);
/* So far, also while it runs. */
LATHE_API lathe_code lathe_session_get_tokens(lathe_session* session, int64_t request, int32_t* out,
                                              size_t capacity, size_t* count, lathe_error* error);
LATHE_API lathe_code lathe_session_get_text(lathe_session* session, int64_t request, char* out,
                                            size_t capacity, size_t* count, lathe_error* error);

typedef struct lathe_logprob {
  int32_t id;
  float value;
} lathe_logprob;

/* Of new token number `index` of a request that has ended: itself, then the likeliest, likeliest first. */
LATHE_API lathe_code lathe_session_get_logprobs(lathe_session* session, int64_t request, size_t index,
                                                lathe_logprob* out, size_t capacity, size_t* count,
                                                lathe_error* error);

/* What a request asked to keep, f32, row after row; of one that was cancelled, what there was by then.
   Like a result, only of a request that has ended. [rows, vocab_size] and [new tokens, vocab_size] */
LATHE_API lathe_code lathe_session_get_prompt_logits(lathe_session* session, int64_t request,
                                                     float* out, size_t capacity, size_t* count,
                                                     lathe_error* error);
LATHE_API lathe_code lathe_session_get_token_logits(lathe_session* session, int64_t request,
                                                    float* out, size_t capacity, size_t* count,
                                                    lathe_error* error);
/* [rows of the prompt, hidden size] of one of hidden_layers. */
LATHE_API lathe_code lathe_session_get_hidden(lathe_session* session, int64_t request, int64_t layer,
                                              float* out, size_t capacity, size_t* count,
                                              lathe_error* error);

#ifdef __cplusplus
}
#endif

#endif /* LATHE_RUNTIME_C_API_LATHE_H_ */
