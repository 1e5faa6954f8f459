#!/usr/bin/env python3
"""Makes queries for a file of vectors, and their exact nearest rows.

    queries.py BASE.fbin QUERIES.fbin TRUTH.ibin [--count 1000] [--sigma 0.03] [--neighbours 10] [--seed 1]

A query is a row of the base, drawn without replacement, with normal noise of `sigma` in each dimension. Neighbours are
those of least Euclidean distance, measured in float64 among the best of a float32 product; equal distances stand by row.
"""
import argparse

import numpy as np

import vectors

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("base")
parser.add_argument("queries")
parser.add_argument("truth")
parser.add_argument("--count", type=int, default=1000)
parser.add_argument("--sigma", type=float, default=0.03)
parser.add_argument("--neighbours", type=int, default=10)
parser.add_argument("--seed", type=int, default=1)
options = parser.parse_args()

base = vectors.read(options.base)
random = np.random.default_rng(options.seed)
rows = np.sort(random.choice(len(base), options.count, replace=False))
queries = (base[rows] + random.normal(0, options.sigma, (options.count, base.shape[1]))).astype(np.float32)

kept = 4 * options.neighbours
best = np.full((options.count, kept), np.inf, np.float32)
found = np.zeros((options.count, kept), np.int64)
for start in range(0, len(base), 65_536):
    block = np.asarray(base[start:start + 65_536])
    keys = np.einsum("nd,nd->n", block, block)[None, :] - 2 * (queries @ block.T)
    keys = np.concatenate([best, keys], axis=1)
    take = np.argpartition(keys, kept - 1, axis=1)[:, :kept]
    best = np.take_along_axis(keys, take, axis=1)
    candidates = np.concatenate([found, np.broadcast_to(np.arange(start, start + len(block)), (options.count, len(block)))],
                                axis=1)
    found = np.take_along_axis(candidates, take, axis=1)

truth = np.empty((options.count, options.neighbours), np.int32)
for query in range(options.count):
    candidates = np.sort(found[query])
    gaps = np.asarray(base[candidates], np.float64) - queries[query].astype(np.float64)
    distances = np.einsum("nd,nd->n", gaps, gaps)
    truth[query] = candidates[np.argsort(distances, kind="stable")[:options.neighbours]]
vectors.write(options.queries, queries)
vectors.write(options.truth, truth, np.int32)
