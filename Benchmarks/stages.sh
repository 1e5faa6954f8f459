#!/usr/bin/env bash
# What each stage costs one core, for sizing a cluster (docs/cluster.md).
#
#   Benchmarks/stages.sh CORPUS.jsonl EMBED [KEY=VALUE…]
#
# EMBED: a model's folder, or a file of one vector for each line. KEY=VALUE: settings, as of `gradprint build --set`.
#
# Every stage runs by itself with one thread. Processor seconds are those of the process less those of the same command
# when there is nothing left to do (loading the model, the corpus' checksum), so a busy machine changes them little.
set -euo pipefail
cd "$(dirname "$0")/.."
gradprint=${GRADPRINT:-.build/release/gradprint}
run=$(mktemp -d)
trap 'rm -rf "$run"' EXIT
export OPENBLAS_NUM_THREADS=1

stages=$("$gradprint" stage --help | tr '\n' ' ' | sed 's/.*In order: \([^.]*\)\..*/\1/; s/,//g')
settings=()
for setting in "${@:3}"; do settings+=(--set "$setting"); done
command=(pipelines/default.yaml "${settings[@]}" --set "corpus.files=$1" --set "embed.path=$2" --run-dir "$run" --workers 1 --quiet)
seconds() {
    local TIMEFORMAT='%U %S'
    { time "$gradprint" stage "$1" "${command[@]}" >&2; } 2>&1 | awk '{ print $1 + $2 }'
}
printf '%-14s %12s %12s %14s %12s\n' stage rows 'processor s' 'rows/s a core' 'bytes a row'
for stage in $stages; do
    busy=$(seconds "$stage")
    [ "$stage" = calibrate ] && idle=0 || idle=$(seconds "$stage")
    "$gradprint" status "$run" --json | python3 -c '
import json, sys
stage, seconds = sys.argv[1], max(0.001, float(sys.argv[2]) - float(sys.argv[3]))
for found in json.load(sys.stdin)["stages"]:
    if found["name"] == stage:
        rows = found["rows"]
        size = "{:,.0f}".format(found["bytes"] / rows) if rows else "-"
        print("{:14} {:12,} {:12.2f} {:14,.0f} {:>12}".format(stage, rows, seconds, rows / seconds, size))
' "$stage" "$busy" "$idle"
done
