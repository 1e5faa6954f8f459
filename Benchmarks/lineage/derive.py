#!/usr/bin/env python3
"""Makes the bench's derivatives from trained models: what people do to models, and what is done to hide an origin.

    derive.py MODELS OUT

Reads MODELS/NAME.{base,finetune-1,finetune-2,lora,continued}.safetensors and writes OUT/NAME.KIND(.safetensors or a
folder of shards), one of each kind for every base. What is there is left.
"""

import argparse
import glob
import json
import os
import re
import zlib

import numpy as np

from architectures import HEADS, HIDDEN, LAYERS
from safetensors_io import brain_float, load, save

EMBEDDING = {"decoder": "model.embed_tokens.weight", "encoder": "embeddings.word_embeddings.weight"}
PREFIX = {"decoder": "model.layers.", "encoder": "encoder.layer."}
# Per layer: (inner matrices whose rows are neurons, matrix whose columns are), and the attention's.
FEED = {"decoder": (["mlp.gate_proj", "mlp.up_proj"], "mlp.down_proj"),
        "encoder": (["intermediate.dense"], "output.dense")}
ATTENTION = {"decoder": [f"self_attn.{p}_proj" for p in "qkvo"],
             "encoder": ["attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"]}


def matrices(t):
    return [name for name, value in t.items() if value.ndim == 2]


def changed(t, change, only=None):
    """The model with every weight matrix changed."""
    return {name: change(value).astype(np.float32) if value.ndim == 2 and (only is None or name in only) else value
            for name, value in t.items()}


def pruned(t, share):
    def prune(w):
        return np.where(np.abs(w) < np.quantile(np.abs(w), share), 0, w)
    return changed(t, prune)


def quantised(t, bits, group):
    """Symmetric, one scale for each group of columns, and back to floats."""
    def quantise(w):
        parts = w.reshape(-1, min(group, w.shape[1]))
        scale = np.maximum(np.abs(parts).max(1, keepdims=True), 1e-12) / (2 ** (bits - 1) - 1)
        return (np.round(parts / scale) * scale).reshape(w.shape)
    return changed(t, quantise)


def noisy(t, share, rng):
    return changed(t, lambda w: w + share * w.std() * rng.standard_normal(w.shape))


def layer_of(name, arch):
    match = re.match(re.escape(PREFIX[arch]) + r"(\d+)\.(.*)", name)
    return (int(match[1]), match[2]) if match else (None, name)


def relayered(t, arch, order):
    """The layers of that order, numbered anew; a layer may stand twice."""
    out = {name: value for name, value in t.items() if layer_of(name, arch)[0] is None}
    for new, old in enumerate(order):
        for name, value in t.items():
            number, rest = layer_of(name, arch)
            if number == old:
                out[f"{PREFIX[arch]}{new}.{rest}"] = value
    return out


def revocabulary(t, arch, size, rng):
    name = EMBEDDING[arch]
    e = t[name]
    extra = e.mean(0) + e.std(0) * rng.standard_normal((max(0, size - len(e)), HIDDEN))
    return {**t, name: np.concatenate([e[:size], extra.astype(np.float32)])}


def neurons(t, arch, rng, order=True, scale=False, inner=None):
    """Permuted, rescaled or cut neurons of the feed-forward part and of attention heads; the function stays the same
    where it can (a GELU's input cannot be rescaled, so an encoder's output is changed as in training damage)."""
    t = dict(t)
    for layer in range(LAYERS):
        key = f"{PREFIX[arch]}{layer}."
        ups, down = FEED[arch]
        count = t[key + down + ".weight"].shape[1]
        p = rng.permutation(count) if order else np.arange(count)
        p = p[: inner or count]
        s = np.exp(rng.uniform(-1.5, 1.5, len(p))).astype(np.float32) if scale else np.ones(len(p), np.float32)
        for up in ups:
            factor = np.ones_like(s) if up.endswith("gate_proj") else s
            for part in ("weight", "bias"):
                if f"{key}{up}.{part}" in t:
                    value = t[f"{key}{up}.{part}"][p]
                    t[f"{key}{up}.{part}"] = value * (factor[:, None] if value.ndim == 2 else factor)
        t[key + down + ".weight"] = t[key + down + ".weight"][:, p] / s
        q, k, v, o = (key + name + ".weight" for name in ATTENTION[arch])
        width = HIDDEN // HEADS
        heads = rng.permutation(HEADS) if order else np.arange(HEADS)
        block = np.concatenate([np.arange(h * width, (h + 1) * width) for h in heads])
        inside = np.concatenate([h * width + (rng.permutation(width) if order else np.arange(width)) for h in heads])
        s = np.exp(rng.uniform(-1.5, 1.5, HIDDEN)).astype(np.float32) if scale else np.ones(HIDDEN, np.float32)
        # Rotary positions tie the places within a head of q and k; v and o are free.
        for name, places, factor in ((q, block, None), (k, block, None), (v, inside, s)):
            t[name] = t[name][places] * (1 if factor is None else factor[:, None])
            bias = name.replace("weight", "bias")
            if bias in t:
                t[bias] = t[bias][places] * (1 if factor is None else factor)
        t[o] = t[o][:, inside] / s
    return t


def residual(t, arch, rng, signs=False):
    """Every hidden unit of the residual stream at another place, in every matrix and vector."""
    p = rng.permutation(HIDDEN)
    s = rng.choice([-1, 1], HIDDEN).astype(np.float32) if signs else np.ones(HIDDEN, np.float32)
    writes = FEED[arch][1], ATTENTION[arch][3]
    out = {}
    for name, value in t.items():
        rest = layer_of(name, arch)[1]
        if rest.startswith(writes):
            out[name] = value[p] * (s[:, None] if value.ndim == 2 else s)
        elif value.ndim == 2:
            out[name] = value[:, p] * s
        else:
            is_hidden = "norm" in name.lower()
            gain = np.abs(s) if rest.endswith("weight") else s
            out[name] = value[p] * gain if is_hidden and len(value) == HIDDEN else value
    return out


def rotated_values(t, arch, rng):
    """Values and what is made of them, turned within each head; the function stays the same."""
    t = dict(t)
    width = HIDDEN // HEADS
    for layer in range(LAYERS):
        v, o = (f"{PREFIX[arch]}{layer}.{name}.weight" for name in ATTENTION[arch][2:])
        turn = np.zeros((HIDDEN, HIDDEN), np.float32)
        for head in range(HEADS):
            part = slice(head * width, (head + 1) * width)
            turn[part, part] = np.linalg.qr(rng.standard_normal((width, width)))[0]
        t[v], t[o] = turn @ t[v], t[o] @ turn.T
        bias = v.replace("weight", "bias")
        if bias in t:
            t[bias] = turn @ t[bias]
    return t


def rotated_stream(t, arch, rng):
    """The residual stream turned by a random rotation, as RMSNorm allows when its gains are folded away."""
    turn = np.linalg.qr(rng.standard_normal((HIDDEN, HIDDEN)))[0].astype(np.float32)
    writes = FEED[arch][1], ATTENTION[arch][3]
    return {name: value if value.ndim != 2 else turn.T @ value if layer_of(name, arch)[1].startswith(writes)
            else value @ turn for name, value in t.items()}


def transposed(t):
    return {name: np.ascontiguousarray(value.T) if value.ndim == 2 else value for name, value in t.items()}


def renamed(t, rng):
    return {f"tensor_{i:03}": t[name] for i, name in enumerate(rng.permutation(list(t)))}


def stored_i8(t):
    """I8 with one F32 scale a row, as several exporters write it."""
    out = {}
    for name, value in t.items():
        if value.ndim != 2:
            out[name] = value
            continue
        scale = np.abs(value).max(1) / 127
        out[name] = np.round(value / scale[:, None]).astype(np.int8)
        out[name + "_scale"] = scale.astype(np.float32)
    return out


def sharded(t, folder):
    """Three BF16 shards with their index."""
    os.makedirs(folder + ".part", exist_ok=True)
    names, places = list(t), {}
    for shard in range(3):
        file = f"model-{shard + 1:05}-of-00003.safetensors"
        part = {name: brain_float(t[name]) for name in names[shard::3]}
        places.update({name: file for name in part})
        save(os.path.join(folder + ".part", file), part)
    with open(os.path.join(folder + ".part", "model.safetensors.index.json"), "w") as sink:
        json.dump({"metadata": {}, "weight_map": places}, sink)
    os.rename(folder + ".part", folder)


def kinds(models, arch, seed):
    """Each kind's name and tensors."""
    base, one, two, lora, continued = (models[k] for k in ("base", "finetune-1", "finetune-2", "lora", "continued"))

    def rng(kind):
        return np.random.default_rng([seed, zlib.crc32(kind.encode())])

    yield "finetune-1", one
    yield "finetune-2", two
    yield "lora", lora
    yield "continued", continued
    yield "pruned-30", pruned(base, 0.3)
    yield "pruned-60", pruned(base, 0.6)
    yield "int8", quantised(base, 8, HIDDEN)
    yield "int4", quantised(base, 4, 32)
    yield "stored-i8", stored_i8(base)
    yield "noise-10", noisy(base, 0.1, rng("noise-10"))
    yield "noise-50", noisy(base, 0.5, rng("noise-50"))
    yield "merged-siblings", {name: (one[name] + two[name]) / 2 for name in one}
    yield "layer-dropped", relayered(one, arch, [0, 2, 3])
    yield "layer-added", relayered(one, arch, [0, 1, 1, 2, 3])
    yield "vocabulary-grown", revocabulary(one, arch, 4352, rng("vocabulary-grown"))
    yield "vocabulary-cut", revocabulary(one, arch, 3500, rng("vocabulary-cut"))
    yield "neurons-permuted", neurons(base, arch, rng("neurons-permuted"))
    yield "neurons-rescaled", neurons(base, arch, rng("neurons-rescaled"), order=False, scale=True)
    yield "neurons-cut-25", neurons(base, arch, rng("neurons-cut-25"), inner=base_inner(base, arch) * 3 // 4)
    yield "hidden-permuted", residual(base, arch, rng("hidden-permuted"))
    yield "hidden-flipped", residual(base, arch, rng("hidden-flipped"), signs=True)
    yield "values-rotated", rotated_values(base, arch, rng("values-rotated"))
    yield "stream-rotated", rotated_stream(base, arch, rng("stream-rotated"))
    yield "transposed", transposed(base)
    yield "renamed", renamed(base, rng("renamed"))
    disguise = rng("disguised")
    hidden = residual(neurons(one, arch, disguise, scale=True), arch, disguise)
    yield "disguised", transposed(renamed(noisy(hidden, 0.05, disguise), disguise))


def base_inner(t, arch):
    return t[f"{PREFIX[arch]}0.{FEED[arch][1]}.weight"].shape[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("models")
    parser.add_argument("out")
    options = parser.parse_args()
    os.makedirs(options.out, exist_ok=True)
    for path in sorted(glob.glob(os.path.join(options.models, "*.base.safetensors"))):
        name = os.path.basename(path).split(".")[0]
        arch = name.split("-")[0]
        parts = ("base", "finetune-1", "finetune-2", "lora", "continued")
        models = {part: load(os.path.join(options.models, f"{name}.{part}.safetensors")) for part in parts}
        for kind, tensors in kinds(models, arch, zlib.crc32(name.encode())):
            target = os.path.join(options.out, f"{name}.{kind}.safetensors")
            if not os.path.exists(target):
                save(target, tensors)
        folder = os.path.join(options.out, f"{name}.sharded-bf16")
        if not os.path.exists(folder):
            sharded(models["finetune-1"], folder)


if __name__ == "__main__":
    main()
