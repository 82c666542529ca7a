/* Asks a model one question through lathe.h and prints the answer as it comes.

     cc -std=c99 ask.c -llathe -o ask && ./ask m.lathe "What is 393 + 835?" 100

   The last argument bounds the answer's tokens. Words about the answer, and its ids, go to stderr.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/c_api/lathe.h"

static int Fail(const char* what, lathe_code code, const lathe_error* error) {
  fprintf(stderr, "ask: %s: %s: %s\n", what, lathe_code_name(code), error->text);
  return 1;
}

/* {"role": "user", "content": QUESTION} in a list; NULL without memory. */
static char* MessagesJson(const char* question) {
  static const char kHead[] = "[{\"role\": \"user\", \"content\": \"";
  static const char kTail[] = "\"}]";
  char* json = malloc(sizeof(kHead) + 6 * strlen(question) + sizeof(kTail));
  char* out = json;
  if (json == NULL) return NULL;
  out += sprintf(out, "%s", kHead);
  for (; *question != '\0'; ++question) {
    const unsigned char byte = (unsigned char)*question;
    if (byte < 0x20 || byte == '"' || byte == '\\') {
      out += sprintf(out, "\\u%04x", byte);
    } else {
      *out++ = *question;
    }
  }
  sprintf(out, "%s", kTail);
  return json;
}

/* The ids of the question in the model's chat template; the caller frees them. First the size is
   asked for, then the list: the way of every list of lathe.h. */
static lathe_code Prompt(const lathe_model* model, const char* question, int32_t** ids,
                         size_t* count, lathe_error* error) {
  char* messages = MessagesJson(question);
  lathe_code code = LATHE_RESOURCE_EXHAUSTED;
  *ids = NULL;
  strcpy(error->text, "no memory");
  if (messages == NULL) return code;
  code = lathe_model_encode_chat(model, messages, NULL, NULL, 0, count, error);
  if (code == LATHE_OK) {
    *ids = malloc((*count + 1) * sizeof(**ids));
    if (*ids == NULL) {
      code = LATHE_RESOURCE_EXHAUSTED;
      strcpy(error->text, "no memory");
    } else {
      code = lathe_model_encode_chat(model, messages, NULL, *ids, *count, count, error);
    }
  }
  free(messages);
  return code;
}

/* Steps until the request has ended, printing its text; its ids go to stderr. */
static lathe_code PrintAnswer(lathe_session* session, lathe_error* error) {
  lathe_event event = {0};
  event.struct_size = sizeof(event);
  fputs("ids:", stderr);
  while (event.kind != LATHE_EVENT_END) {
    int32_t has_more = 0;
    lathe_code code = lathe_session_step(session, &has_more, error);
    if (code != LATHE_OK) return code;
    do {
      code = lathe_session_poll(session, &event, error);
      if (code != LATHE_OK) return code;
      if (event.kind == LATHE_EVENT_TOKEN) fprintf(stderr, " %" PRId32, event.token);
      if (event.text_bytes > 0) {
        fwrite(event.text, 1, event.text_bytes, stdout);
        fflush(stdout);
      }
    } while (event.kind == LATHE_EVENT_TOKEN);
  }
  puts("");
  fputs("\n", stderr);
  return LATHE_OK;
}

static lathe_code Ask(lathe_session* session, const int32_t* prompt, size_t num_prompt,
                      int64_t max_new_tokens, lathe_error* error) {
  lathe_request asked = {0};
  lathe_result result = {0};
  int64_t request = 0;
  lathe_code code;
  asked.struct_size = sizeof(asked);
  asked.prompt = prompt;
  asked.num_prompt = num_prompt;
  asked.max_new_tokens = max_new_tokens;
  code = lathe_session_submit(session, &asked, &request, error);
  if (code == LATHE_OK) code = PrintAnswer(session, error);
  result.struct_size = sizeof(result);
  if (code == LATHE_OK) code = lathe_session_get_result(session, request, &result, error);
  if (code != LATHE_OK) return code;
  fprintf(stderr, "%" PRId64 " prompt tokens, %" PRId64 " new ones, the first after %.1f ms\n",
          result.num_prompt, result.num_tokens, 1e3 * result.first_token_seconds);
  return LATHE_OK;
}

int main(int argc, char** argv) {
  lathe_model* model = NULL;
  lathe_session* session = NULL;
  lathe_error error = {""};
  int32_t* prompt = NULL;
  size_t num_prompt = 0;
  lathe_code code;
  int status = 0;
  if (argc != 3 && argc != 4) {
    fputs("use: ask ARTIFACT QUESTION [MAX_NEW_TOKENS]\n", stderr);
    return 2;
  }
  if (lathe_abi_version() != LATHE_ABI_VERSION) {
    fputs("ask: liblathe.so has another ABI than lathe.h\n", stderr);
    return 2;
  }
  code = lathe_model_open(argv[1], NULL, &model, &error);
  if (code == LATHE_OK) code = Prompt(model, argv[2], &prompt, &num_prompt, &error);
  if (code == LATHE_OK) code = lathe_session_create(model, NULL, &session, &error);
  if (code == LATHE_OK)
    code = Ask(session, prompt, num_prompt, argc == 4 ? strtoll(argv[3], NULL, 10) : 0, &error);
  if (code != LATHE_OK) status = Fail(argv[1], code, &error);
  free(prompt);
  lathe_session_release(&session);
  lathe_model_release(&model);
  return status;
}
