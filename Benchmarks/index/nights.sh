#!/usr/bin/env bash
# Compares the partitioned index of a run that grew by ten nightly appends, with deletions and merges, with that of a run
# built at once of the rows that are left, and prints the recall@10 of both by the partitions that a search reads.
#
#   Benchmarks/index/nights.sh [FOLDER]
#
# Rows are passages of the Debian descriptions (make data). In the grown run partitions and probe are those of the 60,000
# rows of the first build; the other run trains them, as many partitions, on everything that is left. Both runs search
# their own fingerprints, exactly and with the index, for 1,000 rows that are held out. All is done with several seeds, for
# k-means itself varies; with the first one also at once with the partitions that its rows ask for, and with two further
# nights, of passages of this project's own source code and of words drawn at random, to see what drift does to recall.
#
#   NIGHTS_ORDER    random: nights are like the base; file: they are of other topics (random)
#   NIGHTS_BASE NIGHTS_NIGHT NIGHTS_DELETE   rows of the base, of a night, ids deleted a night (60000 4000 200)
#   NIGHTS_PROBES   partitions to read, with commas (4,8,16,32,48,64,96)      BENCH_THREADS  threads (2)
#   NIGHTS_SEEDS    seeds (42 43 44)
set -euo pipefail
cd "$(dirname "$0")/../.."
here=Benchmarks/index gradprint=.build/release/gradprint bench=.build/release/GradprintBenchmarks
order=${NIGHTS_ORDER:-random} threads=${BENCH_THREADS:-2} probes=${NIGHTS_PROBES:-4,8,16,32,48,64,96}
seeds=${NIGHTS_SEEDS:-42 43 44}
base=${NIGHTS_BASE:-60000} night=${NIGHTS_NIGHT:-4000} delete=${NIGHTS_DELETE:-200}
work=${1:-.build-bench/index/nights-$order}
passages=.build-bench/index/passages.jsonl

echo "building" >&2
swift build -c release --product gradprint >&2
swift build -c release --product GradprintBenchmarks >&2
[ -s data/cache/debian.jsonl ] || data/fetch-corpus.sh >&2
if [ ! -s $passages ]; then
    mkdir -p "$(dirname $passages)"
    python3 $here/passages.py data/cache/debian.jsonl $passages.part >&2
    mv $passages.part $passages
fi
rm -rf "$work"
mkdir -p "$work"
python3 $here/nights.py $passages "$work" --order "$order" --base "$base" --night "$night" --delete "$delete"
find Sources -name '*.swift' | LC_ALL=C sort | xargs cat |
    python3 -c 'import json, sys
text = " ".join(sys.stdin.read().split()).split(" ")
for number, start in enumerate(range(0, len(text) - 24, 12)):
    print(json.dumps({"id": f"code{number}", "text": " ".join(text[start:start + 24])}))' |
    head -n "$night" >"$work/code.jsonl" || true
python3 -c 'import json, random, sys
generator = random.Random(1)
words = sorted({word for line in open(sys.argv[1]) for word in json.loads(line)["text"].split()})
for number in range(int(sys.argv[2])):
    print(json.dumps({"id": f"words{number}", "text": " ".join(generator.choice(words) for _ in range(24))}))
' "$work/base.jsonl" "$night" >"$work/words.jsonl"
for odd in code words; do
    python3 -c 'import json, sys
for line in list(open(sys.argv[1]))[::8]: print(json.loads(line)["id"])' "$work/$odd.jsonl" >"$work/$odd.txt"
done

# build RUN CORPUS SEED [KEY=VALUE…]
build() {
    local run=$1 corpus=$2 seed=$3 settings=() setting
    shift 3
    for setting in "$@"; do settings+=(--set "$setting"); done
    "$gradprint" build pipelines/default.yaml --run-dir "$run" --set corpus.files="$corpus" --set index.kind=partitioned \
        --set embed.path=data/static-mpnet --set corpus.shard_rows=20000 --set retention.project=keep --set seed="$seed" \
        --set calibrate.outputs=100 --set calibrate.nulls=100 --workers "$threads" --quiet "${settings[@]}"
}
# figures NAME RUN QUERIES: one line of the table.
figures() {
    "$bench" run-recall "$2" --queries "$3" --probes "$probes" --threads "$threads" | python3 -c 'import json, sys
found = json.load(sys.stdin)
shape = [found["rows"], found["queries"], found["segments"], found["partitions"]]
cells = [sys.argv[1]] + ["{:,}".format(value) for value in shape] + ["{:.4f}".format(line["recall"]) for line in found["recall"]]
print("| " + " | ".join(cells) + " |")' "$1" | tee -a "$work/figures.txt"
}

cut=$(echo "$probes" | tr ',' '\n' | sed 's/.*/ & |/' | tr -d '\n')
echo "| run | rows | queries | segments | partitions |$cut"
echo "|---|---|---|---|---|$(echo "$probes" | tr ',' '\n' | sed 's/.*/---|/' | tr -d '\n')"
first=${seeds%% *}
for seed in $seeds; do
    grown=$work/grown once=$work/once
    rm -rf "$grown" "$once"
    echo "seed $seed: growing" >&2
    build "$grown" "$work/base.jsonl" "$seed"
    for number in 1 2 3 4 5 6 7 8 9 10; do
        "$gradprint" append "$work/night-$number.jsonl" --run-dir "$grown" --workers "$threads" --quiet
        "$gradprint" delete "$grown" "$work/delete-$number.txt" --quiet
        if [ $number = 5 ]; then "$gradprint" merge "$grown" --workers "$threads" --quiet; fi
    done
    [ "$seed" != "$first" ] || figures "seed $seed: ten nights, before the last merge" "$grown" "$work/queries.txt"
    "$gradprint" merge "$grown" --purge --workers "$threads" --quiet
    figures "seed $seed: ten nights" "$grown" "$work/queries.txt"
    partitions=$("$gradprint" status "$grown" --json | python3 -c 'import json, sys
print([stage for stage in json.load(sys.stdin)["stages"] if stage["name"] == "index-train"][0]["figures"]["partitions"])')
    echo "seed $seed: building at once" >&2
    build "$once" "$work/once.jsonl" "$seed" index.partitions="$partitions"
    figures "seed $seed: at once" "$once" "$work/queries.txt"
    if [ "$seed" = "$first" ]; then
        build "$once" "$work/once.jsonl" "$seed"
        figures "seed $seed: at once, partitions for its rows" "$once" "$work/queries.txt"
        for odd in code words; do
            "$gradprint" append "$work/$odd.jsonl" --run-dir "$grown" --workers "$threads" --quiet
            figures "seed $seed: then a night of $odd, its rows" "$grown" "$work/$odd.txt"
        done
        "$gradprint" status "$grown" | sed -n '/^index  /p; /^batch/,/^$/p' >"$work/drift.txt"
    fi
done
python3 - "$work/figures.txt" <<'END'
import re, sys
rows = {"ten nights": [], "at once": []}
for line in open(sys.argv[1]):
    cells = [cell.strip() for cell in line.strip(" |\n").split("|")]
    name = re.sub(r"^seed \d+: ", "", cells[0])
    if name in rows:
        rows[name].append([float(cell) for cell in cells[5:]])
mean = {name: [sum(column) / len(column) for column in zip(*found)] for name, found in rows.items()}
mean["difference"] = [a - b for a, b in zip(mean["ten nights"], mean["at once"])]
for name, values in mean.items():
    sign = "{:+.4f}" if name == "difference" else "{:.4f}"
    print(f"| mean of {len(rows['at once'])} seeds: {name} | | | | | " + " | ".join(map(sign.format, values)) + " |")
END
echo
cat "$work/drift.txt"
