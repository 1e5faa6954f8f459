#!/usr/bin/env python3
"""Prints what `Benchmarks/embed/run.sh` left in a folder as tables (Markdown). Medians over the rounds.

    report.py tokenizer|transformer RESULTS
"""
import glob
import json
import os
import statistics
import sys


def table(head, lines):
    print("| " + " | ".join(head) + " |")
    print("|" + "|".join(["---"] * 2 + ["---:"] * (len(head) - 2)) + "|")
    for line in lines:
        print("| " + " | ".join(line) + " |")
    print()


def rounds(folder, part, name, who):
    results = []
    for path in sorted(glob.glob(f"{folder}/{part}-{name}-{who}-*.json")):
        with open(path) as file:
            results.append(json.load(file))
    return results


def names(folder, part):
    """Of what was measured: MODEL or MODEL-TEXTS."""
    paths = glob.glob(f"{folder}/{part}-*-gradprint-*.json")
    return sorted({os.path.basename(p).removeprefix(f"{part}-").split("-gradprint-")[0] for p in paths})


def median(results, key):
    return statistics.median(r[key] for r in results)


def load(folder, part):
    with open(f"{folder}/{part}-load.txt") as file:
        loads = sorted(float(line.split()[0]) for line in file)
    print(f"Load (tasks that run or wait, over a minute) before each measurement: {loads[0]}–{loads[-1]}, median "
          f"{statistics.median(loads)}.\n")


def tokenizer(folder):
    lines = []
    for name in names(folder, "tokenizer"):
        ours, theirs = (rounds(folder, "tokenizer", name, who) for who in ["gradprint", "peer"])
        own, peer = median(ours, "textsPerSecond"), median(theirs, "textsPerSecond")
        same = all(r["digest"] == ours[0]["digest"] for r in ours + theirs)
        megabytes = ours[0]["bytes"] / ours[0]["texts"] * own / 1e6
        lines.append([name, f"{ours[0]['texts']:,}", f"{ours[0]['ids']:,}", "yes" if same else "**no**", f"{own:,.0f}",
                      f"{megabytes:.1f}", f"{peer:,.0f}", f"{own / peer:.1f}"])
    table(["tokenizer", "texts", "ids", "same ids", "gradprint texts/s", "MB/s", "tokenizers texts/s", "times"], lines)
    print("Mark: 10 times.\n")
    load(folder, "tokenizer")


def transformer(folder):
    lines = []
    for name in names(folder, "transformer"):
        ours, theirs = (rounds(folder, "transformer", name, who) for who in ["gradprint", "peer"])
        own, peer = median(ours, "textsPerSecond"), median(theirs, "textsPerSecond")
        share = statistics.median(r["gigaflops"] / r["sgemmGigaflops"] for r in ours)
        processor = median(ours, "textsPerProcessorSecond") / median(theirs, "textsPerProcessorSecond")
        model, texts = name.rsplit("-", 1)
        lines.append([model, texts, f"{ours[0]['texts']:,}", f"{ours[0]['tokens']:,}", f"{own:,.1f}",
                      f"{peer:,.1f} ({theirs[0]['batchSize']})", f"{own / peer:.2f} ({processor:.2f})", f"{median(ours, 'gigaflops'):.1f}",
                      f"{median(ours, 'sgemmGigaflops'):.1f}", f"{share:.0%} ({median(ours, 'processorShare'):.0%})",
                      f"{min(r['lowestCosine'] for r in theirs):.7f}"])
    table(["model", "texts", "count", "tokens", "gradprint texts/s", "sentence-transformers texts/s (batch)", "times",
           "useful GFLOP/s", "SGEMM GFLOP/s", "share", "lowest cosine"], lines)
    print("In parentheses the same by processor time. Marks: 2 times; a share of 60% (MiniLM) and 70% (mpnet).\n")
    load(folder, "transformer")


{"tokenizer": tokenizer, "transformer": transformer}[sys.argv[1]](sys.argv[2])
