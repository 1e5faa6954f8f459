#!/usr/bin/env python3
"""Times sentence-transformers on the texts of a JSON Lines file, at the batch size that is fastest on a part of them.

    transformer_peer.py MODEL TEXTS.jsonl --threads N [--batch-size N] [--vectors OURS.fbin]

Prints one JSON object; with --vectors also the lowest cosine of its vectors with those of the file.
"""
import argparse
import json
import os
import time

os.environ["TOKENIZERS_PARALLELISM"] = "true"
import numpy  # noqa: E402
import torch  # noqa: E402
from sentence_transformers import SentenceTransformer  # noqa: E402

BATCH_SIZES = [8, 16, 32, 64, 128]
# Of the texts, for choosing the batch size: enough for two batches of the largest.
PART = 256

arguments = argparse.ArgumentParser()
arguments.add_argument("model")
arguments.add_argument("texts")
arguments.add_argument("--threads", type=int, required=True)
arguments.add_argument("--batch-size", type=int)
arguments.add_argument("--vectors")
options = arguments.parse_args()

torch.set_num_threads(options.threads)
os.environ["RAYON_NUM_THREADS"] = str(options.threads)
with open(options.texts, encoding="utf-8") as file:
    texts = [json.loads(line)["text"] for line in file]
model = SentenceTransformer(options.model, device="cpu")


def seconds(some, batch_size):
    start, processor = time.perf_counter(), time.process_time()
    vectors = model.encode(some, batch_size=batch_size, show_progress_bar=False)
    return time.perf_counter() - start, time.process_time() - processor, vectors


batch_size = options.batch_size
if not batch_size:
    # Fewer where a text takes long.
    part = texts[:PART] if sum(map(len, texts)) < 200 * len(texts) else texts[:PART // 4]
    seconds(part[:16], 16)
    batch_size = min((b for b in BATCH_SIZES if b <= len(part)), key=lambda b: seconds(part, b)[0])
elapsed, processor, vectors = seconds(texts, batch_size)
result = {"texts": len(texts), "batchSize": batch_size, "textsPerSecond": len(texts) / elapsed,
          "textsPerProcessorSecond": len(texts) / processor}
if options.vectors:
    ours = numpy.fromfile(options.vectors, dtype=numpy.float32, offset=8).reshape(len(texts), -1).astype(float)
    theirs = vectors.astype(float)
    norms = numpy.linalg.norm(ours, axis=1) * numpy.linalg.norm(theirs, axis=1)
    result["lowestCosine"] = float(((ours * theirs).sum(axis=1) / norms).min())
print(json.dumps(result))
