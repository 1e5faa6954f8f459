#!/usr/bin/env python3
"""Prints what `Benchmarks/run.sh` left in a folder as tables (Markdown). Medians over the rounds.

    report.py numeric|stages|attribution|lissa RESULTS
"""
import glob
import json
import os
import statistics
import sys

STAGES = ["k-means", "labels", "probe", "gradients", "projection"]
PEERS = ["numpy", "torch", "faiss"]


def table(head, lines):
    print("| " + " | ".join(head) + " |")
    print("|" + "|".join(["---"] + ["---:"] * (len(head) - 1)) + "|")
    for line in lines:
        print("| " + " | ".join(line) + " |")
    print()


def load(pattern):
    results = []
    for path in sorted(glob.glob(pattern)):
        with open(path) as file:
            results.append(json.load(file))
    return results


def numeric(folder):
    totals, processor, lines = {}, {}, []
    for name in ["gradprint"] + PEERS:
        rounds = load(f"{folder}/numeric-{name}-*.json")
        sums = [sum(r["seconds"].values()) for r in rounds]
        totals[name] = statistics.median(sums)
        processor[name] = statistics.median(sum(r["processorSeconds"].values()) for r in rounds)
        stages = [statistics.median(r["seconds"][s] for r in rounds) for s in STAGES]
        lines.append([name] + [f"{s:.2f}" for s in stages] + [f"{totals[name]:.2f}", f"{min(sums):.2f}–{max(sums):.2f}",
                     f"{processor[name]:.2f}", f"{rounds[0]['objective']:.3f}"])
    table(["seconds"] + STAGES + ["total", "range", "processor", "objective"], lines)
    best = min(PEERS, key=totals.get)
    print(f"gradprint takes {totals['gradprint']:.2f} s and the fastest peer, {best}, {totals[best]:.2f} s: "
          f"{totals[best] / totals['gradprint']:.2f} times as long ({processor[best] / processor['gradprint']:.2f} times "
          f"the processor time). Mark: 2.\n")


def stages(folder):
    for path in sorted(glob.glob(f"{folder}/*.status.json")):
        with open(path) as file:
            status = json.load(file)
        print(f"{os.path.basename(path).removesuffix('.status.json')}: {status['rows']:,} rows\n")
        lines = []
        for stage in status["stages"]:
            rows, seconds = stage["rows"], stage["seconds"]
            rate = f"{rows / seconds:,.0f}" if rows and seconds else "-"
            lines.append([stage["name"], f"{rows:,}", f"{seconds:.3f}", rate])
        lines.append(["all", "", f"{sum(s['seconds'] for s in status['stages']):.3f}", ""])
        table(["stage", "rows", "seconds", "rows/s"], lines)


def parts(path):
    with open(path) as file:
        timings = [json.loads(line).get("timing_ms") for line in file]
    timings = [t for t in timings if t]
    return {part: statistics.mean(t[part] for t in timings) for part in ["embed", "search", "refine"]}, len(timings)


def attribution(folder):
    names = sorted({os.path.basename(p).split(".attributed")[0] for p in glob.glob(f"{folder}/*.attributed*.jsonl")})
    lines = []
    for name in names:
        for kind, label in [("attributed-batch", "batch"), ("attributed-single", "alone")]:
            rounds = [parts(path) for path in sorted(glob.glob(f"{folder}/{name}.{kind}-*.jsonl"))]
            if rounds:
                medians = [statistics.median(r[0][p] for r in rounds) for p in ["embed", "search", "refine"]]
                lines.append([name, f"{rounds[0][1]} ({label})"] + [f"{m:.3f}" for m in medians + [sum(medians)]])
    table(["run", "outputs", "embed ms", "search ms", "refine ms", "all ms"], lines)


def lissa(folder):
    own, peer = load(f"{folder}/lissa-gradprint-*.json"), load(f"{folder}/lissa-torch-*.json")

    def median(results, key):
        return statistics.median(r[key] for r in results)

    lines = []
    for label, results, key in [
        ("gradprint, prepared polynomial", own, "preparedMilliseconds"),
        ("gradprint, iterative", own, "iterativeMilliseconds"),
        ("PyTorch autograd", peer, "refineMilliseconds"),
    ]:
        search, refine = median(results, "searchMilliseconds"), median(results, key)
        lines.append([label, "5,000", f"{search:.2f}", f"{refine:.2f}", f"{search + refine:.2f}"])
    lines.append(["as published for the method, on other hardware", "500", "8.7", "36.6", "45.3"])
    table(["one output at a time", "samples", "search ms", "refine ms", "all ms"], lines)
    print(f"Preparing the polynomial takes {median(own, 'prepareSeconds'):.1f} s, once a build. The peer's influences "
          f"differ by at most {max(p['largestDifference'] for p in peer):.1e} of an output's largest.\n")


{"numeric": numeric, "stages": stages, "attribution": attribution, "lissa": lissa}[sys.argv[1]](sys.argv[2])
