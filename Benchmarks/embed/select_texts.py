#!/usr/bin/env python3
"""Writes the benchmarks' texts as JSON Lines (id, text): all of a corpus, its first lines, and its long texts.

    select_texts.py CORPUS.jsonl FOLDER SHORT LONG

`all.jsonl` has every text; `short.jsonl` the first lines of SHORT of them; `long.jsonl` LONG texts of 1,000 characters or
more. Both samples are seeded.
"""
import json
import random
import sys

SEED = 7
LONG_CHARACTERS = 1000


def write(path, texts):
    with open(path, "w", encoding="utf-8") as file:
        for number, text in enumerate(texts):
            file.write(json.dumps({"id": str(number), "text": text}, ensure_ascii=False) + "\n")


def main(corpus, folder, short, long):
    with open(corpus, encoding="utf-8") as file:
        texts = [json.loads(line)["text"] for line in file]
    generator = random.Random(SEED)
    write(f"{folder}/all.jsonl", texts)
    write(f"{folder}/short.jsonl", [text.split("\n")[0] for text in generator.sample(texts, int(short))])
    longer = [text for text in texts if len(text) >= LONG_CHARACTERS]
    write(f"{folder}/long.jsonl", generator.sample(longer, int(long)))


main(*sys.argv[1:])
