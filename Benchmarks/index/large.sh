#!/usr/bin/env bash
# Ten million vectors made from real ones: how far their neighbours are beside those of the real ones, building, merging,
# opening and searching a partitioned index of them, and searching it with less memory than it has bytes.
#
#   make bench-index-large [VECTORS=FILE.fbin]       or  Benchmarks/index/large.sh [FILE.fbin]
#
# Without a file: the fingerprints of 416 dimensions that `make bench-index` makes (run it first). Takes about 25 minutes
# of two cores, 24 GB of disk for 10^7 vectors of 416 dimensions, and as root a memory cgroup for the last part.
#
#   LARGE_ROWS     vectors (10000000)           LARGE_SHARE   of perturb --share (.25)
#   LARGE_PROBES   partitions to read           LARGE_WORK    the folder for files of vectors and of the index
#   LARGE_KEEP     keep these files (1)         BENCH_THREADS threads for all (2)
set -euo pipefail
cd "$(dirname "$0")/../.."
here=Benchmarks/index bench=.build/release/GradprintBenchmarks
work=${LARGE_WORK:-.build-bench/index-large} rows=${LARGE_ROWS:-10000000} threads=${BENCH_THREADS:-2}
probes=${LARGE_PROBES:-64,96,128,192,256,384,512,768,1024,1536,2048}
real=${1:-.build-bench/index/passages-416.fbin}
[ -s "$real" ] || { echo "there is no $real; make it with: make bench-index" >&2; exit 1; }
say() { echo "$(date +%H:%M:%S) $*" >&2; }
drop() { for file in "$@"; do dd if="$file" of=/dev/null iflag=nocache count=0 status=none; done; }

say "building the benchmarks"
swift build -c release --product GradprintBenchmarks >&2
mkdir -p "$work"
vectors=$work/vectors-$rows.fbin name=$work/vectors-$rows index=$work/index-$rows
results=$work/results-$rows
rm -rf "$results"
mkdir -p "$results"

if [ ! -s "$vectors" ] || [ "$real" -nt "$vectors" ]; then
    need=$((rows * 2300)) free=$(df --output=avail -B1 "$work" | tail -1)
    [ "$free" -gt "$need" ] || { echo "$work has $free bytes free, but about $need are needed" >&2; exit 1; }
    say "making $rows vectors"
    "$bench" perturb "$real" "$vectors.part" --rows "$rows" --share "${LARGE_SHARE:-0.25}" --threads "$threads"
    mv "$vectors.part" "$vectors"
    rm -f "$name-truth.ibin"
fi
say "measuring the distances to neighbours among the real vectors"
"$bench" neighbours "$real" --sample 2000 --threads "$threads" >"$results/real.json"
say "making queries, and their exact neighbours among all $rows vectors"
"$bench" neighbours "$vectors" --queries "$name-queries.fbin" --truth "$name-truth.ibin" --sample 1000 \
    --threads "$threads" >"$results/made.json"

search=("$bench" index --base "$vectors" --queries "$name-queries.fbin" --truth "$name-truth.ibin" --work "$index"
    --threads "$threads")
say "building the index"
rm -rf "$index"
"${search[@]}" --probes "${probes%%,*}" --singles 0 --merge-again >"$results/build.json"
rm -f "$index"/part-*
say "opening and searching it"
"${search[@]}" --probes "$probes" --singles 100 --reuse >"$results/search.json"

bytes=$(cat "$index"/slice-* "$index/model" | wc -c)
limit=$((bytes / 2))
say "searching it from a cold cache with $limit bytes of memory for an index of $bytes"
sync
drop "$index"/* "$vectors"
group=gradprint-large-$$
if mkdir /sys/fs/cgroup/memory/$group 2>/dev/null; then
    trap 'rmdir /sys/fs/cgroup/memory/$group 2>/dev/null || true' EXIT
    echo $limit >/sys/fs/cgroup/memory/$group/memory.limit_in_bytes
    limited=(bash -c 'echo $$ >/sys/fs/cgroup/memory/'$group'/cgroup.procs && exec "$@"' limited)
elif command -v systemd-run >/dev/null && systemd-run --scope --quiet -p MemoryMax=$limit true 2>/dev/null; then
    limited=(systemd-run --scope --quiet -p MemoryMax=$limit -p MemorySwapMax=0)
else
    say "no memory cgroup may be made here, so there is no limit"
    limited=()
fi
# The fewest partitions of those tried that reach a recall of .95, or all there were.
enough=$(python3 $here/large.py "$results" --probes 0.95)
"${limited[@]}" "${search[@]}" --probes "$enough" --singles 20 --reuse >"$results/limited.json"
[ ${#limited[@]} -eq 0 ] || echo "{\"limit\": $limit, \"bytes\": $bytes}" >"$results/limit.json"

python3 $here/large.py "$results"
[ "${LARGE_KEEP:-1}" = 1 ] || rm -rf "$vectors" "$name-queries.fbin" "$name-truth.ibin" "$index"
