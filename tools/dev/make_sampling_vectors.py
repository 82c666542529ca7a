#!/usr/bin/env python3
"""Writes test/data/sampling/vectors.json: what transformers makes of a row of logits, step by step.

    python tools/dev/make_sampling_vectors.py [OUT.json]

A case holds logits, the ids of prompt and output, and the settings; beside them the scores after masks, bias, penalties and
temperature, and the ids that top-k, top-p and min-p leave with their probabilities. All steps are transformers' own processors in
the order of its generation loop, but for frequency and presence penalty, which it lacks: they are vLLM's formula
(v1/sample/ops/penalties.py). A case whose answer hangs on the last bit of a sum, or on the order in which torch sorts equal scores,
is drawn again. A second run writes the same bytes. Needs the Python packages torch and transformers (5.x).
"""

import json
import pathlib
import random
import sys

import torch
import transformers
from transformers.generation import logits_process as reference

VOCAB = 24
SEED = 7
NEUTRAL = {
    "allowed": None,
    "forbidden": [],
    "stops": [],
    "min_tokens": 0,
    "bias": [],
    "repetition_penalty": 1.0,
    "frequency_penalty": 0.0,
    "presence_penalty": 0.0,
    "temperature": 1.0,
    "top_k": 0,
    "top_p": 1.0,
    "min_p": 0.0,
}
# Each setting alone, then those that meet in practice; random mixtures follow.
FIXED = [
    {},
    {"allowed": [2, 3, 5, 7, 11]},
    {"forbidden": [0, 1, 22, 23]},
    {"stops": [3, 4], "min_tokens": 100},
    {"stops": [3, 4], "min_tokens": 1},
    {"bias": [[1, 5.0], [2, -5.0], [23, 100.0]]},
    {"repetition_penalty": 1.3},
    {"repetition_penalty": 0.7},
    {"frequency_penalty": 0.5},
    {"presence_penalty": 1.5},
    {"temperature": 0.6},
    {"temperature": 2.0},
    {"top_k": 1},
    {"top_k": 5},
    {"top_k": 24},
    {"top_k": 1000},
    {"top_p": 0.0},
    {"top_p": 0.3},
    {"top_p": 0.95},
    {"min_p": 0.1},
    {"min_p": 1.0},
    {"temperature": 0.6, "top_p": 0.95, "top_k": 20},
    {"temperature": 0.7, "top_p": 0.8, "top_k": 20, "presence_penalty": 1.5},
]


def draw_mixture(rng):
    ids = list(range(VOCAB))
    options = {
        "allowed": sorted(rng.sample(ids, rng.randint(6, VOCAB))),
        "forbidden": rng.sample(ids, rng.randint(1, 5)),
        "stops": rng.sample(ids, 2),
        "min_tokens": rng.randint(0, 12),
        "bias": [[i, rng.randint(-16, 16) / 4] for i in rng.sample(ids, 3)],
        "repetition_penalty": rng.choice([0.8, 1.05, 1.2]),
        "frequency_penalty": rng.choice([-0.5, 0.25, 1.0]),
        "presence_penalty": rng.choice([-1.0, 0.5, 1.5]),
        "temperature": rng.choice([0.3, 0.6, 0.9, 1.5]),
        "top_k": rng.randint(1, 30),
        "top_p": rng.choice([0.5, 0.8, 0.9, 0.99]),
        "min_p": rng.choice([0.01, 0.05, 0.3]),
    }
    return {name: value for name, value in options.items() if rng.random() < 0.5}


def draw_row(rng):
    # Coarse steps make ties; both kinds are written in few digits and are exact in f32.
    step = rng.choice([4, 1024])
    logits = [round(rng.gauss(0, 3) * step) / step for _ in range(VOCAB)]
    prompt = [rng.randrange(VOCAB) for _ in range(rng.randint(1, 10))]
    output = [rng.randrange(VOCAB) for _ in range(rng.randint(0, 10))]
    return logits, prompt, output


def process(logits, prompt, output, s):
    """Scores [1, VOCAB] after everything but the three filters."""
    ids = torch.tensor([prompt + output])
    steps = reference.LogitsProcessorList()
    if s["allowed"] is not None:
        steps.append(reference.PrefixConstrainedLogitsProcessor(lambda _, __: s["allowed"], 1))
    if s["forbidden"]:
        steps.append(reference.SuppressTokensLogitsProcessor(s["forbidden"]))
    if s["stops"]:
        steps.append(reference.MinNewTokensLengthLogitsProcessor(len(prompt), s["min_tokens"], s["stops"]))
    if s["bias"]:
        steps.append(reference.SequenceBiasLogitsProcessor([[[i], b] for i, b in s["bias"]]))
    if s["repetition_penalty"] != 1:
        steps.append(reference.RepetitionPenaltyLogitsProcessor(s["repetition_penalty"]))
    scores = steps(ids, torch.tensor([logits], dtype=torch.float32))
    counts = torch.bincount(torch.tensor(output, dtype=torch.int64), minlength=VOCAB).unsqueeze(0)
    scores = scores - s["frequency_penalty"] * counts
    scores = scores - s["presence_penalty"] * (counts > 0)
    if s["temperature"] != 1:
        scores = reference.TemperatureLogitsWarper(s["temperature"])(ids, scores)
    return scores


def keep(scores, s):
    """Scores with what the filters drop at minus infinity; None when the answer is a matter of the last bit."""
    if s["top_k"] > 0:
        scores = reference.TopKLogitsWarper(s["top_k"])(None, scores)
    if s["top_p"] < 1:
        before = scores
        scores = reference.TopPLogitsWarper(s["top_p"])(None, scores)
        kept, dropped = scores[scores > -torch.inf], before[(before > -torch.inf) & (scores == -torch.inf)]
        sums = before[0].double().sort().values.softmax(-1).cumsum(-1)
        # The sum of all counts only where something but the largest would be left.
        if (sums[:-1] - (1 - s["top_p"])).abs().min() < 1e-5 and s["top_p"] > 0:
            return None
        if len(dropped) and dropped.max() == kept.min():
            return None
    if s["min_p"] > 0:
        probs = scores.double().softmax(-1)
        border = s["min_p"] * probs.max()
        if s["min_p"] < 1 and (probs - border).abs().min() < 1e-6 * border:
            return None
        scores = reference.MinPLogitsWarper(s["min_p"])(None, scores)
    return scores


def f32_text(values):
    """Shortest decimal that reads back as the same f32."""
    return [None if v == -torch.inf else float(f"{v:.9g}") for v in values.tolist()]


def make_case(rng, settings):
    s = NEUTRAL | settings
    while True:
        logits, prompt, output = draw_row(rng)
        scores = process(logits, prompt, output, s)
        if not (scores > -torch.inf).any():
            continue
        kept = keep(scores, s)
        if kept is None:
            continue
        ids = (kept[0] > -torch.inf).nonzero().flatten().tolist()
        return {
            "settings": settings,
            "logits": logits,
            "prompt": prompt,
            "output": output,
            "scores": f32_text(scores[0]),
            "kept": ids,
            "probabilities": f32_text(kept[0].softmax(-1)[ids]),
        }


def main():
    out = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "test/data/sampling/vectors.json")
    rng = random.Random(SEED)
    cases = [make_case(rng, settings) for settings in FIXED]
    cases += [make_case(rng, draw_mixture(rng)) for _ in range(60)]
    head = {
        "made_by": "tools/dev/make_sampling_vectors.py",
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "seed": SEED,
    }
    lines = ",\n".join(json.dumps(case) for case in cases)
    text = json.dumps(head)[:-1] + ', "cases": [\n' + lines + "\n]}\n"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text)
    print(f"{out}: {len(cases)} cases, {len(text)} bytes")


if __name__ == "__main__":
    main()
