#!/usr/bin/env bash
# Prints speeds: the numeric chain beside NumPy, PyTorch and FAISS; every stage of the pipeline; attribution by part;
# LiSSA beside PyTorch's autograd. Peers take turns with us, on the same file and with the same threads.
#
#   make bench                     or  Benchmarks/run.sh [numeric] [pipeline] [lissa]
#
#   BENCH_ROUNDS   rounds, of which medians are printed (3)      BENCH_THREADS  threads for all (2)
#   BENCH_ROWS     rows of the numeric chain (520000)            BENCH_PYTHON   a Python with the peers in it
set -euo pipefail
cd "$(dirname "$0")/.."
. Benchmarks/venv.sh
rounds=${BENCH_ROUNDS:-3} threads=${BENCH_THREADS:-2} rows=${BENCH_ROWS:-520000}
work=.build-bench results=.build-bench/results
parts=${*:-numeric pipeline lissa}
gradprint=.build/release/gradprint bench=.build/release/GradprintBenchmarks

has() { [[ " $parts " == *" $1 "* ]]; }

echo "building" >&2
swift build -c release --product gradprint >&2
swift build -c release --product GradprintBenchmarks >&2
python=python3
if has numeric || has lissa; then
    python=$(peer_python .build-peers/venv Benchmarks/peers/requirements.txt "${BENCH_PYTHON:-}")
fi
mkdir -p $results

# generate NAME ROWS STREAM: makes $work/NAME.fbin once.
generate() {
    [ -s "$work/$1.fbin" ] && return
    echo "making $1.fbin, $2 rows" >&2
    "$bench" generate "$work/$1.part.fbin" --rows "$2" --stream "$3" --threads "$threads"
    mv "$work/$1.part.fbin" "$work/$1.fbin"
}

numeric() {
    generate "rows-$rows" "$rows" 0
    rm -f $results/numeric-*
    local file=$work/rows-$rows.fbin peer evaluations
    for ((round = 1; round <= rounds; round++)); do
        "$bench" numeric "$file" --threads "$threads" >"$results/numeric-gradprint-$round.json"
        evaluations=$(sed 's/.*"evaluations":\([0-9]*\).*/\1/' "$results/numeric-gradprint-$round.json")
        for peer in numpy torch faiss; do
            "$python" Benchmarks/peers/numeric_peers.py $peer "$file" --evaluations "$evaluations" \
                --threads "$threads" >"$results/numeric-$peer-$round.json"
        done
    done
    printf '## Numeric chain, %s rows of 384, %s threads, medians of %s\n\n' "$rows" "$threads" "$rounds"
    python3 Benchmarks/report.py numeric $results
}

# run NAME LOG LOG1 ARGUMENTS…: builds a run and attributes a log and a log of one output.
run() {
    local name=$1 log=$2 single=$3 round
    shift 3
    echo "building the run $name" >&2
    rm -rf "$work/run-$name"
    "$gradprint" build pipelines/default.yaml --run-dir "$work/run-$name" --workers "$threads" --quiet "$@"
    "$gradprint" status "$work/run-$name" --json >"$results/$name.status.json"
    for ((round = 1; round <= rounds; round++)); do
        # Word splitting is meant: a log is a path or an option with a path.
        # shellcheck disable=SC2086
        "$gradprint" attribute $log --run-dir "$work/run-$name" --workers "$threads" --quiet \
            --output "$results/$name.attributed-batch-$round.jsonl"
        # shellcheck disable=SC2086
        "$gradprint" attribute $single --run-dir "$work/run-$name" --workers "$threads" --quiet \
            --output "$results/$name.attributed-single-$round.jsonl"
    done
}

pipeline() {
    rm -f $results/*.status.json $results/*.attributed*
    local size model=data/cache/models/all-MiniLM-L6-v2 tiny=Tests/EmbeddingTests/Fixtures/tiny-bert
    generate outputs 200 1
    generate output 1 2
    for size in 5000 100000; do
        generate "rows-$size" $size 0
        run "vectors-$size" "--vectors $work/outputs.fbin" "--vectors $work/output.fbin" \
            --set "corpus.files=$work/rows-$size.fbin"
    done
    head -n 200 data/outputs.jsonl >$work/outputs.jsonl
    head -n 1 data/outputs.jsonl >$work/output.jsonl
    "$bench" texts $work/texts.jsonl --rows 5000
    run tiny-bert-5000 $work/outputs.jsonl $work/output.jsonl \
        --set corpus.files=$work/texts.jsonl --set embed.path=$tiny
    if [ -d "$model" ] && [ -f data/cache/demo-corpus.jsonl ]; then
        run demo-minilm $work/outputs.jsonl $work/output.jsonl \
            --set corpus.files=data/cache/demo-corpus.jsonl --set embed.path=$model
    fi
    printf '## Stages of a build\n\n'
    python3 Benchmarks/report.py stages $results
    printf '## Attribution, k = 10, T = 10, milliseconds an output\n\n'
    python3 Benchmarks/report.py attribution $results
}

lissa() {
    generate rows-5000 5000 0
    generate outputs-50 50 1
    rm -f $results/lissa-*
    for ((round = 1; round <= rounds; round++)); do
        "$bench" lissa $work/rows-5000.fbin $work/outputs-50.fbin --problem $work/problem.json --threads "$threads" \
            >"$results/lissa-gradprint-$round.json"
        "$python" Benchmarks/peers/lissa_peer.py $work/rows-5000.fbin $work/outputs-50.fbin $work/problem.json \
            --threads "$threads" >"$results/lissa-torch-$round.json"
    done
    printf '## Refinement of one output: 5,000 samples, d = 384, C = 10, k = 10, T = 10\n\n'
    python3 Benchmarks/report.py lissa $results
}

for part in numeric pipeline lissa; do
    if has $part; then $part; fi
done
