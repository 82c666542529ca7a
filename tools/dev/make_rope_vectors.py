#!/usr/bin/env python3
"""Writes test/data/rope/vectors.json: inverse frequencies and attention scaling for every rope type.

The formulas are those of transformers 5.23, modeling_rope_utils.py (_compute_*_parameters), written out in numpy with the
reference's steps in float32 and, beside them, in float64: "inverse_frequencies" are the float32 numbers, and the script fails when
the two forms disagree by more than float32 can explain. Usage: make_rope_vectors.py [OUT.json]
"""

import json
import math
import pathlib
import sys

import numpy

F32 = numpy.float32


def powers(theta, dim, real):
    exponents = numpy.arange(0, dim, 2).astype(real) / real(dim)
    return numpy.power(real(theta), exponents, dtype=real)


def default(c, dim, tokens, real):
    return real(1) / powers(c["rope_theta"], dim, real)


def linear(c, dim, tokens, real):
    return default(c, dim, tokens, real) / real(c["factor"])


def dynamic(c, dim, tokens, real):
    factor, longest = c["factor"], c["max_position_embeddings"]
    length = real(max(tokens, longest))
    stretch = real(factor) * length / real(longest) - real(factor - 1)
    theta = real(c["rope_theta"]) * numpy.power(stretch, real(dim / (dim - 2)), dtype=real)
    return real(1) / powers(theta, dim, real)


def yarn(c, dim, tokens, real):
    theta, factor, original = c["rope_theta"], c["factor"], c["original_max_position_embeddings"]

    def correction(rotations):
        return dim * math.log(original / (rotations * 2 * math.pi)) / (2 * math.log(theta))

    low, high = correction(c.get("beta_fast", 32)), correction(c.get("beta_slow", 1))
    if c.get("truncate", True):
        low, high = math.floor(low), math.ceil(high)
    low, high = max(low, 0), min(high, dim - 1)
    if low == high:
        high += 0.001
    ramp = numpy.clip((numpy.arange(dim // 2).astype(real) - real(low)) / real(high - low), real(0), real(1))
    keep = real(1) - ramp
    base = powers(theta, dim, real)
    return real(1) / (real(factor) * base) * (real(1) - keep) + real(1) / base * keep


def longrope(c, dim, tokens, real):
    is_long = tokens > c["original_max_position_embeddings"]
    factors = numpy.array(c["long_factor" if is_long else "short_factor"]).astype(real)
    return real(1) / (factors * powers(c["rope_theta"], dim, real))


def llama3(c, dim, tokens, real):
    factor, low, high = c["factor"], c["low_freq_factor"], c["high_freq_factor"]
    original = c["original_max_position_embeddings"]
    frequencies = default(c, dim, tokens, real)
    lengths = real(2 * math.pi) / frequencies
    scaled = numpy.where(lengths > real(original / low), frequencies / real(factor), frequencies)
    smooth = (real(original) / lengths - real(low)) / real(high - low)
    mixed = (real(1) - smooth) * scaled / real(factor) + smooth * scaled
    medium = ~(lengths < real(original / high)) & ~(lengths > real(original / low))
    return numpy.where(medium, mixed, scaled)


def attention_scaling(c):
    kind = c["rope_type"]
    if kind not in ("yarn", "longrope"):
        return 1.0
    if "attention_factor" in c:
        return c["attention_factor"]
    if kind == "longrope":
        original = c["original_max_position_embeddings"]
        factor = c.get("factor", c["max_position_embeddings"] / original)
        return 1.0 if factor <= 1 else math.sqrt(1 + math.log(factor) / math.log(original))

    def mscale(scale, weight):
        return 1.0 if scale <= 1 else 0.1 * weight * math.log(scale) + 1.0

    if c.get("mscale") and c.get("mscale_all_dim"):
        return mscale(c["factor"], c["mscale"]) / mscale(c["factor"], c["mscale_all_dim"])
    return mscale(c["factor"], 1)


KINDS = {f.__name__: f for f in (default, linear, dynamic, yarn, longrope, llama3)}


def configurations():
    """(head_dim, partial_rotary_factor, tokens, rope keys); max_position_embeddings is among the keys."""
    yield 128, 1.0, 1, dict(rope_type="default", rope_theta=1e6, max_position_embeddings=40960)
    yield 256, 0.25, 1, dict(rope_type="default", rope_theta=1e7, max_position_embeddings=262144)
    yield 32, 1.0, 1, dict(rope_type="default", rope_theta=1e4, max_position_embeddings=256)
    yield 64, 0.5, 1, dict(rope_type="linear", rope_theta=1e4, factor=8.0, max_position_embeddings=2048)
    for tokens in (10, 2048, 2049, 30000):
        yield 64, 1.0, tokens, dict(rope_type="dynamic", rope_theta=1e4, factor=4.0, max_position_embeddings=2048)
    base = dict(rope_type="yarn", rope_theta=1e6, factor=4.0, max_position_embeddings=131072)
    base["original_max_position_embeddings"] = 32768
    yield 128, 1.0, 1, base
    yield 128, 1.0, 1, {**base, "truncate": False}
    yield 128, 1.0, 1, {**base, "beta_fast": 64.0, "beta_slow": 0.5, "attention_factor": 0.75}
    yield 64, 1.0, 1, {**base, "factor": 40.0, "mscale": 0.707, "mscale_all_dim": 1.0}
    yield 64, 0.5, 1, {**base, "factor": 0.5, "mscale": 1.0}
    yield 32, 1.0, 1, {**base, "rope_theta": 1e4, "original_max_position_embeddings": 64}
    yield 16, 1.0, 1, {**base, "original_max_position_embeddings": 2, "beta_fast": 1.0}  # low == high
    longrope_keys = dict(rope_type="longrope", rope_theta=1e4, max_position_embeddings=131072)
    longrope_keys["original_max_position_embeddings"] = 4096
    longrope_keys["long_factor"] = [1.0 + 0.37 * i * i for i in range(16)]
    longrope_keys["short_factor"] = [1.0 + 0.05 * i for i in range(16)]
    for tokens in (4096, 4097):
        yield 32, 1.0, tokens, longrope_keys
    yield 32, 1.0, 1, {**longrope_keys, "factor": 0.5}
    yield 64, 0.5, 9999, {**longrope_keys, "attention_factor": 1.25, "factor": 16.0}
    keys = dict(rope_type="llama3", rope_theta=5e5, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0)
    yield 128, 1.0, 1, {**keys, "original_max_position_embeddings": 8192, "max_position_embeddings": 131072}
    step = {**keys, "factor": 2.0, "high_freq_factor": 32.0, "rope_theta": 5e6}
    yield 128, 0.5, 1, {**step, "original_max_position_embeddings": 131072, "max_position_embeddings": 262144}


def main():
    root = pathlib.Path(__file__).resolve().parents[2]
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else root / "test/data/rope/vectors.json"
    cases = {}
    for head_dim, partial, tokens, config in configurations():
        dim = int(head_dim * partial)
        single = KINDS[config["rope_type"]](config, dim, tokens, F32)
        double = KINDS[config["rope_type"]](config, dim, tokens, numpy.float64)
        assert single.dtype == F32 and len(single) == dim // 2, config
        error = float(numpy.max(numpy.abs(single / double - 1)))
        assert error < 3e-6, (config, error)
        rope = {**config, "partial_rotary_factor": partial}
        cases[f"{len(cases)}_{config['rope_type']}"] = {
            "head_dim": head_dim,
            "sequence_tokens": tokens,
            "max_position_embeddings": rope.pop("max_position_embeddings"),
            "rope_parameters": rope,
            "inverse_frequencies": [float(f"{x:.9g}") for x in single],
            "attention_scaling": attention_scaling(config),
        }
    text = ",\n".join(f"{json.dumps(name)}: {json.dumps(case)}" for name, case in cases.items())
    header = f'"made_by": "tools/dev/make_rope_vectors.py, numpy {numpy.__version__}"'
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(f'{{{header},\n"cases": {{\n{text}\n}}}}\n')


if __name__ == "__main__":
    main()
