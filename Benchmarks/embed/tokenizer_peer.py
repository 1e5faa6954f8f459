#!/usr/bin/env python3
"""Times Hugging Face `tokenizers` on the texts of a JSON Lines file and prints one JSON object.

    tokenizer_peer.py MODEL TEXTS.jsonl --threads N [--passes N]
"""
import argparse
import json
import os
import statistics
import time

arguments = argparse.ArgumentParser()
arguments.add_argument("model")
arguments.add_argument("texts")
arguments.add_argument("--threads", type=int, required=True)
arguments.add_argument("--passes", type=int, default=3)
options = arguments.parse_args()

# Read when the package starts its threads.
os.environ["TOKENIZERS_PARALLELISM"] = "true"
os.environ["RAYON_NUM_THREADS"] = str(options.threads)
from tokenizers import Tokenizer  # noqa: E402

with open(options.texts, encoding="utf-8") as file:
    texts = [json.loads(line)["text"] for line in file]
tokenizer = Tokenizer.from_file(f"{options.model}/tokenizer.json")
tokenizer.no_truncation()
tokenizer.no_padding()

seconds = []
for _ in range(options.passes):
    start = time.perf_counter()
    encodings = tokenizer.encode_batch(texts)
    seconds.append(time.perf_counter() - start)

# FNV-1a over the ids, as `GradprintBenchmarks tokenizer` has it.
digest, count = 0xCBF29CE484222325, 0
for encoding in encodings:
    ids = encoding.ids
    count += len(ids)
    for token in ids:
        digest = ((digest ^ token) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
print(json.dumps({"texts": len(texts), "ids": count, "digest": f"{digest:x}",
                  "textsPerSecond": len(texts) / statistics.median(seconds)}))
