#!/usr/bin/env python3
"""Prints what `Benchmarks/index/large.sh` measured as Markdown tables.

    large.py RESULTS [--probes RECALL]

With --probes: only the fewest partitions whose recall was reached, or the most that were tried.
"""
import argparse
import json
import os

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("results")
parser.add_argument("--probes", type=float)
options = parser.parse_args()
folder = options.results


def read(name):
    path = f"{folder}/{name}.json"
    if not os.path.exists(path):
        return None
    with open(path) as file:
        return json.load(file)


def table(head, rows):
    print("| " + " | ".join(head) + " |")
    print("|---" + "|---:" * (len(head) - 1) + "|")
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


if options.probes is not None:
    points = sorted(read("search")["searches"], key=lambda point: point["probes"])
    reached = [point for point in points if point["recall"] >= options.probes]
    print((reached or points[-1:])[0]["probes"])
    raise SystemExit

real, made = read("real"), read("made")
head = ["", "rows"] + [f"{100 * q:.0f} %" for q in real["quantiles"]]
rows = []
for key, name in (("nearest", "distance to the nearest neighbour"), ("farthest", f"to neighbour {real['neighbours']}")):
    for found, which in ((real, "real"), (made, "made")):
        rows.append([f"{name}, {which}", f"{found['rows']:,}"] + [f"{value:.3f}" for value in found[key]])
    rows.append(["made / real", ""] + [f"{b / a:.3f}" for a, b in zip(real[key], made[key])])
table(head, rows)

index = read("build")
build = index["build"]
print(f"{index['rows']:,} vectors of {index['dimension']} dimensions, {index['partitions']:,} partitions, {index['bits']} bits, "
      f"{index['bytesPerVector']:.0f} bytes a vector, kernels: {index['kernels']}\n")
stages = ["sample", "train", "assign and encode", "merge"]
table(["stage", "s", "processor s", "resident peak so far, MB"],
      [[stage, f"{build['seconds'][stage]:.1f}", f"{build['processorSeconds'][stage]:.1f}",
        f"{build['peakMegabytes'][stage]:,.0f}"] for stage in stages]
      + [["total", f"{build['seconds']['total']:.1f}", f"{sum(build['processorSeconds'].values()):.1f}",
          f"{max(build['peakMegabytes'].values()):,.0f}"]])
print(f"Merged {build['partBytes'] / 1e6:,.0f} MB of parts at {build['mergeMegabytesPerSecond']:,.0f} MB/s, and again, from the "
      f"system's cache, at {build['mergeAgainMegabytesPerSecond']:,.0f} MB/s.\n")

limit = read("limit")
for name in ("search", "limited"):
    found = read(name)
    if name == "limited":
        print("From a cold cache" + (f", with {limit['limit'] / 1e6:,.0f} MB of memory for an index of "
                                     f"{limit['bytes'] / 1e6:,.0f} MB:\n" if limit else ", without a limit of memory:\n"))
    print(f"Opened in {found['openMilliseconds']:.1f} ms ({found['openProcessorMilliseconds']:.1f} of a processor); resident peak {found['peakMegabytes']:,.0f} MB\n")
    table(["probes", "recall@10", "queries/s", "of the first batch", "read for it, MB", "alone p50 ms", "alone p99 ms"],
          [[f"{point['probes']}", f"{point['recall']:.4f}", f"{point['queriesPerSecond']:,.0f}",
            f"{point['firstQueriesPerSecond']:,.0f}", f"{point['firstReadMegabytes']:,.0f}",
            f"{point['singleMilliseconds50']:.2f}", f"{point['singleMilliseconds99']:.2f}"]
           for point in found["searches"]])
