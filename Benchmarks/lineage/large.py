#!/usr/bin/env python3
"""Writes a random model of about 1.5 GB, laid out as Llama's, to measure speed with.

    large.py OUT {F32|BF16|I8}
"""

import os
import sys

import numpy as np

from safetensors_io import brain_float, save

HIDDEN, INNER, VOCABULARY = 2048, 5632, 32000


def main():
    path, kind = sys.argv[1:]
    if os.path.exists(path):
        return
    pool = np.random.default_rng(1).standard_normal(1 << 24).astype(np.float32) * 0.02
    if kind == "BF16":
        pool = brain_float(pool)
    elif kind == "I8":
        pool = np.clip(np.round(pool * 1500), -127, 127).astype(np.int8)
    used = 0

    def take(*shape):
        nonlocal used
        used += 1
        return np.resize(np.roll(pool, 7919 * used), shape)

    tensors = {"model.embed_tokens.weight": take(VOCABULARY, HIDDEN)}
    for layer in range({"F32": 6, "BF16": 13, "I8": 28}[kind]):
        prefix = f"model.layers.{layer}."
        for name in "qkvo":
            tensors[f"{prefix}self_attn.{name}_proj.weight"] = take(HIDDEN, HIDDEN)
        for name, shape in (("gate", (INNER, HIDDEN)), ("up", (INNER, HIDDEN)), ("down", (HIDDEN, INNER))):
            tensors[f"{prefix}mlp.{name}_proj.weight"] = take(*shape)
    if kind == "I8":
        tensors |= {name + "_scale": np.full(len(w), 0.001, np.float32) for name, w in tensors.items()}
    save(path, tensors)


if __name__ == "__main__":
    main()
