#!/usr/bin/env python3
"""Picks the texts that static-mpnet learns from: 40,000 of Debian's descriptions and 80,000 of WordNet's definitions.

usage: select-texts.py CORPUS.jsonl DEMO_CORPUS.jsonl WORDNET_FOLDER RESULT.jsonl

Of the descriptions: synopses, sentences, and passages of two to six sentences. Packages of the demo and Python's are left
out, which docs/static-embedder.md measures on, and so is each sentence that stands in one of the demo's. The same input
gives the same texts.
"""
import json
import os
import random
import re
import sys

SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
DESCRIPTIONS, DEFINITIONS = 40_000, 80_000


def rows(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def descriptions(corpus, demo):
    draw = random.Random(7)
    left_out = {row["id"] for row in demo}
    seen = {part.strip() for row in demo for part in re.split(r"(?<=[.!?])\s+|\n+", row["text"])}
    sentences, synopses, passages = [], [], []
    for row in corpus:
        if row["id"] in left_out or row["id"].startswith("python"):
            continue
        synopsis, _, body = row["text"].partition("\n\n")
        if synopsis not in seen:
            seen.add(synopsis)
            synopses.append(synopsis)
        parts = (part.strip() for line in body.split("\n") for part in SENTENCE_END.split(line))
        new = [part for part in parts if len(part) >= 30 and part not in seen]
        seen.update(new)
        sentences += new
        start = 0
        while len(new) >= 3 and start < len(new):
            count = draw.randint(2, 6)
            passages.append(" ".join(new[start : start + count])[:1500])
            start += count
    for texts in (synopses, sentences, passages):
        draw.shuffle(texts)
    chosen = sentences[:47_000] + synopses[:17_000] + passages[:17_000]
    draw.shuffle(chosen)
    return chosen[:DESCRIPTIONS]


def definitions(folder):
    """`word, synonym: definition`, without the examples."""
    texts = []
    for part in ("noun", "verb", "adj", "adv"):
        with open(os.path.join(folder, "data." + part), encoding="utf-8") as lines:
            for line in lines:
                if line.startswith("  ") or "|" not in line:
                    continue  # the licence
                fields, gloss = line.split(), line.split("|", 1)[1]
                words = [fields[4 + 2 * index] for index in range(int(fields[3], 16))]
                names = [word.split("(")[0].replace("_", " ") for word in words]
                texts.append(", ".join(names) + ": " + gloss.split('; "')[0].strip())
    texts = list(dict.fromkeys(texts))
    random.Random(11).shuffle(texts)
    return texts[:DEFINITIONS]


def main() -> None:
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    corpus, demo, wordnet, result = sys.argv[1:]
    texts = descriptions(rows(corpus), rows(demo)) + definitions(wordnet)
    temporary = result + ".part"
    with open(temporary, "w", encoding="utf-8") as out:
        for index, text in enumerate(texts):
            out.write(json.dumps({"id": str(index), "text": text}, ensure_ascii=False) + "\n")
    os.replace(temporary, result)
    print(f"{result}: {len(texts):,} texts")


main()
