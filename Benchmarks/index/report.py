#!/usr/bin/env python3
"""Prints what `Benchmarks/index/run.sh` measured as a Markdown table, and writes the curves as CSV and SVG.

    report.py RESULTS OUT_PREFIX [--marks 0.95,0.96]

For each engine and mark the table has the fastest setting whose recall reaches the mark.
"""
import argparse
import csv
import glob
import json

import matplotlib

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "gradprint"
import matplotlib.pyplot as plot  # noqa: E402

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("results")
parser.add_argument("prefix")
parser.add_argument("--marks", default="0.95,0.96")
options = parser.parse_args()
marks = [float(mark) for mark in options.marks.split(",")]

engines = []
for path in sorted(glob.glob(f"{options.results}/*.json")):
    with open(path) as file:
        engines.append(json.load(file))
engines.sort(key=lambda engine: engine["engine"] != "gradprint")


def fastest(engine, mark):
    reached = [point for point in engine["points"] if point["recall"] >= mark]
    return max(reached, key=lambda point: point["queries_per_second"], default=None)


def setting(point):
    return ", ".join(f"{name} {value}" for name, value in point["setting"].items())


first = engines[0]
print(f"{first['rows']:,} rows of {first['dimension']} dimensions, {first['threads']} threads, recall@10\n")
head = ["engine", "build s", "bytes/vector", "resident MB"]
for mark in marks:
    head += [f"queries/s at ≥ {mark:g}", "recall", "setting", "alone ms"]
print("| " + " | ".join(head) + " |")
print("|---" + "|---:" * (len(head) - 1) + "|")
for engine in engines:
    cells = [engine["name"], f"{engine['build_seconds']:.1f}", f"{engine['bytes_per_vector']:.0f}",
             f"{engine['resident_bytes'] / 1e6:,.0f}"]
    for mark in marks:
        point = fastest(engine, mark)
        cells += ["-", "-", "-", "-"] if point is None else [
            f"{point['queries_per_second']:,.0f}", f"{point['recall']:.4f}", setting(point), f"{point['alone_ms']:.2f}"]
    print("| " + " | ".join(cells) + " |")
print()
ours = next((engine for engine in engines if engine["engine"] == "gradprint"), None)
for mark in marks:
    peers = {engine["name"]: fastest(engine, mark) for engine in engines if engine is not ours}
    peers = {name: point for name, point in peers.items() if point}
    own = fastest(ours, mark) if ours else None
    if peers and own:
        best = max(peers, key=lambda name: peers[name]["queries_per_second"])
        ratio = own["queries_per_second"] / peers[best]["queries_per_second"]
        print(f"At recall ≥ {mark:g}: {ratio:.2f} times the queries per second of the fastest peer, {best}.\n")

with open(options.prefix + ".csv", "w", newline="") as file:
    writer = csv.writer(file)
    writer.writerow(["engine", "setting", "recall_at_10", "queries_per_second", "alone_ms"])
    for engine in engines:
        for point in engine["points"]:
            writer.writerow([engine["name"], setting(point), f"{point['recall']:.4f}",
                             f"{point['queries_per_second']:.1f}", f"{point['alone_ms']:.3f}"])

figure, axes = plot.subplots(figsize=(8, 5))
for engine in engines:
    # The settings that no other setting of the engine beats in both.
    front, best = [], 0.0
    for point in sorted(engine["points"], key=lambda point: -point["recall"]):
        if point["queries_per_second"] > best:
            best = point["queries_per_second"]
            front.append(point)
    axes.plot([point["recall"] for point in front], [point["queries_per_second"] for point in front], marker="o",
              linewidth=2.5 if engine is ours else 1.2, label=engine["name"])
axes.set_yscale("log")
axes.set_xlabel("recall@10")
axes.set_ylabel("queries a second, whole batch")
axes.set_title(f"{first['rows']:,} × {first['dimension']}, {first['threads']} threads")
axes.grid(True, which="both", alpha=0.3)
axes.legend()
figure.tight_layout()
figure.savefig(options.prefix + ".svg", metadata={"Date": None})
