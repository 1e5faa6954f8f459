#!/usr/bin/env python3
"""The numeric chain by NumPy, PyTorch or FAISS, on the same rows and with the same work as `GradprintBenchmarks numeric`.

    numeric_peers.py numpy|torch|faiss VECTORS.fbin --evaluations N [--threads 2]

Prints one JSON object: seconds by stage, and what was reached (inertia, objective). Work that is the same for all:
a sample of 65,536 rows; 20 passes of Lloyd's iteration from k-means++ seeds (FAISS: from its own random ones); the
nearest of 10 centroids for all rows; L-BFGS for the softmax probe until it has evaluated objective and gradient
N times on the sample; softmax - onehot of all rows; their gradients projected to 32 numbers by one matrix of signs.

Tuning. NumPy: its BLAS has one thread and row blocks go to a pool of threads, so that element-wise work is parallel
too (NumPy releases the interpreter's lock); blocks stay in cache. PyTorch: its own threads, out= buffers, no autograd
where the gradient is a formula. FAISS: k-means and labels by FAISS, the rest is NumPy's code.
"""
import argparse
import json
import os
import sys
import time

parser = argparse.ArgumentParser()
parser.add_argument("peer", choices=["numpy", "torch", "faiss"])
parser.add_argument("vectors")
parser.add_argument("--evaluations", type=int, required=True)
parser.add_argument("--threads", type=int, default=2)
arguments = parser.parse_args()
# Before NumPy loads its BLAS.
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["OMP_NUM_THREADS"] = str(arguments.threads)

from concurrent.futures import ThreadPoolExecutor  # noqa: E402

import numpy as np  # noqa: E402

CLUSTERS, PASSES, SAMPLE, OUTPUTS, L2, MEMORY = 10, 20, 65_536, 32, 1e-4, 10
BLOCK = 1024


def lbfgs(objective, start, evaluations, dot):
    """L-BFGS (Nocedal & Wright, algorithm 7.5) with backtracking, until `evaluations` calls of the objective."""
    point, pairs = start, []
    value, gradient = objective(point)
    used = 1
    while used < evaluations:
        direction = -gradient
        shares = []
        for step, change, curvature in reversed(pairs):
            share = dot(step, direction) / curvature
            direction = direction - share * change
            shares.append(share)
        if pairs:
            step, change, curvature = pairs[-1]
            direction = direction * (curvature / dot(change, change))
        for (step, change, curvature), share in zip(pairs, reversed(shares)):
            direction = direction + (share - dot(change, direction) / curvature) * step
        slope = dot(direction, gradient)
        length = 1.0 if pairs else min(1.0, float(dot(gradient, gradient)) ** -0.5)
        while True:
            trial = point + length * direction
            new_value, new_gradient = objective(trial)
            used += 1
            if new_value <= value + 1e-4 * length * slope or used >= evaluations:
                break
            length /= 2
        if new_value > value:
            break
        step, change = trial - point, new_gradient - gradient
        curvature = dot(step, change)
        if curvature > 0:
            pairs = (pairs + [(step, change, curvature)])[-MEMORY:]
        point, value, gradient = trial, new_value, new_gradient
    return point, float(value)


class NumPy:
    def __init__(self, rows, threads):
        self.rows, self.pool, self.threads = rows, ThreadPoolExecutor(threads), threads

    def blocks(self, body, count, size=BLOCK):
        """body(start, end) over blocks of rows; the results in order."""
        ends = [(i, min(count, i + size)) for i in range(0, count, size)]
        return list(self.pool.map(lambda r: body(*r), ends))

    def sample(self):
        chosen = np.sort(np.random.default_rng(1).choice(len(self.rows), min(SAMPLE, len(self.rows)), replace=False))
        return chosen, np.take(self.rows, chosen, axis=0)

    def cluster(self, x):
        generator = np.random.default_rng(2)
        squares = np.concatenate(self.blocks(lambda a, b: np.einsum("ij,ij->i", x[a:b], x[a:b]), len(x)))
        centroids = x[[generator.integers(len(x))]]
        nearest = np.full(len(x), np.inf, np.float32)
        while len(centroids) < CLUSTERS:
            last = centroids[-1]
            products = np.concatenate(self.blocks(lambda a, b: x[a:b] @ last, len(x), 8 * BLOCK))
            np.minimum(nearest, np.maximum(squares - 2 * products + last @ last, 0), out=nearest)
            cumulated = np.cumsum(nearest, dtype=np.float64)
            chosen = np.searchsorted(cumulated, generator.random() * cumulated[-1])
            centroids = np.concatenate([centroids, x[[chosen]]])
        total = float(squares.sum(dtype=np.float64))
        for _ in range(PASSES):
            half = (centroids * centroids).sum(1) / 2

            def assign(a, b):
                scores = x[a:b] @ centroids.T
                scores -= half
                labels = scores.argmax(1)
                onehot = np.zeros((CLUSTERS, b - a), np.float32)
                onehot[labels, np.arange(b - a)] = 1
                best = scores[np.arange(b - a), labels].sum(dtype=np.float64)
                return onehot @ x[a:b], onehot.sum(1), best

            parts = self.blocks(assign, len(x))
            counts = np.maximum(sum(p[1] for p in parts), 1)
            inertia = total - 2 * sum(p[2] for p in parts)
            centroids = (sum(p[0].astype(np.float64) for p in parts) / counts[:, None]).astype(np.float32)
        return centroids, inertia

    def label(self, centroids):
        half = (centroids * centroids).sum(1) / 2
        labels = np.empty(len(self.rows), np.int64)

        def assign(a, b):
            scores = self.rows[a:b] @ centroids.T
            scores -= half
            scores.argmax(1, out=labels[a:b])

        self.blocks(assign, len(self.rows))
        return labels

    @staticmethod
    def softmax(z):
        z -= z.max(1, keepdims=True)
        np.exp(z, out=z)
        z /= z.sum(1, keepdims=True)

    def train(self, x, labels, evaluations):
        width = x.shape[1]

        def objective(point):
            theta = point.reshape(CLUSTERS, width + 1).astype(np.float32)
            weights, bias = np.ascontiguousarray(theta[:, :width]), theta[:, width]

            def part(a, b):
                z = x[a:b] @ weights.T
                z += bias
                self.softmax(z)
                each = np.arange(b - a)
                loss = -np.log(np.maximum(z[each, labels[a:b]], 1e-38)).sum(dtype=np.float64)
                z[each, labels[a:b]] -= 1
                return loss, z.T @ x[a:b], z.sum(0)

            parts = self.blocks(part, len(x))
            gradient = np.concatenate(
                [sum(p[1].astype(np.float64) for p in parts), sum(p[2].astype(np.float64) for p in parts)[:, None]], 1)
            gradient = gradient.ravel() / len(x) + L2 * point
            return sum(p[0] for p in parts) / len(x) + L2 / 2 * point @ point, gradient

        point, value = lbfgs(objective, np.zeros(CLUSTERS * (width + 1)), evaluations, np.dot)
        return point.reshape(CLUSTERS, width + 1).astype(np.float32), value

    def gradients(self, theta, labels):
        weights, bias = np.ascontiguousarray(theta[:, :-1]), theta[:, -1]
        delta = np.empty((len(self.rows), CLUSTERS), np.float32)

        def part(a, b):
            z = delta[a:b]
            np.matmul(self.rows[a:b], weights.T, out=z)
            z += bias
            self.softmax(z)
            z[np.arange(b - a), labels[a:b]] -= 1

        self.blocks(part, len(self.rows))
        return delta

    def project(self, delta, signs):
        """`signs` is [32, 10, d + 1]: one product gives a row's 10 x 32 inner products, the second sums them over c."""
        width = self.rows.shape[1]
        matrix = np.ascontiguousarray(signs.transpose(2, 1, 0)[:width].reshape(width, CLUSTERS * OUTPUTS))
        bias = np.ascontiguousarray(signs.transpose(2, 1, 0)[width])
        result = np.empty((len(self.rows), OUTPUTS), np.float32)

        def part(a, b):
            products = (self.rows[a:b] @ matrix).reshape(b - a, CLUSTERS, OUTPUTS)
            np.matmul(delta[a:b, None, :], products, out=result[a:b, None, :])
            result[a:b] += delta[a:b] @ bias

        self.blocks(part, len(self.rows), 512)
        return result


class Faiss(NumPy):
    def __init__(self, rows, threads):
        super().__init__(rows, threads)
        import faiss

        faiss.omp_set_num_threads(threads)
        self.faiss = faiss

    def cluster(self, x):
        points = -(-len(x) // CLUSTERS)
        self.kmeans = self.faiss.Kmeans(
            x.shape[1], CLUSTERS, niter=PASSES, seed=2, max_points_per_centroid=points, min_points_per_centroid=1)
        self.kmeans.train(x)
        return self.kmeans.centroids, float(self.kmeans.obj[-1])

    def label(self, centroids):
        return self.kmeans.index.search(self.rows, 1)[1].ravel()


class Torch:
    def __init__(self, rows, threads):
        import torch

        torch.set_num_threads(threads)
        torch.set_grad_enabled(False)
        self.torch, self.rows = torch, torch.from_numpy(rows)

    def sample(self):
        torch = self.torch
        order = torch.randperm(len(self.rows), generator=torch.Generator().manual_seed(1))
        chosen = order[: min(SAMPLE, len(order))].sort().values
        return chosen, self.rows[chosen]

    def cluster(self, x):
        torch = self.torch
        generator = torch.Generator().manual_seed(2)
        squares = torch.linalg.vector_norm(x, dim=1).square_()
        centroids = x[torch.randint(len(x), (1,), generator=generator)]
        nearest = torch.full((len(x),), float("inf"))
        while len(centroids) < CLUSTERS:
            distances = torch.addmv(squares, x, centroids[-1], alpha=-2).add_(centroids[-1].dot(centroids[-1]))
            torch.minimum(nearest, distances.clamp_(min=0), out=nearest)
            centroids = torch.cat([centroids, x[torch.multinomial(nearest, 1, generator=generator)]])
        total = squares.sum(dtype=torch.float64).item()
        for _ in range(PASSES):
            half = centroids.square().sum(1) / 2
            best, labels = torch.addmm(-half, x, centroids.T).max(1)
            inertia = total - 2 * best.sum(dtype=torch.float64).item()
            onehot = torch.nn.functional.one_hot(labels, CLUSTERS).to(torch.float32)
            centroids = (onehot.T @ x) / onehot.sum(0).clamp_(min=1)[:, None]
        return centroids, inertia

    def label(self, centroids):
        torch = self.torch
        half = centroids.square().sum(1) / 2
        transposed = centroids.T.contiguous()
        blocks = [torch.addmm(-half, rows, transposed).argmax(1) for rows in self.rows.split(8192)]
        return torch.cat(blocks)

    def train(self, x, labels, evaluations):
        torch = self.torch
        functional = torch.nn.functional
        width = x.shape[1]
        flat = labels * 1
        rows = torch.arange(len(x))

        def objective(point):
            theta = point.view(CLUSTERS, width + 1).to(torch.float32)
            logits = torch.addmm(theta[:, width], x, theta[:, :width].T.contiguous())
            logs = functional.log_softmax(logits, 1)
            loss = functional.nll_loss(logs, flat).item()
            delta = logs.exp_()
            delta[rows, flat] -= 1
            gradient = torch.cat([delta.T @ x, delta.sum(0)[:, None]], 1).to(torch.float64).view(-1)
            return loss + L2 / 2 * point.dot(point).item(), gradient / len(x) + L2 * point

        start = torch.zeros(CLUSTERS * (width + 1), dtype=torch.float64)
        point, value = lbfgs(objective, start, evaluations, torch.dot)
        return point.view(CLUSTERS, width + 1).to(torch.float32), value

    def gradients(self, theta, labels):
        torch = self.torch
        weights, bias = theta[:, :-1].T.contiguous(), theta[:, -1].contiguous()
        delta = torch.empty(len(self.rows), CLUSTERS)
        for rows, part, own in zip(self.rows.split(8192), delta.split(8192), labels.split(8192)):
            torch.softmax(torch.addmm(bias, rows, weights), 1, out=part)
            part[torch.arange(len(own)), own] -= 1
        return delta

    def project(self, delta, signs):
        torch = self.torch
        signs = torch.from_numpy(signs)
        width = self.rows.shape[1]
        turned = signs.permute(2, 1, 0)
        matrix = turned[:width].reshape(width, CLUSTERS * OUTPUTS).contiguous()
        bias = turned[width].contiguous()
        result = torch.empty(len(self.rows), OUTPUTS)
        for rows, part, out in zip(self.rows.split(2048), delta.split(2048), result.split(2048)):
            products = (rows @ matrix).view(-1, CLUSTERS, OUTPUTS)
            torch.bmm(part[:, None, :], products, out=out[:, None, :])
            out.addmm_(part, bias)
        return result


def main():
    with open(arguments.vectors, "rb") as file:
        count, width = np.fromfile(file, np.uint32, 2)
        rows = np.fromfile(file, np.float32).reshape(count, width)
    peer = {"numpy": NumPy, "torch": Torch, "faiss": Faiss}[arguments.peer](rows, arguments.threads)
    signs = np.random.default_rng(3).integers(0, 2, (OUTPUTS, CLUSTERS, width + 1)).astype(np.float32)
    signs = (2 * signs - 1) / np.float32(OUTPUTS) ** np.float32(0.5)
    np.ones((2048, 384), np.float32) @ np.ones((384, 64), np.float32)  # wakes the threads

    seconds, processor, mark = {}, {}, (time.perf_counter(), time.process_time())

    def lap(stage):
        nonlocal mark
        now = (time.perf_counter(), time.process_time())
        seconds[stage], processor[stage], mark = now[0] - mark[0], now[1] - mark[1], now

    chosen, sample = peer.sample()
    centroids, inertia = peer.cluster(sample)
    lap("k-means")
    labels = peer.label(centroids)
    lap("labels")
    theta, objective = peer.train(sample, labels[chosen], arguments.evaluations)
    lap("probe")
    delta = peer.gradients(theta, labels)
    lap("gradients")
    signatures = peer.project(delta, signs)
    lap("projection")

    # Outside the clock: the first rows against the definition, so that no speed comes from a wrong result.
    first = np.asarray(delta[:50], np.float64)
    inputs = np.concatenate([rows[:50], np.ones((50, 1), np.float32)], 1).astype(np.float64)
    expected = np.einsum("mck,bc,bk->bm", signs.astype(np.float64), first, inputs)
    error = float(np.abs(expected - np.asarray(signatures[:50])).max())
    if error > 1e-3:
        sys.exit(f"{arguments.peer}: the projection is off by {error}")
    json.dump({"name": arguments.peer, "seconds": seconds,
               "processorSeconds": processor, "inertia": inertia, "passes": PASSES, "objective": objective, "evaluations": arguments.evaluations}, sys.stdout)
    print()


main()
