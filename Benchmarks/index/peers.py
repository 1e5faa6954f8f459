#!/usr/bin/env python3
"""Times one peer index: builds it, then sweeps its search parameters. Prints one JSON object.

    peers.py faiss-ivfpq|faiss-hnsw|rabitq-raw|rabitq-5 BASE.fbin QUERIES.fbin TRUTH.ibin [--threads 2] [--rounds 3]

A point is one setting: recall@10 against the exact neighbours, and queries a second of the whole batch, the median of
the rounds after one call that warms up.
"""
import argparse
import json
import os
import resource
import statistics
import time

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("peer", choices=["faiss-ivfpq", "faiss-hnsw", "rabitq-raw", "rabitq-5"])
parser.add_argument("base")
parser.add_argument("queries")
parser.add_argument("truth")
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--rounds", type=int, default=3)
options = parser.parse_args()
os.environ["OMP_NUM_THREADS"] = str(options.threads)

import numpy as np  # noqa: E402

import vectors  # noqa: E402

base = np.ascontiguousarray(vectors.read(options.base))
queries = np.ascontiguousarray(vectors.read(options.queries))
truth = np.asarray(vectors.read(options.truth, np.int32))
count = truth.shape[1]
lists = 2048 if len(base) >= 200_000 else max(16, int(4 * len(base) ** 0.5))


def recall(rows):
    return float(np.mean([len(set(a) & set(b)) / count for a, b in zip(rows, truth)]))


def measure(search, **setting):
    rows = search(queries)
    seconds = []
    for _ in range(options.rounds):
        start = time.perf_counter()
        search(queries)
        seconds.append(time.perf_counter() - start)
    alone = []
    for query in queries[:200]:
        start = time.perf_counter()
        search(query[None, :])
        alone.append(time.perf_counter() - start)
    return {"setting": setting, "recall": recall(rows), "queries_per_second": len(queries) / statistics.median(seconds),
            "alone_ms": 1000 * statistics.median(alone)}


def faiss_ivfpq():
    import faiss
    faiss.omp_set_num_threads(options.threads)
    name = f"IVF{lists},PQ{base.shape[1] // 4}x4fs,RFlat"
    index = faiss.index_factory(base.shape[1], name)
    start = time.perf_counter()
    index.train(base)
    index.add(base)
    built = time.perf_counter() - start
    points = []
    for probes in [8, 16, 32, 48, 64, 96, 128, 160, 192, 256, 384]:
        for factor in [4, 8, 16, 32]:
            faiss.extract_index_ivf(index.base_index).nprobe = probes
            index.k_factor = factor
            points.append(measure(lambda q: index.search(q, count)[1], nprobe=probes, k_factor=factor))
    return name, built, base.shape[1] * 4 + base.shape[1] / 8 + 8, points


def faiss_hnsw():
    import faiss
    faiss.omp_set_num_threads(options.threads)
    index = faiss.index_factory(base.shape[1], "HNSW32")
    start = time.perf_counter()
    index.add(base)
    built = time.perf_counter() - start
    points = []
    for breadth in [16, 32, 64, 96, 128, 192, 256, 384, 512]:
        index.hnsw.efSearch = breadth
        points.append(measure(lambda q: index.search(q, count)[1], efSearch=breadth))
    return "HNSW32", built, base.shape[1] * 4 + 4 * 64 * 1.05, points


def rabitq(bits):
    import rabitqlib
    start = time.perf_counter()
    clustering = rabitqlib.RaBitQKMeans(base.shape[1], lists, num_threads=options.threads)
    clustering.train(base)
    index = rabitqlib.IvfIndex(base.shape[1], len(base), lists, bits)
    index.build(base, clustering.centroids, clustering.assignments, num_threads=options.threads, fast_quantization=True)
    built = time.perf_counter() - start
    points = []
    for probes in [8, 16, 32, 48, 64, 96, 128, 160, 192, 256, 384]:
        points.append(measure(lambda q: index.search(q, count, probes, num_threads=options.threads)[0], nprobe=probes))
    # A 1-bit code, what refines it, factors and an id.
    refined = 4 * base.shape[1] if bits == 32 else base.shape[1] * (bits - 1) / 8
    return f"RaBitQ IVF{lists}, {bits} bits", built, base.shape[1] / 8 + refined + 24, points


run = {"faiss-ivfpq": faiss_ivfpq, "faiss-hnsw": faiss_hnsw, "rabitq-raw": lambda: rabitq(32),
       "rabitq-5": lambda: rabitq(5)}[options.peer]
name, built, size, points = run()
print(json.dumps({
    "engine": options.peer, "name": name, "rows": len(base), "dimension": base.shape[1], "threads": options.threads,
    "build_seconds": built, "bytes_per_vector": size, "points": points,
    "resident_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, "load": os.getloadavg()[0]}))
