#!/usr/bin/env python3
"""Times model2vec on the texts of a JSON Lines file, as `GradprintBenchmarks static` times ours.

usage: static_peer.py TABLE TEXTS.jsonl [--copies N] [--rounds N] [--threads N] [--vectors OURS.fbin]

With --vectors, the vectors in OURS.fbin (`GradprintBenchmarks embed TABLE TEXTS.jsonl OURS.fbin`) are compared first.
Prints one JSON object. Needs model2vec from PyPI.
"""
import argparse
import json
import os
import statistics
import time


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("table")
    parser.add_argument("texts")
    parser.add_argument("--copies", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--vectors")
    options = parser.parse_args()
    os.environ["RAYON_NUM_THREADS"] = str(options.threads)
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = str(options.threads)

    import numpy as np
    from model2vec import StaticModel

    with open(options.texts, encoding="utf-8") as lines:
        texts = [json.loads(line)["text"] for line in lines]
    started = time.perf_counter()
    model = StaticModel.from_pretrained(options.table)
    result = {"loadSeconds": time.perf_counter() - started}
    if options.vectors:
        shape = np.fromfile(options.vectors, "<u4", 2)
        ours = np.fromfile(options.vectors, "<f4", offset=8).reshape(shape).astype(np.float64)
        theirs = model.encode(texts, use_multiprocessing=False).astype(np.float64)
        lengths = np.linalg.norm(ours, axis=1) * np.linalg.norm(theirs, axis=1)
        cosines = (ours * theirs).sum(axis=1)[lengths > 0] / lengths[lengths > 0]
        result["smallestCosine"] = float(cosines.min())
        result["zeroVectors"] = [int((np.linalg.norm(x, axis=1) == 0).sum()) for x in (ours, theirs)]
    texts = texts * options.copies
    for name, parallel in (("tokenizerThreads", False), ("batchThreads", True)):
        seconds = []
        for _ in range(options.rounds):
            started = time.perf_counter()
            # Its two ways to use several cores: the tokenizer's threads in each batch, or batches on threads.
            os.environ["TOKENIZERS_PARALLELISM"] = "true"
            model.encode(texts, use_multiprocessing=parallel)
            seconds.append(time.perf_counter() - started)
        result[name] = {"seconds": seconds, "textsPerSecond": len(texts) / statistics.median(seconds)}
    result["texts"] = len(texts)
    print(json.dumps(result))


main()
