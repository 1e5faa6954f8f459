#!/usr/bin/env bash
# Prints the partitioned index beside FAISS and RaBitQ-Library on the same vectors, queries, cores and in one run, and
# writes the curves of recall and speed as CSV and SVG.
#
#   make bench-index [VECTORS=FILE.fbin]       or  Benchmarks/index/run.sh [FILE.fbin]
#
# Without a file: fingerprints of the Debian descriptions (make data), cut into half a million passages, twice: at 416
# dimensions (352 of a static embedding, 64 of the signature) and at the default profile's own.
#
#   INDEX_ENGINES   gradprint gradprint-exact faiss-ivfpq faiss-hnsw rabitq-raw rabitq-5 (all); gradprint-exact searches
#                   gradprint's files and ranks the best 20 by their exact vectors
#   BENCH_ROUNDS    rounds, of which medians are printed (3)     BENCH_THREADS  threads for all (2)
#   INDEX_BITS      bits of a code (6)                           BENCH_PYTHON   a Python with the peers in it
set -euo pipefail
cd "$(dirname "$0")/../.."
. Benchmarks/venv.sh
here=Benchmarks/index work=.build-bench/index gradprint=.build/release/gradprint
bench=.build/release/GradprintBenchmarks
rounds=${BENCH_ROUNDS:-3} threads=${BENCH_THREADS:-2}
engines=${INDEX_ENGINES:-gradprint gradprint-exact faiss-ivfpq faiss-hnsw rabitq-raw rabitq-5}
mkdir -p $work

echo "building" >&2
swift build -c release --product gradprint >&2
swift build -c release --product GradprintBenchmarks >&2
python=$(peer_python .build-bench/index-venv $here/requirements.txt "${BENCH_PYTHON:-}")

# fingerprints NAME ARGUMENTS…: the passages' fingerprints under some settings, made once.
fingerprints() {
    local name=$1
    shift
    [ -s "$work/$name.fbin" ] && return
    if [ ! -s $work/passages.jsonl ]; then
        "$python" $here/passages.py data/cache/debian.jsonl $work/passages.part.jsonl >&2
        mv $work/passages.part.jsonl $work/passages.jsonl
    fi
    echo "fingerprinting the passages: $name" >&2
    rm -rf "$work/run-$name"
    "$gradprint" build pipelines/default.yaml --run-dir "$work/run-$name" --set corpus.files=$work/passages.jsonl \
        --set retention.project=keep --workers "$threads" --quiet "$@"
    "$gradprint" export "$work/run-$name" fingerprints "$work/$name.part.fbin" --quiet
    rm -rf "$work/run-$name"
    mv "$work/$name.part.fbin" "$work/$name.fbin"
}

# compare FILE.fbin NAME: all engines on one file of vectors.
compare() {
    local file=$1 name=$2 results=$work/results-$2 engine
    rm -rf "$results"
    mkdir -p "$results"
    if [ ! -s "$work/$name-truth.ibin" ] || [ "$file" -nt "$work/$name-truth.ibin" ]; then
        echo "finding the exact neighbours: $name" >&2
        "$python" $here/queries.py "$file" "$work/$name-queries.fbin" "$work/$name-truth.ibin"
    fi
    for engine in $engines; do
        echo "measuring $engine: $name" >&2
        if [[ "$engine" == gradprint* ]]; then
            local mode=()
            if [ "$engine" = gradprint-exact ]; then mode=(--reuse --rerank 20); else rm -rf "$work/index-$name"; fi
            "$bench" index --base "$file" --queries "$work/$name-queries.fbin" --truth "$work/$name-truth.ibin" \
                --work "$work/index-$name" --bits "${INDEX_BITS:-6}" --threads "$threads" \
                --probes 8,16,32,48,64,96,112,128,144,160,192,256,384 "${mode[@]}" >"$results/$engine.json"
        else
            "$python" $here/peers.py "$engine" "$file" "$work/$name-queries.fbin" "$work/$name-truth.ibin" \
                --threads "$threads" --rounds "$rounds" >"$results/$engine.json"
        fi
    done
    printf '## %s\n\n' "$name"
    "$python" $here/report.py "$results" "$work/$name"
    echo "curves: $work/$name.csv and $work/$name.svg" >&2
}

if [ $# -gt 0 ]; then
    for file in "$@"; do compare "$file" "$(basename "$file" .fbin)"; done
else
    [ -s data/cache/debian.jsonl ] || data/fetch-corpus.sh >&2
    table=.build-bench/static-352
    if [ ! -d $table ]; then
        [ -d data/cache/models/all-MiniLM-L6-v2 ] || data/fetch-models.sh minilm >&2
        "$gradprint" distill data/cache/models/all-MiniLM-L6-v2 --dimension 352 --output $table --quiet
    fi
    fingerprints passages-416 --set profile=paper --set fingerprint.dimension=64 --set embed.path=$table
    fingerprints passages-default --set embed.path=data/static-mpnet
    compare $work/passages-416.fbin passages-416
    compare $work/passages-default.fbin passages-default
fi
