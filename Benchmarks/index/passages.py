#!/usr/bin/env python3
"""Cuts texts into overlapping passages of words, so that a small corpus gives many real vectors.

    passages.py CORPUS.jsonl OUT.jsonl [--words 24] [--stride 4]
"""
import argparse
import json

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("corpus")
parser.add_argument("out")
parser.add_argument("--words", type=int, default=24)
parser.add_argument("--stride", type=int, default=4)
options = parser.parse_args()

seen, count = set(), 0
with open(options.corpus, encoding="utf-8") as corpus, open(options.out, "w", encoding="utf-8") as out:
    for line in corpus:
        words = json.loads(line)["text"].split()
        for start in range(0, max(1, len(words) - options.words + options.stride), options.stride):
            text = " ".join(words[start:start + options.words])
            if text in seen:
                continue
            seen.add(text)
            out.write(json.dumps({"id": f"p{count}", "text": text}, ensure_ascii=False) + "\n")
            count += 1
print(f"{count} passages")
