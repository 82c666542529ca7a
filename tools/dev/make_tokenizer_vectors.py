#!/usr/bin/env python3
"""Writes test/data/tokenizer: a tiny tokenizer.json and what the tokenizers library makes of texts with it.

Needs: pip package tokenizers (0.23.3 made the committed files).   Run: tools/dev/make_tokenizer_vectors.py
Output: tiny_tokenizer.json, and vectors.json: a list of variants, each with "changes" (JSON pointer -> value, applied to the tiny
file) and "rows": text; ids; tokens and ids_template (with the post-processor) in some rows; where they differ from what stands before
them, decoded (from text), decoded_skip_special (from decoded), ids_text (special tokens read as text, from ids).
"""
import copy
import json
import os
import random
import unicodedata

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "test", "data", "tokenizer")
SEED = 7

LETTERS = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
LETTERS_AND_MARKS = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*"
                     r"|\s*[\r\n]+|\s+(?!\S)|\s+")
THREE_STAGES = [
    r"\p{N}{1,3}",
    "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+",
    r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^"""
    "\r\n" r"""\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[""" "\r\n" r"""]*|\s*[\r\n]+|\s+(?!\S)|\s+""",
]

CORPUS = [
    "The quick brown fox jumps over the lazy dog, and the dog doesn't mind; it's what they've always said.",
    "What is 12 plus 345? It is 357. What is 99 plus 1? It is 100. The answer is in the text that follows.",
    "def f(x):\n    return x + 1\n\n\nclass Tree:\n    def __init__(self, left, right):\n        self.left = left\n",
    "\u00c4pfel \u00fcber Stra\u00dfe, na\u00efve fa\u00e7ade, r\u00e9sum\u00e9. \u4f60\u597d\u4e16\u754c \u3053\u3093\u306b\u3061\u306f",
] * 4

TEXTS = [
    "", " ", "  ", "\n", "\r\n\r\n", " \t \n\n  x", "a", "   a b  c   ", "the dog doesn't", "DON'T WE'LL I'm they'Ve 'tis '\u017f x'\u017fz'lLw",
    "What is 1234567 plus 89?", "3.14 1,000 v1.2 0x1F", "a+b=c; d*e/f", "!!!???...---", "def f(x):\n    return x\n\n\n",
    "\u00c4pfel A\u0308pfel \u212b \u2126 \ufb01 \u00bd \u2163", "e\u0301\u0302\u0323 \u0301x q\u0323\u0307 q\u0307\u0323",
    "\u1112\u1161\u11ab\u1100\u1173\u11af \ud55c\u11af", "\u0928\u092e\u0938\u094d\u0924\u0947 \u0967\u0968\u0969",
    "\u4f60\u597d\uff0c\u4e16\u754c\u30fb\u30ab\u30bf\u30ab\u30ca2024\u5e74apple\u5de5", "x\u0336y\u0336 1\ufe0f\u20e3",
    "\U0001f600 \U0001f468\u200d\U0001f469 \u2764\ufe0f", "\u00a0non\u3000ideo\u2003em \u2028line\u0085nel", "zero\u200bwidth\ufeff",
    "\x00\x01\x07\x7f\x01a", "\ufffd \uffff \U0010ffff", "a" * 70, " " * 40 + "end", "ab" * 50, "\n" * 20,
    "zebra zebras zebra", "<|end|>", "x<|end|>y <|end", " <|end|> <|start|>user\nHi<|end|>\n", "<a><b><c>", "<a><b", "<a><a>", "<a",
    "left <left> right", "  <left>  <right>  <both>  x", "<right>   <right> y", "\u2003<left>\n<right>\t\n z",
    "a\u0301<norm\u00e9>b", "<norme\u0301> <norm\u00e9>", "<norm", "<th<a>ink>", "<think></think>", "<|start|><|end|>\u0301x", "the<|end|>the",
]


def random_texts(rng, count):
    """Strings from all planes, less characters whose normal form depends on the Unicode version."""
    pool = [chr(c) for c in range(0x110000) if not 0xd800 <= c < 0xe000 and unicodedata.category(chr(c)) != "Cn"]
    by_kind = {k: [c for c in pool if unicodedata.category(c)[0] == k] for k in "LMNPSZ"}
    kinds = list(by_kind.values()) + [list(" \n\r\t'"), ["<a>", "<|end|>", "<left>", "the ", "'ll", "12345"], pool]
    nfc = normalizers.NFC()
    while count > 0:
        text = "".join(rng.choice(rng.choice(kinds)) for _ in range(rng.randrange(4, 12)))
        if nfc.normalize_str(text) == unicodedata.normalize("NFC", text):
            yield text
            count -= 1


def split_steps(expressions):
    return pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(e), "isolated") for e in expressions] +
                                   [pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def added_token(content, special=False, normalized=False, lstrip=False, rstrip=False):
    return {"content": content, "single_word": False, "lstrip": lstrip, "rstrip": rstrip, "normalized": normalized, "special": special}


def tiny_document():
    t = Tokenizer(models.BPE())
    t.normalizer = normalizers.NFC()
    t.pre_tokenizer = split_steps([LETTERS])
    t.decoder = decoders.ByteLevel()
    t.train_from_iterator(CORPUS, trainers.BpeTrainer(
        vocab_size=400, initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()), show_progress=False))
    doc = json.loads(t.to_str())
    vocab = doc["model"]["vocab"]
    vocab["zebra"] = len(vocab)  # no merges lead to it
    vocab["<a>"] = len(vocab)    # an added token that is in the vocabulary, too
    tokens = [added_token("<|end|>", special=True), added_token("<|start|>", special=True), added_token("<think>"),
              added_token("</think>"), added_token("<a>"), added_token("<a><b>", special=True), added_token("<left>", lstrip=True),
              added_token("<right>", rstrip=True), added_token("<both>", lstrip=True, rstrip=True),
              added_token("<norm\u00e9>", normalized=True), added_token("<th<a>ink>", special=True)]
    next_id = len(vocab)  # the library counts up from here, whatever the file says
    doc["added_tokens"] = []
    for token in tokens:
        if token["content"] in vocab:
            token_id = vocab[token["content"]]
        else:
            token_id, next_id = next_id, next_id + 1
        doc["added_tokens"].append({"id": token_id, **token})
    ids = {token["content"]: token["id"] for token in doc["added_tokens"]}
    doc["added_tokens"].sort(key=lambda token: token["id"])
    piece = lambda name: {"SpecialToken": {"id": name, "type_id": 0}}
    doc["post_processor"] = {"type": "Sequence", "processors": [
        {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False, "use_regex": True},
        {"type": "TemplateProcessing", "single": [piece("<|start|>"), {"Sequence": {"id": "A", "type_id": 0}}, piece("<|end|>")],
         "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
         "special_tokens": {n: {"id": n, "ids": [ids[n]], "tokens": [n]} for n in ("<|start|>", "<|end|>")}}]}
    return doc


def variants():
    steps = lambda expressions: json.loads(split_steps(expressions).__getstate__())
    yield "letters", {}
    yield "letters_and_marks", {"/pre_tokenizer": steps([LETTERS_AND_MARKS])}
    yield "three_stages", {"/pre_tokenizer": steps(THREE_STAGES), "/normalizer": {"type": "Sequence", "normalizers": []}}
    yield "ignore_merges", {"/model/ignore_merges": True, "/post_processor": None}


def apply(doc, changes):
    doc = copy.deepcopy(doc)
    for pointer, value in changes.items():
        *parents, key = pointer.split("/")[1:]
        place = doc
        for parent in parents:
            place = place[parent]
        place[key] = value
    return doc


def rows(t, texts):
    for i, text in enumerate(texts):
        t.encode_special_tokens = False
        e = t.encode(text, add_special_tokens=False)
        decoded = t.decode(e.ids, skip_special_tokens=False)
        row = {"text": text, "ids": e.ids}
        if i % 8 == 0:
            row |= {"tokens": [t.id_to_token(i) for i in e.ids], "ids_template": t.encode(text).ids}
        if decoded != text:
            row["decoded"] = decoded
        if (skipped := t.decode(e.ids)) != decoded:
            row["decoded_skip_special"] = skipped
        t.encode_special_tokens = True
        if (ids_text := t.encode(text, add_special_tokens=False).ids) != e.ids:
            row["ids_text"] = ids_text
        yield row


def main():
    os.makedirs(OUT, exist_ok=True)
    doc = tiny_document()
    with open(os.path.join(OUT, "tiny_tokenizer.json"), "w", encoding="utf-8") as f:
        json.dump(doc, f, ensure_ascii=False, separators=(",", ":"))
        f.write("\n")
    rng = random.Random(SEED)
    texts = TEXTS + list(random_texts(rng, 24))
    with open(os.path.join(OUT, "vectors.json"), "w", encoding="utf-8") as f:
        f.write("[\n")
        for i, (name, changes) in enumerate(variants()):
            t = Tokenizer.from_str(json.dumps(apply(doc, changes)))
            lines = ",\n".join(json.dumps(row, ensure_ascii=True, separators=(",", ":")) for row in rows(t, texts))
            f.write(f'{"," if i else ""}{{"name": "{name}", "changes": {json.dumps(changes)}, "rows": [\n{lines}\n]}}\n')
        f.write("]\n")


if __name__ == "__main__":
    main()
