#!/usr/bin/env python3
"""Trains the bench's models: bases of different origin, and those derivatives that need training.

    train.py CORPUS.jsonl FOLDER [--only NAME]

For each architecture four bases of one shape: a, b and c of different seeds and texts, d of another seed on a's texts
(the hardest unrelated pair). From each base, on texts it has not seen: two fine-tunes, a LoRA merged in, and continued
pretraining with a high learning rate. A model that is there is left. One thread, so that a run repeats itself.
"""

import argparse
import json
import os
import re
import time
import zlib

import torch

import architectures
from safetensors_io import load, save

STEPS, BATCH = {"base": 500, "finetune": 120, "lora": 120, "continued": 200}, 16
RATE = {"base": 3e-3, "finetune": 5e-4, "lora": 2e-3, "continued": 1.5e-3}
BASES = {"a": (11, 0), "b": (22, 1), "c": (33, 2), "d": (44, 0)}
TUNING = {"finetune-1": ("finetune", 3), "finetune-2": ("finetune", 4), "lora": ("lora", 5), "continued": ("continued", 6)}
PARTS = 7


def tokenize(corpus):
    """The corpus as token numbers in PARTS streams: words of the 4094 most frequent, 0 unknown, 1 the mask."""
    counts, streams = {}, [[] for _ in range(PARTS)]
    with open(corpus, encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            words = re.findall(r"\w+|[^\w\s]", record["text"].lower())
            streams[zlib.crc32(record["id"].encode()) % PARTS].extend(words)
            for word in words:
                counts[word] = counts.get(word, 0) + 1
    frequent = sorted(counts, key=lambda word: (-counts[word], word))[: architectures.VOCABULARY - 2]
    # Shuffled, so that no model can tell a token's frequency from its number.
    frequent.sort(key=lambda word: zlib.crc32(word.encode()))
    numbers = {word: index + 2 for index, word in enumerate(frequent)}
    return [torch.tensor([numbers.get(word, 0) for word in stream]) for stream in streams]


class LowRank(torch.nn.Module):
    """W + B·A of rank 4 in place of a trained W."""

    def __init__(self, shape):
        super().__init__()
        self.a = torch.nn.Parameter(torch.randn(4, shape[1]) / shape[1] ** 0.5)
        self.b = torch.nn.Parameter(torch.zeros(shape[0], 4))

    def forward(self, weight):
        return weight + self.b @ self.a


def train(model, stream, kind, seed):
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    if kind == "lora":
        model.requires_grad_(False)
        for module in list(model.modules()):
            if isinstance(module, torch.nn.Linear):
                torch.nn.utils.parametrize.register_parametrization(module, "weight", LowRank(module.weight.shape))
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=RATE[kind], betas=(0.9, 0.95), weight_decay=0.05)
    steps, length = STEPS[kind], architectures.LENGTH + 1
    rate = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / 30, 1) * (0.1 + 0.9 * (1 - step / steps)))
    first = last = 0.0
    for step in range(steps):
        starts = torch.randint(0, len(stream) - length, (BATCH,), generator=generator)
        loss = model.loss(torch.stack([stream[s : s + length] for s in starts.tolist()]), generator)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        rate.step()
        if step < 20:
            first += loss.item() / 20
        if step >= steps - 20:
            last += loss.item() / 20
    if kind == "lora":
        for module in list(model.modules()):
            if isinstance(module, torch.nn.Linear):
                torch.nn.utils.parametrize.remove_parametrizations(module, "weight")
    return first, last


def arrays(model):
    return {name: value.detach().numpy() for name, value in model.state_dict().items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("corpus")
    parser.add_argument("folder")
    parser.add_argument("--only", default="", help="train models whose name begins so")
    options = parser.parse_args()
    torch.set_num_threads(1)
    os.makedirs(options.folder, exist_ok=True)
    streams = None
    for architecture in ("decoder", "encoder"):
        for base, (seed, part) in BASES.items():
            name = f"{architecture}-{base}"
            if not name.startswith(options.only):
                continue
            for kind_name, (kind, kind_part) in {"base": ("base", part), **TUNING}.items():
                path = os.path.join(options.folder, f"{name}.{kind_name}.safetensors")
                if os.path.exists(path):
                    continue
                streams = streams or tokenize(options.corpus)
                model = architectures.make(architecture, seed)
                if kind != "base":
                    start = load(os.path.join(options.folder, f"{name}.base.safetensors"))
                    model.load_state_dict({key: torch.from_numpy(value) for key, value in start.items()})
                began = time.process_time()
                first, last = train(model, streams[kind_part], kind, seed + kind_part)
                save(path, arrays(model))
                print(f"{name}.{kind_name}: loss {first:.2f} → {last:.2f}, "
                      f"{time.process_time() - began:.0f} s of one core", flush=True)


if __name__ == "__main__":
    main()
