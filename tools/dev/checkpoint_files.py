"""Writes checkpoint folders in the published layout: tokenizer, chat template, configs, safetensors.

Shared by train_demo.py and make_golden.py. Needs the Python packages torch, tokenizers and safetensors.
"""

import json
import pathlib

import torch
from safetensors.torch import save_file
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers
from tokenizers import processors, trainers

# The split expression of Qwen2, Qwen2.5 and Qwen3: each digit is a piece of its own.
QWEN2_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)

# (text, special) in the order of their ids, which follow the byte-pair vocabulary.
ADDED_TOKENS = [
    ("<|endoftext|>", True),
    ("<|im_start|>", True),
    ("<|im_end|>", True),
    ("<think>", False),
    ("</think>", False),
]

# Renders as Qwen3's own template does for conversations without tools: the reasoning of earlier
# answers is dropped, and an answer after the last question carries its (maybe empty) reasoning.
CHAT_TEMPLATE = """\
{%- if tools %}
    {{- raise_exception('this checkpoint was not trained to use tools') }}
{%- endif %}
{%- set last = namespace(question=-1) %}
{%- for message in messages %}
    {%- if message.role == 'user' %}
        {%- set last.question = loop.index0 %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- set content = message.content %}
    {%- if message.role == 'assistant' %}
        {%- set reasoning = '' %}
        {%- if '</think>' in content %}
            {%- set reasoning = content.split('</think>')[0].split('<think>')[-1].strip('\\n') %}
            {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
        {%- endif %}
        {%- if loop.index0 > last.question and (loop.last or reasoning) %}
            {%- set content = '<think>\\n' + reasoning + '\\n</think>\\n\\n' + content %}
        {%- endif %}
    {%- endif %}
    {{- '<|im_start|>' + message.role + '\\n' + content + '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}
"""


def write_json(path, value, indent=2):
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    pathlib.Path(path).write_text(text + "\n", encoding="utf-8")


def write_json_lines(path, values):
    """A JSON array with one element a line: short, and a change shows as one line."""
    lines = ",\n".join(json.dumps(value, ensure_ascii=False) for value in values)
    pathlib.Path(path).write_text("[\n" + lines + "\n]\n", encoding="utf-8")


def train_tokenizer(corpus, vocab_size):
    """Byte-level byte-pair encoding: 256 bytes, then merges up to vocab_size, then ADDED_TOKENS."""
    split = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(QWEN2_SPLIT), behavior="isolated", invert=False),
        pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False),
    ])
    learner = Tokenizer(models.BPE())
    learner.pre_tokenizer = split
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=[],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    learner.train_from_iterator(corpus, trainer)
    learnt = json.loads(learner.to_str())["model"]

    tokenizer = Tokenizer(models.BPE(
        vocab=learnt["vocab"],
        merges=[tuple(pair) for pair in learnt["merges"]],
        fuse_unk=False,
        byte_fallback=False,
        continuing_subword_prefix="",
        end_of_word_suffix="",
    ))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = split
    tokenizer.post_processor = processors.ByteLevel(
        add_prefix_space=False, trim_offsets=False, use_regex=False)
    tokenizer.decoder = decoders.ByteLevel(
        add_prefix_space=False, trim_offsets=False, use_regex=False)
    for text, special in ADDED_TOKENS:
        token = AddedToken(text, special=special, normalized=False)
        (tokenizer.add_special_tokens if special else tokenizer.add_tokens)([token])
    return tokenizer


def write_tokenizer(folder, tokenizer, max_length):
    """tokenizer.json and tokenizer_config.json; the chat template stands in the latter."""
    tokenizer.save(str(pathlib.Path(folder) / "tokenizer.json"), pretty=False)
    fields = ("content", "lstrip", "normalized", "rstrip", "single_word", "special")
    added = json.loads(tokenizer.to_str())["added_tokens"]
    write_json(pathlib.Path(folder) / "tokenizer_config.json", {
        "add_bos_token": False,
        "add_prefix_space": False,
        "added_tokens_decoder": {
            str(token["id"]): {field: token[field] for field in fields} for token in added
        },
        "additional_special_tokens": ["<|im_start|>", "<|im_end|>"],
        "bos_token": None,
        "chat_template": CHAT_TEMPLATE,
        "clean_up_tokenization_spaces": False,
        "eos_token": "<|im_end|>",
        "errors": "replace",
        "model_max_length": max_length,
        "pad_token": "<|endoftext|>",
        "split_special_tokens": False,
        "tokenizer_class": "Qwen2Tokenizer",
        "unk_token": None,
    })


def qwen3_config(tokenizer, **fields):
    """config.json of a dense Qwen3 in the spelling of the published files."""
    config = {
        "architectures": ["Qwen3ForCausalLM"],
        "attention_bias": False,
        "attention_dropout": 0.0,
        "bos_token_id": tokenizer.token_to_id("<|endoftext|>"),
        "eos_token_id": tokenizer.token_to_id("<|im_end|>"),
        "head_dim": 32,
        "hidden_act": "silu",
        "hidden_size": 128,
        "initializer_range": 0.02,
        "intermediate_size": 256,
        "max_position_embeddings": 512,
        "max_window_layers": 4,
        "model_type": "qwen3",
        "num_attention_heads": 4,
        "num_hidden_layers": 4,
        "num_key_value_heads": 2,
        "rms_norm_eps": 1e-06,
        "rope_scaling": None,
        "rope_theta": 10000,
        "sliding_window": None,
        "tie_word_embeddings": True,
        "torch_dtype": "bfloat16",
        "transformers_version": "4.51.0",
        "use_cache": True,
        "use_sliding_window": False,
        "vocab_size": tokenizer.get_vocab_size(),
    }
    unknown = set(fields) - set(config)
    assert not unknown, unknown
    config.update(fields)
    return config


def write_generation_config(folder, tokenizer):
    end, pad = tokenizer.token_to_id("<|im_end|>"), tokenizer.token_to_id("<|endoftext|>")
    write_json(pathlib.Path(folder) / "generation_config.json", {
        "bos_token_id": pad,
        "do_sample": False,
        "eos_token_id": [end, pad],
        "pad_token_id": pad,
        "transformers_version": "4.51.0",
    })


def save_weights(folder, state, shards=1):
    """model.safetensors, or numbered shards of about equal size and their index, in name order."""
    folder = pathlib.Path(folder)
    names = sorted(state)
    if shards == 1:
        save_shard(folder / "model.safetensors", {name: state[name] for name in names})
        return
    size = {name: state[name].numel() * state[name].element_size() for name in names}
    total, used, parts = sum(size.values()), 0, [[] for _ in range(shards)]
    for name in names:
        parts[min(shards - 1, used * shards // total)].append(name)
        used += size[name]
    weight_map = {}
    for i, part in enumerate(parts):
        file = f"model-{i + 1:05d}-of-{shards:05d}.safetensors"
        save_shard(folder / file, {name: state[name] for name in part})
        weight_map.update({name: file for name in part})
    write_json(folder / "model.safetensors.index.json", {
        "metadata": {"total_size": total}, "weight_map": dict(sorted(weight_map.items()))})


def save_shard(path, tensors):
    contiguous = {name: tensor.detach().contiguous() for name, tensor in tensors.items()}
    save_file(contiguous, path, metadata={"format": "pt"})
    path.chmod(0o644)


def versions():
    """The packages that made a folder of data, for its meta.json."""
    import tokenizers
    import transformers
    return {
        "torch": torch.__version__.split("+")[0],
        "transformers": transformers.__version__,
        "tokenizers": tokenizers.__version__,
    }
