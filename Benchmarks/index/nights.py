#!/usr/bin/env python3
"""Makes the files of a corpus that grows night by night, and of the same corpus built at once.

    nights.py PASSAGES.jsonl FOLDER [--base 60000] [--night 4000] [--nights 10] [--delete 200] [--queries 1000]
        [--order random|file] [--seed 1]

Writes base.jsonl, night-N.jsonl, delete-N.txt (ids that are there by then), queries.txt (ids that stay: half of the base,
half of the nights), appended.txt (the half of the nights) and once.jsonl: every passage that is left at the end. The rows
are a seeded sample; in `random` order they come as drawn, in `file` order as the file has them, so that the nights are of
other topics than the base.
"""
import argparse
import json
import os
import random

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("passages")
parser.add_argument("folder")
parser.add_argument("--base", type=int, default=60_000)
parser.add_argument("--night", type=int, default=4_000)
parser.add_argument("--nights", type=int, default=10)
parser.add_argument("--delete", type=int, default=200)
parser.add_argument("--queries", type=int, default=1_000)
parser.add_argument("--order", choices=["random", "file"], default="random")
parser.add_argument("--seed", type=int, default=1)
options = parser.parse_args()

generator = random.Random(options.seed)
with open(options.passages, encoding="utf-8") as file:
    lines = file.readlines()
total = options.base + options.night * options.nights
if len(lines) < total:
    parser.error(f"{options.passages} has {len(lines)} passages, and {total} are asked for")
chosen = generator.sample(range(len(lines)), total)
if options.order == "file":
    chosen.sort()
lines = [lines[number] for number in chosen]
ids = [json.loads(line)["id"] for line in lines]


def write(name, content):
    with open(os.path.join(options.folder, name), "w", encoding="utf-8") as file:
        file.writelines(content)


half = options.queries // 2
base_queries = generator.sample(range(options.base), half)
night_queries = generator.sample(range(options.base, total), options.queries - half)
kept, gone = set(base_queries) | set(night_queries), set()
write("queries.txt", (ids[row] + "\n" for row in base_queries + night_queries))
write("appended.txt", (ids[row] + "\n" for row in night_queries))
write("base.jsonl", lines[:options.base])
for night in range(options.nights):
    end = options.base + (night + 1) * options.night
    write(f"night-{night + 1}.jsonl", lines[end - options.night:end])
    there = [row for row in range(end) if row not in kept and row not in gone]
    deleted = generator.sample(there, options.delete)
    gone.update(deleted)
    write(f"delete-{night + 1}.txt", (ids[row] + "\n" for row in deleted))
write("once.jsonl", (line for row, line in enumerate(lines) if row not in gone))
