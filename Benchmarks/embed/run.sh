#!/usr/bin/env bash
# Prints how fast texts become token ids and vectors, beside what the models' publishers and model2vec use. Peers take turns with us, on
# the same texts and with the same threads. Texts are package descriptions of Debian (`make data`), models those of
# `make models MODEL=all`.
#
#   make bench-embed               or  Benchmarks/embed/run.sh [tokenizer] [transformer] [static]
#
#   BENCH_ROUNDS   rounds, of which medians are printed (3)      BENCH_THREADS  threads for all (2)
#   BENCH_PYTHON   a Python with the peers in it                 EMBED_DATA     folder of corpus and models (data/cache)
#   STATIC_TABLE   a static table (data/static-mpnet)
#   EMBED_MODELS   models (all-MiniLM-L6-v2 all-mpnet-base-v2)   EMBED_TEXTS    of the transformers (short long)
#   EMBED_SHORT    how many short texts (4000)                   EMBED_LONG     how many long ones (500)
set -euo pipefail
cd "$(dirname "$0")/../.."
. Benchmarks/venv.sh
rounds=${BENCH_ROUNDS:-3} threads=${BENCH_THREADS:-2} data=${EMBED_DATA:-data/cache}
models=${EMBED_MODELS:-all-MiniLM-L6-v2 all-mpnet-base-v2} kinds=${EMBED_TEXTS:-short long}
work=.build-bench/embed results=.build-bench/embed/results
parts=${*:-tokenizer transformer static}
bench=.build/release/GradprintBenchmarks

has() { [[ " $parts " == *" $1 "* ]]; }

for model in $models; do
    [ "$parts" = static ] || [ -f "$data/models/$model/model.safetensors" ] || { echo "get the models first: make models MODEL=all" >&2; exit 2; }
done
[ -s "$data/debian.jsonl" ] || { echo "get the texts first: make data" >&2; exit 2; }
echo "building" >&2
swift build -c release --product GradprintBenchmarks >&2
python=$(peer_python .build-peers/venv-embed Benchmarks/embed/requirements.txt "${BENCH_PYTHON:-}")
mkdir -p $results
python3 Benchmarks/embed/select_texts.py "$data/debian.jsonl" $work "${EMBED_SHORT:-4000}" "${EMBED_LONG:-500}"

# measured PART NAME COMMAND…: runs a measurement whose JSON goes to the results, and notes the load before it.
measured() {
    cut -d' ' -f1 /proc/loadavg >>"$results/$1-load.txt"
    "${@:3}" >"$results/$1-$2.json"
}

tokenizer() {
    rm -f $results/tokenizer-*
    local model round
    for model in $models; do
        for ((round = 1; round <= rounds; round++)); do
            measured tokenizer "$model-gradprint-$round" \
                "$bench" tokenizer "$data/models/$model" $work/all.jsonl --threads "$threads"
            measured tokenizer "$model-peer-$round" \
                "$python" Benchmarks/embed/tokenizer_peer.py "$data/models/$model" $work/all.jsonl --threads "$threads"
        done
    done
    printf '## Tokenizer, %s threads, medians of %s rounds\n\n' "$threads" "$rounds"
    python3 Benchmarks/embed/report.py tokenizer $results
}

transformer() {
    rm -f $results/transformer-*
    local model kind round name batch
    for model in $models; do
        for kind in $kinds; do
            batch=()
            for ((round = 1; round <= rounds; round++)); do
                name=$model-$kind
                echo "$name, round $round" >&2
                measured transformer "$name-gradprint-$round" "$bench" transformer "$data/models/$model" \
                    "$work/$kind.jsonl" --threads "$threads" --vectors "$work/vectors.fbin"
                measured transformer "$name-peer-$round" "$python" Benchmarks/embed/transformer_peer.py \
                    "$data/models/$model" "$work/$kind.jsonl" --threads "$threads" --vectors "$work/vectors.fbin" "${batch[@]}"
                # Chosen in the first round.
                batch=(--batch-size "$(sed 's/.*"batchSize": \([0-9]*\).*/\1/' "$results/transformer-$name-peer-1.json")")
            done
        done
    done
    printf '## Transformers, %s threads, medians of %s rounds\n\n' "$threads" "$rounds"
    python3 Benchmarks/embed/report.py transformer $results
}

static() {
    rm -f $results/static-*
    local table=${STATIC_TABLE:-data/static-mpnet} round
    # Vectors are compared by model2vec's rule for tokens that come several times, which is all it knows.
    rm -rf $work/static-table && cp -r "$table" $work/static-table
    sed -i '/"repeated_tokens"/d' $work/static-table/config.json
    "$bench" embed $work/static-table $work/synopses.jsonl $work/static.fbin --threads "$threads"
    for ((round = 1; round <= rounds; round++)); do
        measured static "gradprint-$round" "$bench" static "$table" $work/synopses.jsonl --copies 3 --threads "$threads"
        measured static "peer-$round" "$python" Benchmarks/embed/static_peer.py "$table" $work/synopses.jsonl --copies 3 \
            --threads "$threads" --vectors $work/static.fbin
    done
    printf '## Static table, %s threads, medians of %s rounds\n\n' "$threads" "$rounds"
    python3 Benchmarks/embed/report.py static $results
}

for part in tokenizer transformer static; do
    if has $part; then $part; fi
done
