#!/usr/bin/env python3
"""Prints the bench's tables from what `gradprint lineage classify` wrote.

    report.py RESULTS GRADPRINT LARGE_MODEL…
"""

import json
import os
import subprocess
import sys
import time


def auc(positives, negatives):
    """The chance that a related pair scores above an unrelated one; ties count half."""
    wins = sum((p > n) + 0.5 * (p == n) for p in positives for n in negatives)
    return wins / (len(positives) * len(negatives))


def read(path):
    """{(base, kind): answer}; queries are called BASE.KIND."""
    with open(path, encoding="utf-8") as source:
        return {tuple(answer["model"].split(".", 1)): answer for answer in json.load(source)}


def scores(answer, base):
    """The scores against the own base, the other bases of the shape, and those of the other architecture."""
    own, same, other = None, [], []
    for neighbor in answer["ranking"]:
        score = neighbor["similarity"] if answer["method"] == "weights" else -neighbor["distance"]
        if neighbor["name"] == base:
            own = score
        elif neighbor["name"].split("-")[0] == base.split("-")[0]:
            same.append((score, neighbor))
        else:
            other.append((score, neighbor))
    return own, same, other


# Made to find where the method ends; not among the kinds that it claims to survive, nor in the totals.
BEYOND = {"stream-rotated"}


def by_kind(weights, tensorguard):
    kinds = sorted({kind for _, kind in weights if kind != "base"})
    print("| derivative | weights: family | own base, least | other bases, most | AUC | tensorguard: family | AUC |")
    print("|---|---|---|---|---|---|---|")
    totals = {}
    for kind in kinds + [None]:
        cells = []
        for name, answers in (("weights", weights), ("tensorguard", tensorguard)):
            chosen = {k: a for k, a in answers.items() 
                      if (k[1] == kind if kind else k[1] != "base" and k[1] not in BEYOND)}
            own, same = [], []
            for (base, _), answer in chosen.items():
                mine, theirs, _ = scores(answer, base)
                own.append(mine)
                same += [score for score, _ in theirs]
            right = sum(a["family"] == base for (base, _), a in chosen.items())
            cells.append((f"{right} of {len(chosen)}", min(own), max(same), auc(own, same)))
            totals[name] = (right, len(chosen), own, same)
        (a, low, high, area), (b, _, _, other) = cells
        label = f"{kind} (beyond the claim)" if kind in BEYOND else kind or "**all but what is beyond the claim**"
        print(f"| {label} | {a} | {low:.3f} | {high:.3f} | {area:.4f} | {b} | {other:.4f} |")
    return totals


def unrelated(weights):
    """Every pair without a common origin."""
    same, cross, verdicts = [], [], {}
    smallest = 1.0
    for (base, _), answer in weights.items():
        _, near, far = scores(answer, base)
        for store, pairs in ((same, near), (cross, far)):
            for score, neighbor in pairs:
                store.append(score)
                verdicts[neighbor["verdict"]] = verdicts.get(neighbor["verdict"], 0) + 1
                smallest = min(smallest, neighbor["pValue"])
    print(f"\nUnrelated pairs by weights: {len(same)} of one shape, similarity at most {max(same):.3f}; {len(cross)} of "
          f"the other architecture, at most {max(cross):.3f}. Verdicts: "
          + ", ".join(f"{count} {name}" for name, count in sorted(verdicts.items()))
          + f". Smallest p-value: {smallest:.2g}.")


def within_threshold(tensorguard):
    """How many pairs without a common origin the published threshold takes for known."""
    distances = [-score for (base, _), answer in tensorguard.items() for score, _ in scores(answer, base)[1]]
    known = sum(distance <= 7 for distance in distances)
    print(f"\nUnrelated pairs of one shape by tensorguard: {known} of {len(distances)} are nearer than the published "
          f"threshold of 7, beyond which a model counts as unknown.")


def real(path):
    if not os.path.exists(path):
        print("\nPublished models: none there (`make models MODEL=all`).")
        return
    print("\n| derivative of all-MiniLM-L6-v2 | family | similarity | p-value | next nearest | its similarity |")
    print("|---|---|---|---|---|---|")
    for (_, kind), answer in read(path).items():
        first, second = answer["ranking"][:2]
        p = "< 1e-15" if first["pValue"] <= 1e-15 else f"{first['pValue']:.2g}"
        print(f"| {kind} | {answer['family'] or 'unknown'} | {first['similarity']:.3f} | {p} | {second['name']} | "
              f"{second['similarity']:.3f} |")


def speed(gradprint, models):
    print("\n| model | GB | method | s | s a GB | MB/s | core-seconds | resident, MB |")
    print("|---|---|---|---|---|---|---|---|")
    for model in models:
        size = os.path.getsize(model)
        with open(model, "rb") as source:
            while source.read(1 << 24):
                pass
        for method in ("weights", "tensorguard"):
            best, cores, resident = None, None, 0
            for _ in range(3):
                start = time.monotonic()
                process = subprocess.Popen(
                    [gradprint, "lineage", "fingerprint", model, "--method", method, "--output", os.devnull, "--workers",
                     "2", "--quiet"])
                _, status, usage = os.wait4(process.pid, 0)
                if status != 0:
                    sys.exit("fingerprint failed")
                seconds = time.monotonic() - start
                best = min(best or seconds, seconds)
                cores = min(cores or 1e9, usage.ru_utime + usage.ru_stime)
                resident = max(resident, usage.ru_maxrss)
            print(f"| {os.path.basename(model)} | {size / 1e9:.2f} | {method} | {best:.2f} | {best / (size / 1e9):.2f} | "
                  f"{size / 1e6 / best:.0f} | {cores:.2f} | {resident / 1024:.0f} |")


def main():
    results, gradprint, *models = sys.argv[1:]
    weights = read(os.path.join(results, "weights.json"))
    tensorguard = read(os.path.join(results, "tensorguard.json"))
    print("## Small models of known descent\n")
    totals = by_kind(weights, tensorguard)
    for name, (right, count, own, same) in totals.items():
        print(f"\n{name}: AUC {auc(own, same):.4f} over {len(own)} related and {len(same)} unrelated pairs of one shape; "
              f"family accuracy {right} of {count} ({100 * right / count:.1f}%).")
    unrelated(weights)
    within_threshold(tensorguard)
    print("\n## Published models")
    real(os.path.join(results, "real.json"))
    print("\n## Speed, file cached, 2 workers, best of 3")
    speed(gradprint, models)


if __name__ == "__main__":
    main()
