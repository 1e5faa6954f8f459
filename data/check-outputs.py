#!/usr/bin/env python3
"""Checks data/outputs.jsonl against the descriptions it draws on.

    data/check-outputs.py [OUTPUTS] [--corpus data/cache/debian.jsonl] [--list]

Every line has to be {"id", "text", "source_ids"} with an unused id and one or
two known sources (or none), and fewer than half of its distinct content words
may occur in the descriptions of its sources. Ends with 1 on any violation.
"""
import argparse
import json
import os
import re
import sys
from collections import Counter

HERE = os.path.dirname(os.path.abspath(__file__))
MIN_SOURCED, MIN_UNSOURCED = 200, 50
MAX_OVERLAP = 0.5
MAX_SAME_OPENING = 5

STOP = frozenset("""
a about above across after afterwards again against all almost alone along already also although
always am among an and another any anybody anyone anything anyway anywhere are aren't around as at
away back be because been before beforehand behind being below besides best better between beyond
both but by can can't cannot come comes could couldn't did didn't do does doesn't doing don't done
down during each either else enough etc even ever every everyone everything except few fewer first
for from further get gets getting give given gives go goes going got had hadn't has hasn't have
haven't having he her here hers herself him himself his how however i i'd i'll i'm i've if in
indeed instead into is isn't it it'd it'll it's its itself just keep keeps kept last later least
less let let's lets like likely made make makes making many may maybe me might mine more most
mostly much must mustn't my myself near nearly need needn't needs neither never no nobody none nor
not nothing now of off often on once one ones only onto or other others otherwise ought our ours
ourselves out over own per perhaps please put quite rather really same seem seems several shall
she should shouldn't since so some somebody someone something sometimes somewhere soon still such
take takes taking than that that'll that's the their theirs them themselves then there there's
therefore these they they'd they'll they're they've this those though through throughout thus to
together too toward towards two under unless until up upon us use used useful user users uses
using usually various very via want wants was wasn't we we'd we'll we're we've well were weren't
what whatever what's when whenever where wherever whereas whether which while who whoever whole
whom who's whose why will with within without won't would wouldn't yes yet you you'd you'll you're
you've your yours yourself yourselves
""".split())

WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")


def singular(word):
    """Light plural stripping."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("sses", "xes", "ches", "shes", "zes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def content_words(text):
    words = set()
    for word in WORD.findall(text.lower()):
        word = word.replace("\u2019", "'")
        if word in STOP:
            continue
        if word.endswith("'s"):
            word = word[:-2]
        word = singular(word)
        if word not in STOP and (len(word) > 1 or word.isdigit()):
            words.add(word)
    return words


def opening(text):
    return " ".join(w.lower() for w in WORD.findall(text)[:3])


def main():
    parser = argparse.ArgumentParser(description="Checks the answers in outputs.jsonl.")
    parser.add_argument("outputs", nargs="?", default=os.path.join(HERE, "outputs.jsonl"))
    parser.add_argument("--corpus", default=os.path.join(HERE, "cache", "debian.jsonl"))
    parser.add_argument("--list", action="store_true", help="print each line's overlap")
    args = parser.parse_args()

    problems = []
    rows = []
    try:
        with open(args.outputs, encoding="utf-8") as f:
            for number, line in enumerate(f, 1):
                try:
                    row = json.loads(line)
                except ValueError as e:
                    problems.append("line %d is not JSON: %s" % (number, e))
                    continue
                good = (isinstance(row, dict) and set(row) == {"id", "text", "source_ids"}
                        and isinstance(row["id"], str) and row["id"]
                        and isinstance(row["text"], str) and row["text"].strip()
                        and isinstance(row["source_ids"], list)
                        and all(isinstance(s, str) for s in row["source_ids"])
                        and len(set(row["source_ids"])) == len(row["source_ids"]) <= 2)
                if not good:
                    problems.append("line %d is not {id, text, source_ids of 0 to 2}" % number)
                    continue
                rows.append(row)
    except OSError as e:
        sys.exit("check-outputs: %s" % e)

    wanted = {s for row in rows for s in row["source_ids"]}
    descriptions = {}
    try:
        with open(args.corpus, encoding="utf-8") as f:
            for line in f:
                row = json.loads(line)
                if row["id"] in wanted:
                    descriptions[row["id"]] = row["text"]
    except OSError as e:
        sys.exit("check-outputs: %s (write it with data/fetch-corpus.sh)" % e)

    for key, count in Counter(row["id"] for row in rows).items():
        if count > 1:
            problems.append("id %s stands on %d lines" % (key, count))
    for text, count in Counter(row["text"] for row in rows).items():
        if count > 1:
            problems.append("%d lines have the same text: %s" % (count, text[:60]))
    for start, count in Counter(opening(row["text"]) for row in rows).items():
        if count > MAX_SAME_OPENING:
            problems.append("%d lines start with '%s'" % (count, start))
    missing = sorted(wanted - set(descriptions))
    if missing:
        problems.append("the corpus lacks %d sources: %s" % (len(missing), " ".join(missing)))

    sourced = [row for row in rows if row["source_ids"]]
    unsourced = [row for row in rows if not row["source_ids"]]
    if len(sourced) < MIN_SOURCED:
        problems.append("%d sourced lines; %d are needed" % (len(sourced), MIN_SOURCED))
    if len(unsourced) < MIN_UNSOURCED:
        problems.append("%d unsourced lines; %d are needed" % (len(unsourced), MIN_UNSOURCED))

    shares = []
    for row in sourced:
        source = set()
        for s in row["source_ids"]:
            source |= content_words(descriptions.get(s, ""))
        words = content_words(row["text"])
        shared = words & source
        share = len(shared) / len(words) if words else 1.0
        shares.append(share)
        if args.list:
            print("%s\t%.3f\t%s" % (row["id"], share, " ".join(row["source_ids"])))
        if share >= MAX_OVERLAP:
            problems.append("%s (%s) shares %d of %d content words (%.2f): %s"
                            % (row["id"], " ".join(row["source_ids"]), len(shared), len(words),
                               share, " ".join(sorted(shared))))

    print("%d lines: %d sourced (%d with two sources, %d different sources), %d unsourced"
          % (len(rows), len(sourced), sum(len(r["source_ids"]) == 2 for r in sourced),
             len(wanted), len(unsourced)))
    if shares:
        shares.sort()
        print("overlap with the sources: mean %.3f, median %.3f, 90th percentile %.3f, max %.3f"
              % (sum(shares) / len(shares), shares[len(shares) // 2],
                 shares[int(len(shares) * 0.9)], shares[-1]))
    for problem in problems:
        print("problem: " + problem)
    if problems:
        sys.exit(1)
    print("ok")


if __name__ == "__main__":
    main()
