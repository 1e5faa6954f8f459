#!/usr/bin/env bash
# Prints how often the source is among the candidates: by the embedding, token signatures, both, postings of words, and the
# union that attribution takes, at growing sizes of the corpus.
#
#   make bench-recall SETS="NAME=FOLDER …"    or  Benchmarks/recall.sh NAME=FOLDER…
#
# A folder has corpus.jsonl (id, text) and queries.jsonl (text, source_ids).
#
#   RECALL_DISTRACTORS     JSON Lines (id, text) of texts that are nobody's source, to reach the sizes (none)
#   RECALL_MODEL           a sentence-transformers folder (data/cache/models/all-MiniLM-L6-v2)
#   RECALL_EMBEDDED        so many distractors are embedded; beyond them, what needs no embedding is measured (90000)
#   RECALL_SIZES           rows (10000,100000,1000000)     BENCH_THREADS   threads (2)
set -euo pipefail
cd "$(dirname "$0")/.."
model=${RECALL_MODEL:-data/cache/models/all-MiniLM-L6-v2} threads=${BENCH_THREADS:-2}
sizes=${RECALL_SIZES:-10000,100000,1000000} embedded=${RECALL_EMBEDDED:-90000} distractors=${RECALL_DISTRACTORS:-}
work=.build-bench/recall bench=.build/release/GradprintBenchmarks

[ $# -gt 0 ] || { echo 'name labelled sets: make bench-recall SETS="NAME=FOLDER …"' >&2; exit 2; }
echo "building" >&2
swift build -c release --product GradprintBenchmarks >&2
mkdir -p $work

# embed FILE.jsonl ROWS: embeds a file once for its content, and names the vectors.
embed() {
    local vectors
    vectors=$work/$(cat "$1" "$model/config.json" | sha256sum | cut -c1-16)-$2.fbin
    if [ ! -s "$vectors" ]; then
        echo "embedding $1" >&2
        "$bench" embed "$model" "$1" "$vectors.part.fbin" --rows "$2" --threads "$threads"
        mv "$vectors.part.fbin" "$vectors"
    fi
    echo "$vectors"
}

others=()
if [ -n "$distractors" ]; then
    others=(--distractors "$distractors" --distractor-vectors "$(embed "$distractors" "$embedded")")
fi
for set in "$@"; do
    folder=${set#*=}
    "$bench" recall --name "${set%%=*}" --corpus "$folder/corpus.jsonl" --queries "$folder/queries.jsonl" \
        --corpus-vectors "$(embed "$folder/corpus.jsonl" 1000000000)" \
        --query-vectors "$(embed "$folder/queries.jsonl" 1000000000)" \
        "${others[@]}" --sizes "$sizes" --threads "$threads" --output $work/results
done
