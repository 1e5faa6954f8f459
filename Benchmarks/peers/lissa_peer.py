#!/usr/bin/env python3
"""LiSSA by PyTorch's autograd, one output at a time: the plain way to write the method.

    lissa_peer.py VECTORS.fbin OUTPUTS.fbin PROBLEM.json [--threads 2]

Starts from the probe, labels, candidates, λ, μ and T that `GradprintBenchmarks lissa` wrote, and ends with an error when
its influences are not the same to 1 %. The graph of the sample's gradient is made once, outside the clock; each product
with the Hessian is one backward pass through it.
"""
import argparse
import json
import statistics
import sys
import time

import numpy as np
import torch

parser = argparse.ArgumentParser()
parser.add_argument("vectors")
parser.add_argument("outputs")
parser.add_argument("problem")
parser.add_argument("--threads", type=int, default=2)
arguments = parser.parse_args()
torch.set_num_threads(arguments.threads)


def read(path):
    with open(path, "rb") as file:
        rows, width = np.fromfile(file, np.uint32, 2)
        return torch.from_numpy(np.fromfile(file, np.float32).reshape(rows, width))


def loss(theta, inputs, labels):
    logits = torch.nn.functional.linear(inputs, theta[:, :-1], theta[:, -1])
    return torch.nn.functional.cross_entropy(logits, labels)


rows, outputs = read(arguments.vectors), read(arguments.outputs)
with open(arguments.problem) as file:
    problem = json.load(file)
labels = torch.tensor(problem["labels"])
output_labels = torch.tensor(problem["outputLabels"])
damping, scale, count = problem["damping"], problem["scale"], len(problem["candidates"][0])
theta = torch.tensor(problem["parameters"]).view(problem["classes"], -1).requires_grad_()
(gradient,) = torch.autograd.grad(loss(theta, rows, labels), theta, create_graph=True)

search, refine, worst = [], [], 0.0
for number, output in enumerate(outputs):
    start = time.perf_counter()
    nearest = torch.topk(rows @ output, count).indices
    found = time.perf_counter()
    own = slice(number, number + 1)
    (vector,) = torch.autograd.grad(loss(theta, outputs[own], output_labels[own]), theta)
    solution = vector / scale
    for _ in range(problem["iterations"] - 1):
        (product,) = torch.autograd.grad(gradient, theta, solution, retain_graph=True)
        solution = vector / scale + solution - (product + damping * solution) / scale
    influence = []
    for candidate in nearest.tolist():
        part = slice(candidate, candidate + 1)
        (other,) = torch.autograd.grad(loss(theta, rows[part], labels[part]), theta)
        influence.append(-torch.sum(solution * other).item())
    refined = time.perf_counter()
    search.append(1000 * (found - start))
    refine.append(1000 * (refined - found))
    expected = dict(zip(problem["candidates"][number], problem["influences"][number]))
    largest = max(abs(value) for value in expected.values())
    for candidate, value in zip(nearest.tolist(), influence):
        if candidate in expected and largest > 0:
            worst = max(worst, abs(value - expected[candidate]) / largest)
if worst > 0.01:
    sys.exit(f"the influences differ from gradprint's by up to {worst:.2%} of the largest")
json.dump({"name": "torch autograd", "searchMilliseconds": statistics.median(search),
           "refineMilliseconds": statistics.median(refine), "largestDifference": worst}, sys.stdout)
print()
