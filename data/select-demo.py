#!/usr/bin/env python3
"""Picks the demo's corpus: every source that outputs.jsonl names, filled up to COUNT by a hash of the id.

usage: select-demo.py CORPUS.jsonl OUTPUTS.jsonl RESULT.jsonl [COUNT]
"""
import hashlib
import json
import os
import sys


def main() -> None:
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    corpus, outputs, result = sys.argv[1:4]
    count = int(sys.argv[4]) if len(sys.argv) > 4 else 5000
    with open(outputs, encoding="utf-8") as lines:
        wanted = {source for line in lines for source in json.loads(line)["source_ids"]}
    with open(corpus, encoding="utf-8") as lines:
        rows = {json.loads(line)["id"]: line for line in lines}
    lacking = sorted(wanted - rows.keys())
    if lacking:
        print(f"this release lacks {len(lacking)} of the sources: {', '.join(lacking)}", file=sys.stderr)
    chosen = wanted & rows.keys()
    others = sorted(rows.keys() - chosen, key=lambda id: hashlib.sha256(id.encode()).digest())
    chosen |= set(others[: max(0, count - len(chosen))])
    temporary = result + ".part"
    with open(temporary, "w", encoding="utf-8") as out:
        out.writelines(rows[id] for id in sorted(chosen))
    os.replace(temporary, result)
    print(f"{result}: {len(chosen)} descriptions, {len(wanted) - len(lacking)} of them sources")


main()
