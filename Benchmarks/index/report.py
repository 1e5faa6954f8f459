#!/usr/bin/env python3
"""Prints what `Benchmarks/index/run.sh` measured as a Markdown table, and writes the curves as CSV and SVG.

    report.py RESULTS OUT_PREFIX [--marks 0.95,0.96]

For each engine and mark the table has the fastest setting whose recall reaches the mark.
"""
import argparse
import csv
import glob
import json
import os

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



def ours(engine, found):
    """The form of the peers' results for gradprint's own."""
    return {
        "engine": engine, "name": f"{engine}, {found['partitions']} partitions, {found['bits']} bits",
        "rows": found["rows"], "dimension": found["dimension"], "threads": None,
        "build_seconds": (found.get("build") or {}).get("seconds", {}).get("total"),
        "bytes_per_vector": found["bytesPerVector"], "resident_bytes": found["peakMegabytes"] * 1e6,
        "points": [{"setting": {"probes": point["probes"]}, "recall": point["recall"],
                    "queries_per_second": point["queriesPerSecond"], "alone_ms": point["singleMilliseconds50"]}
                   for point in found["searches"]]}


engines = []
for path in sorted(glob.glob(f"{options.results}/*.json")):
    with open(path) as file:
        found = json.load(file)
    name = os.path.basename(path).removesuffix(".json")
    engines.append(ours(name, found) if "searches" in found else found)
engines.sort(key=lambda engine: (not engine["engine"].startswith("gradprint"), engine["engine"]))


def fastest(engine, mark):
    reached = [point for point in engine["points"] if point["recall"] >= mark]
    return max(reached, key=lambda point: point["queries_per_second"], default=None)


def setting(point):
    return ", ".join(f"{name} {value}" for name, value in point["setting"].items())


first = engines[0]
threads = next((engine["threads"] for engine in engines if engine["threads"]), "?")
print(f"{first['rows']:,} rows of {first['dimension']} dimensions, {threads} threads, recall@10; alone: the median of one "
      "query at a time, on one thread for gradprint\n")
head = ["engine", "build s", "bytes/vector", "resident MB"]
for mark in marks:
    head += [f"queries/s at ≥ {mark:g}", "recall", "setting", "alone ms"]
print("| " + " | ".join(head) + " |")
print("|---" + "|---:" * (len(head) - 1) + "|")
for engine in engines:
    cells = [engine["name"], "-" if engine["build_seconds"] is None else f"{engine['build_seconds']:.1f}", f"{engine['bytes_per_vector']:.0f}",
             f"{engine['resident_bytes'] / 1e6:,.0f}"]
    for mark in marks:
        point = fastest(engine, mark)
        cells += ["-", "-", "-", "-"] if point is None else [
            f"{point['queries_per_second']:,.0f}", f"{point['recall']:.4f}", setting(point), f"{point['alone_ms']:.2f}"]
    print("| " + " | ".join(cells) + " |")
print()
own = [engine for engine in engines if engine["engine"].startswith("gradprint")]
for mark in marks:
    peers = {engine["name"]: fastest(engine, mark) for engine in engines if engine not in own}
    peers = {name: point for name, point in peers.items() if point}
    for engine in own:
        point = fastest(engine, mark)
        if not peers or not point:
            continue
        best = max(peers, key=lambda name: peers[name]["queries_per_second"])
        ratio = point["queries_per_second"] / peers[best]["queries_per_second"]
        print(f"At recall ≥ {mark:g}: {engine['engine']} has {ratio:.2f} times the queries per second of the fastest peer, "
              f"{best}.\n")

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
              linewidth=2.5 if engine in own else 1.2, label=engine["name"])
axes.set_yscale("log")
axes.set_xlabel("recall@10")
axes.set_ylabel("queries a second, whole batch")
axes.set_title(f"{first['rows']:,} × {first['dimension']}, {threads} threads")
axes.grid(True, which="both", alpha=0.3)
axes.legend()
figure.tight_layout()
figure.savefig(options.prefix + ".svg", metadata={"Date": None})
