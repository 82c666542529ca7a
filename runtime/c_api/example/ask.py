"""Asks a model one question through liblathe.so, with nothing but the standard library.

    LATHE_LIBRARY=liblathe.so.1 python3 ask.py m.lathe "What is 393 + 835?" 100
"""
import ctypes, json, os, sys

size_t, i32, i64, text, ids_t = (ctypes.c_size_t, ctypes.c_int32, ctypes.c_int64, ctypes.c_char_p,
                                 ctypes.POINTER(ctypes.c_int32))


class Error(ctypes.Structure):
    _fields_ = [("text", ctypes.c_char * 1024)]


class Request(ctypes.Structure):
    _fields_ = [("struct_size", size_t), ("prompt", ids_t), ("num_prompt", size_t),
                ("max_new_tokens", i64), ("is_prompt_only", i32), ("ignores_stop_ids", i32),
                ("stop_ids", ids_t), ("num_stop_ids", size_t), ("stop_texts", ctypes.POINTER(text)),
                ("num_stop_texts", size_t), ("sampling", ctypes.c_void_p), ("shows_special", i32),
                ("keeps_token_logits", i32), ("num_prompt_logits", i64),
                ("hidden_layers", ctypes.POINTER(i64)), ("num_hidden_layers", size_t)]


class Event(ctypes.Structure):
    _fields_ = [("struct_size", size_t), ("request", i64), ("kind", ctypes.c_int),
                ("finish", ctypes.c_int), ("token", i32), ("reserved", i32), ("text", text),
                ("text_bytes", size_t)]


lathe = ctypes.CDLL(os.environ.get("LATHE_LIBRARY", "liblathe.so.1"))


def call(name, *arguments):
    """Every function takes an error last and returns 0 where all is well."""
    error = Error()
    if getattr(lathe, name)(*arguments, ctypes.byref(error)) != 0:
        sys.exit(f"ask.py: {name}: {error.text.decode()}")


def encode_chat(model, messages):
    count, words = size_t(), json.dumps(messages).encode()
    call("lathe_model_encode_chat", model, words, None, None, size_t(0), ctypes.byref(count))
    ids = (i32 * count.value)()
    call("lathe_model_encode_chat", model, words, None, ids, count, ctypes.byref(count))
    return ids


model, session, request, more = ctypes.c_void_p(), ctypes.c_void_p(), i64(), i32()
call("lathe_model_open", sys.argv[1].encode(), None, ctypes.byref(model))
call("lathe_session_create", model, None, ctypes.byref(session))
prompt = encode_chat(model, [{"role": "user", "content": sys.argv[2]}])
asked = Request(ctypes.sizeof(Request), prompt, len(prompt), int((sys.argv + [0])[3]))
call("lathe_session_submit", session, ctypes.byref(asked), ctypes.byref(request))
event, tokens, TOKEN, END = Event(ctypes.sizeof(Event)), [], 1, 2
while event.kind != END:
    if event.kind != TOKEN:
        call("lathe_session_step", session, ctypes.byref(more))
    call("lathe_session_poll", session, ctypes.byref(event))
    if event.kind == TOKEN:
        tokens.append(event.token)
    print(ctypes.string_at(event.text, event.text_bytes).decode(), end="", flush=True)
print()
print("ids:", *tokens, file=sys.stderr)
lathe.lathe_session_release(ctypes.byref(session))
lathe.lathe_model_release(ctypes.byref(model))
