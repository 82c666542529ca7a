"""Makes the golden checkpoints of the tests: tiny random Qwen3 models and what they must compute.

    python tools/dev/make_golden.py [--out test/data/golden] [--only NAME,NAME]

Each folder is a checkpoint in the published layout with golden/ inside: cases.json names the cases
and their tensors, one safetensors file a case holds them. All numbers are f32 with the stored
weights widened, computed by transformers (eager attention) on the whole sequence without a cache.
A second run writes the same bytes. Needs the Python packages torch, transformers (5.x),
tokenizers and safetensors.
"""

import argparse
import dataclasses
import hashlib
import json
import math
import pathlib
import warnings

import torch
import transformers
from safetensors.torch import save_file

import checkpoint_files as files

TEXT = (
    "A small compiler lived in a large machine. Every morning it read one model, drew the graph on "
    "a clean sheet and asked the passes for help. The first pass looked for pairs: a norm and a "
    "matrix, a gate and a product. The second pass counted bytes; it did not like to read a tile "
    "twice. At noon the kernels ran, and one of them wrote 3.14159 where 2.71828 should stand. So "
    "the compiler wrote a test, and the test failed, and the compiler was glad."
)
LONG_TOKENS = 150
BATCH_LENGTHS = [1, 7, 33, 70]
PIECES = [37, 64, 1, 2, 46]  # of the long prompt; cuts inside and at the edges of a page of 64
SHORT_STEPS, LONG_STEPS, BATCH_STEPS = 16, 8, 8

# A prompt is good if no argmax hangs on rounding: the best two logits of a row differ by this much.
MIN_PREFILL_MARGIN, MIN_GREEDY_MARGIN = 1e-3, 1e-2


@dataclasses.dataclass
class Model:
    """One golden checkpoint: what it is there for, and how it differs from the plain config."""

    name: str
    why: str
    seed: int
    config: dict
    dtype: torch.dtype = torch.bfloat16
    shards: int = 1
    new_spelling: bool = False  # rope_parameters and dtype, as transformers 5 writes config.json
    without: dict | None = None  # the config keys that turn the feature off; the logits must move
    family: str = "qwen3"
    experts: dict = dataclasses.field(default_factory=dict)  # config keys of mixtures of experts
    fused_experts: bool = False  # as transformers 5 saves them, else one tensor a matrix, as published


MODELS = [
    Model("qwen3_tied", "tied embeddings, two query heads a key head", 11, dict(
        hidden_size=48, intermediate_size=80, num_hidden_layers=3, head_dim=16,
        num_attention_heads=4, num_key_value_heads=2, rope_theta=1000000)),
    Model("qwen3_untied", "own output head, f32, three shards, as many key heads as query heads", 12,
          dict(hidden_size=32, intermediate_size=48, num_hidden_layers=2, head_dim=8,
               num_attention_heads=4, num_key_value_heads=4, tie_word_embeddings=False,
               torch_dtype="float32"),
          dtype=torch.float32, shards=3),
    Model("qwen3_yarn", "yarn, prompts beyond the original length, one key head", 13, dict(
        hidden_size=32, intermediate_size=48, num_hidden_layers=2, head_dim=16,
        num_attention_heads=4, num_key_value_heads=1, max_position_embeddings=256,
        rope_scaling={"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64}),
          without={"rope_scaling": None}),
    Model("qwen3_bias", "attention_bias, config.json in the new spelling", 14, dict(
        hidden_size=32, intermediate_size=48, num_hidden_layers=2, head_dim=16,
        num_attention_heads=2, num_key_value_heads=1, attention_bias=True), new_spelling=True,
          without={"attention_bias": False}),
    Model("qwen3_window", "a window of 12 in all layers but the first", 15, dict(
        hidden_size=32, intermediate_size=48, num_hidden_layers=3, head_dim=16,
        num_attention_heads=2, num_key_value_heads=1, use_sliding_window=True, sliding_window=12,
        max_window_layers=1), without={"use_sliding_window": False}),
    Model("qwen3_wide", "heads x head_dim far from hidden, extents no multiple of 8", 16, dict(
        hidden_size=36, intermediate_size=52, num_hidden_layers=2, head_dim=20,
        num_attention_heads=6, num_key_value_heads=2)),
    Model("qwen3_moe", "2 of 6 experts with weights that add up to 1, and a dense layer", 17, dict(
        hidden_size=32, intermediate_size=48, num_hidden_layers=3, head_dim=16,
        num_attention_heads=2, num_key_value_heads=1),
          family="qwen3_moe", without={"norm_topk_prob": False},
          experts=dict(num_experts=6, num_experts_per_tok=2, moe_intermediate_size=20,
                       norm_topk_prob=True, decoder_sparse_step=1, mlp_only_layers=[1])),
    Model("qwen3_moe_fused", "fused experts in every second layer, weights as they are, f32", 18,
          dict(hidden_size=32, intermediate_size=48, num_hidden_layers=2, head_dim=16,
               num_attention_heads=2, num_key_value_heads=2, tie_word_embeddings=False,
               torch_dtype="float32"),
          dtype=torch.float32, family="qwen3_moe", fused_experts=True,
          without={"norm_topk_prob": True},
          experts=dict(num_experts=5, num_experts_per_tok=3, moe_intermediate_size=24,
                       norm_topk_prob=False, decoder_sparse_step=2, mlp_only_layers=[])),
]

CLASSES = {"qwen3": transformers.Qwen3ForCausalLM, "qwen3_moe": transformers.Qwen3MoeForCausalLM}


# ------------------------------------------------------------------------------------- checkpoint
def random_tensor(model, name, shape, tied):
    """Scales are such that each part of the network moves the logits, whose deviation is 3 to 5."""
    key = f"{model.seed} {name}".encode()
    generator = torch.Generator().manual_seed(int.from_bytes(hashlib.sha256(key).digest()[:7], "big"))
    normal = torch.randn(shape, generator=generator)
    if name.endswith(("q_norm.weight", "k_norm.weight")):
        return 1.5 + 0.3 * normal
    if name.endswith("norm.weight"):
        return 1.0 + 0.3 * normal
    if name.endswith(".bias"):
        return 0.3 * normal
    if name == "model.embed_tokens.weight":
        return (4.0 / math.sqrt(shape[1]) if tied else 0.6) * normal
    if name == "lm_head.weight":
        return 4.0 / math.sqrt(shape[1]) * normal
    if name.endswith("mlp.gate.weight"):  # a router: clear choices
        return 4.0 / math.sqrt(shape[1]) * normal
    gain = 1.0 if name.endswith(("o_proj.weight", "down_proj.weight", "down_proj")) else 1.4
    return gain / math.sqrt(shape[-1]) * normal


def one_tensor_a_matrix(state):
    """Stacks of experts [E, N, K] as their matrices, those of gate and up apart."""
    parts = {}
    for name, value in state.items():
        path, _, last = name.rpartition(".")
        if not path.endswith(".experts"):
            parts[name] = value
            continue
        for e, matrix in enumerate(value):
            names = ["gate_proj", "up_proj"] if last == "gate_up_proj" else [last]
            for part, rows in zip(names, matrix.chunk(len(names))):
                parts[f"{path}.{e}.{part}.weight"] = rows.contiguous()
    return parts


def published_config(model, tokenizer):
    rows = (tokenizer.get_vocab_size() // 16 + 1) * 16  # more rows than tokens, as published
    config = files.qwen3_config(tokenizer, vocab_size=rows, **{
        "max_window_layers": model.config["num_hidden_layers"], **model.config})
    if model.family == "qwen3_moe":
        config |= {"architectures": ["Qwen3MoeForCausalLM"], "model_type": "qwen3_moe",
                   **model.experts}
    if model.new_spelling:
        config["dtype"] = config.pop("torch_dtype")
        config["rope_parameters"] = {"rope_type": "default", "rope_theta": config.pop("rope_theta")}
        del config["rope_scaling"]
        config["transformers_version"] = "5.0.0"
    return dict(sorted(config.items()))


def write_checkpoint(model, folder, tokenizer):
    config = published_config(model, tokenizer)
    files.write_json(folder / "config.json", config)
    files.write_tokenizer(folder, tokenizer, config["max_position_embeddings"])
    files.write_generation_config(folder, tokenizer)
    skeleton = CLASSES[model.family](transformers.AutoConfig.from_pretrained(folder))
    tied = config["tie_word_embeddings"]
    state = {
        name: random_tensor(model, name, tuple(value.shape), tied).to(model.dtype)
        for name, value in skeleton.state_dict().items()
        if not (tied and name == "lm_head.weight")
    }
    stored = state if model.fused_experts else one_tensor_a_matrix(state)
    files.save_weights(folder, stored, model.shards)
    return state


# -------------------------------------------------------------------------------------- reference
class Reference:
    """The stored checkpoint run by transformers, in f32 or in bf16."""

    def __init__(self, folder, dtype, changed_keys=None):
        keys = json.loads((folder / "config.json").read_text()) | (changed_keys or {})
        family = keys.pop("model_type")
        config = transformers.AutoConfig.for_model(family, **keys)
        self.model, report = CLASSES[family].from_pretrained(
            folder, config=config, dtype=dtype, attn_implementation="eager",
            experts_implementation="eager",
            output_loading_info=True)
        assert changed_keys or not report["unexpected_keys"], report
        assert not report["mismatched_keys"], report
        assert set(report["missing_keys"]) <= {"lm_head.weight"}, report
        self.model.eval()

    def logits(self, ids):
        return self.model(input_ids=torch.tensor([ids]), use_cache=False).logits[0].float()  # [T, V]

    def greedy(self, ids, steps):
        """Ids and the logits that chose them; an end token does not stop the run."""
        sequence, rows = list(ids), []
        for _ in range(steps):
            rows.append(self.logits(sequence)[-1])
            sequence.append(int(rows[-1].argmax()))
        return sequence[len(ids):], torch.stack(rows)

    def layer_inputs(self, ids):
        """What enters each decoder layer, then the final norm: [L + 1, T, H]."""
        seen = []

        def keep(module, args, kwargs):
            x = kwargs["hidden_states"] if "hidden_states" in kwargs else args[0]
            seen.append(x[0].float().clone())

        modules = [*self.model.model.layers, self.model.model.norm]
        hooks = [m.register_forward_pre_hook(keep, with_kwargs=True) for m in modules]
        self.logits(ids)
        for hook in hooks:
            hook.remove()
        return torch.stack(seen)

    def in_pieces(self, ids, pieces):
        """Logits of the prompt fed piece by piece, and the cache: all keys, also behind a window."""
        cache, rows, at = transformers.DynamicCache(), [], 0
        for length in pieces:
            out = self.model(input_ids=torch.tensor([ids[at:at + length]]), past_key_values=cache,
                             position_ids=torch.arange(at, at + length)[None], use_cache=True)
            rows.append(out.logits[0].float())
            at += length
        assert at == len(ids)
        return torch.cat(rows), cache

    def state(self, ids):
        _, cache = self.in_pieces(ids, [len(ids)])
        tensors = {}
        for i, layer in enumerate(cache.layers):
            tensors[f"state.layer{i}.key"] = layer.keys[0].float()  # [NK, T, D], after norm and rope
            tensors[f"state.layer{i}.value"] = layer.values[0].float()  # [NK, T, D]
        return tensors


def margin(rows):
    best = rows.topk(2, dim=-1).values
    return (best[:, 0] - best[:, 1]).min().item()


def difference(exact, other):
    """What computing in another precision costs; the tests judge a bf16 run by it."""
    p, q = exact.double().log_softmax(-1), other.double().log_softmax(-1)
    kl = (p.exp() * (p - q)).sum(-1)
    return {
        "max_abs": (exact - other).abs().max().item(),
        "mean_kl": kl.mean().item(),
        "max_kl": kl.max().item(),
        "argmax_agreement": (exact.argmax(-1) == other.argmax(-1)).float().mean().item(),
    }


# ------------------------------------------------------------------------------------------ cases
def first_stable(reference, prompts, steps):
    """The first prompt whose rows all have clear winners and whose answer is not one token."""
    for ids in prompts:
        logits = reference.logits(ids)
        greedy_ids, greedy_logits = reference.greedy(ids, steps)
        if (margin(logits) > MIN_PREFILL_MARGIN and margin(greedy_logits) > MIN_GREEDY_MARGIN
                and len(set(greedy_ids)) > 2):
            return ids, logits, greedy_ids, greedy_logits
    raise ValueError("no prompt with clear winners: change the seed")


def write_case(folder, name, fields, tensors):
    path = folder / f"{name}.safetensors"
    save_file({key: value.detach().contiguous() for key, value in tensors.items()}, path)
    path.chmod(0o644)
    described = {key: [str(value.dtype).replace("torch.", ""), list(value.shape)]
                 for key, value in tensors.items()}
    return {"name": name, "file": path.name, **fields, "tensors": described}


def single_case(folder, name, exact, rounded, prompts, steps, with_state=False, pieces=None):
    ids, logits, greedy_ids, greedy_logits = first_stable(exact, prompts, steps)
    fields = {"kind": "text", "prompt_ids": ids, "greedy_ids": greedy_ids}
    if pieces:
        in_pieces, _ = exact.in_pieces(ids, pieces)
        fields["chunked_prefill"] = pieces
        fields["chunked_max_abs_diff"] = (in_pieces - logits).abs().max().item()
        assert fields["chunked_max_abs_diff"] < 1e-3, fields
    fields |= {
        "min_margin_prefill": margin(logits),
        "min_margin_greedy": margin(greedy_logits),
        "distinct_greedy": len(set(greedy_ids)),
        "bf16_reference": difference(logits, rounded.logits(ids)),
    }
    tensors = {"prefill_logits": logits, "greedy_logits": greedy_logits}
    if with_state:
        tensors |= {"layer_inputs": exact.layer_inputs(ids), **exact.state(ids)}
    return write_case(folder, name, fields, tensors)


def batch_case(folder, exact, text_ids):
    """Prompts to be run together; the truth of each is the prompt alone."""
    prompts, greedy, tensors, smallest = [], [], {}, math.inf
    for i, length in enumerate(BATCH_LENGTHS):
        starts = range(11 * i, len(text_ids) - length, 3)
        ids, logits, greedy_ids, greedy_logits = first_stable(
            exact, (text_ids[s:s + length] for s in starts), BATCH_STEPS)
        prompts.append(ids)
        greedy.append(greedy_ids)
        tensors[f"last_logits.{i}"] = logits[-1:]
        tensors[f"greedy_logits.{i}"] = greedy_logits
        smallest = min(smallest, margin(greedy_logits))
    fields = {"kind": "batch", "prompt_ids": prompts, "lengths": BATCH_LENGTHS,
              "greedy_ids": greedy, "min_margin_greedy": smallest}
    return write_case(folder, "batch", fields, tensors)


def write_golden(model, folder, state, tokenizer):
    golden = folder / "golden"
    golden.mkdir(exist_ok=True)
    for old in golden.iterdir():
        old.unlink()
    exact, rounded = Reference(folder, torch.float32), Reference(folder, torch.bfloat16)
    for name, value in exact.model.state_dict().items():
        assert name not in state or torch.equal(value, state[name].float()), name

    text_ids = tokenizer.encode(TEXT).ids
    head = tokenizer.encode("<|im_start|>user\n").ids
    tail = tokenizer.encode("<|im_end|>\n<|im_start|>assistant\n").ids
    short = (head + text_ids[s:s + 12] + tail for s in range(0, 200))
    long = (head + text_ids[s:s + LONG_TOKENS - len(head)] for s in range(0, 200))
    cases = [
        single_case(golden, "short", exact, rounded, short, SHORT_STEPS, with_state=True),
        single_case(golden, "long", exact, rounded, long, LONG_STEPS, pieces=PIECES),
        batch_case(golden, exact, text_ids),
    ]
    files.write_json_lines(golden / "cases.json", cases)
    moved = {}
    if model.without:
        ids = cases[1]["prompt_ids"]
        plain = Reference(folder, torch.float32, model.without).logits(ids)
        change = (plain - exact.logits(ids)).abs().max().item()
        assert change > 0.1, f"{model.name}: without {model.without} the logits move by {change}"
        moved = {"without": model.without, "without_max_abs_change": change}
    files.write_json(golden / "meta.json", {
        "model": model.name,
        "why": model.why,
        "family": model.family,
        "seed": model.seed,
        "weights": str(model.dtype).replace("torch.", ""),
        "parameters": sum(value.numel() for value in state.values()),
        "weight_bytes": sum(value.numel() * value.element_size() for value in state.values()),
        **moved,
        "reference": "transformers, eager attention, f32, no cache",
        "versions": files.versions(),
    })


def make(model, out):
    folder = out / model.name
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = files.train_tokenizer([TEXT, "user assistant system"] * 3, vocab_size=283)
    state = write_checkpoint(model, folder, tokenizer)
    write_golden(model, folder, state, tokenizer)
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    cases = json.loads((folder / "golden" / "cases.json").read_text())
    print(f"{model.name}: {size // 1024} KiB,", ", ".join(
        f"{case['name']} {case['min_margin_greedy']:.3f}" for case in cases), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("test/data/golden"))
    parser.add_argument("--only", help="names of models, separated by commas")
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.set_grad_enabled(False)
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()
    warnings.filterwarnings("ignore", category=FutureWarning)  # cache= is not known to all of 5.x
    names = args.only.split(",") if args.only else [model.name for model in MODELS]
    unknown = set(names) - {model.name for model in MODELS}
    if unknown:
        parser.error(f"no such model: {', '.join(sorted(unknown))}")
    for model in MODELS:
        if model.name in names:
            make(model, args.out)


if __name__ == "__main__":
    main()
