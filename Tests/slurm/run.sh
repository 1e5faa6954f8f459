#!/usr/bin/env bash
# A build on a real Slurm: a cluster of one node on this host, job arrays, faults; every byte against a local build.
#
#   Tests/slurm/run.sh GRADPRINT      GRADPRINT: the executable; run as root, with slurm-wlm and munge installed
#
# Everything is in a temporary folder, and every daemon that is started is stopped. KEEP=1 keeps the folder.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
gradprint=$(realpath "$1")
. "$here/cluster.sh"
PATH=$PATH:/usr/sbin

[ "$(id -u)" = 0 ] || { echo "this test starts Slurm's daemons and has to run as root" >&2; exit 77; }
work=$(mktemp -d /tmp/gradprint-slurm.XXXXXX)
# slurmd gives a job's script to its user, who has to reach it.
chmod 755 "$work"
finish() {
    status=$?
    trap - EXIT INT TERM
    stop_cluster
    [ -n "${KEEP:-}" ] || rm -rf "$work"
    exit "$status"
}
trap finish EXIT
trap 'exit 130' INT TERM

fail() {
    echo "FAILED: $1" >&2
    [ -n "${run:-}" ] && "$gradprint" status "$run" >&2
    grep -hv 'rows/s' "$work"/*/slurm/logs/*.log 2>/dev/null | tail -n 30 >&2
    exit 1
}
say() { printf '%4d s  %s\n' "$SECONDS" "$1"; }

# wait_for SECONDS WHAT COMMAND…: until the command succeeds.
wait_for() {
    local limit=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$limit" ] || fail "$what did not come about"
        sleep 0.02
    done
}
queue_is_empty() { [ -z "$(squeue --noheader 2>/dev/null || echo error)" ]; }
fails_with() {
    local code=$1 words=$2 output
    shift 2
    output=$("$@" 2>&1)
    [ $? = "$code" ] || fail "exit code $code expected of: $*"$'\n'"$output"
    grep -qF -- "$words" <<<"$output" || fail "'$words' expected in: $output"
}

status_has() {
    local output
    output=$("$gradprint" status "$run") && grep -q -- "$1" <<<"$output" || fail "'$1' expected in: $output"
}

# The process that works on a task of a stage: the end of its temporary folder's name.
worker() {
    local folder
    for folder in "$run/tmp/$1".*; do [ -d "$folder" ] && { echo "${folder##*.}"; return 0; }; done
    return 1
}
kill_worker() { local pid; pid=$(worker "$1") && kill -9 "$pid"; }

has_record() { grep -qE "\"exitCode\" ?: ?$2," "$run/failures/$1"-*.json; }

# Every file of a run with its sum; what tells of times and machines is left out.
contents() {
    (cd "$1" && find . -type f ! -path './log*' ! -path './slurm/*' ! -path './failures/*' ! -name lock -print0 |
        sort -z | xargs -0 sha256sum)
}
same_as_local() {
    diff <(contents "$work/local") <(contents "$1") >"$work/difference" ||
        fail "$1 differs from the local build: $(head -5 "$work/difference")"
    [ "$(contents "$1" | wc -l)" -gt 60 ] || fail "$1 holds too few files to have been compared"
    "$gradprint" check "$1" --quiet || fail "$1 is damaged"
}

level=avx2 core=Haswell
grep -q avx2 /proc/cpuinfo || { level=scalar core=Nehalem; }

awk -v folder="$work" 'BEGIN {
    split("the cat,a river,the compiler,an old song,her garden,the index,a lighthouse", subject, ",")
    split("finds,crosses,rewrites,remembers,feeds,measures,hides", verb, ",")
    split("a mouse,the valley,a loop,the summer,the birds,every vector,the ships", object, ",")
    for (row = 0; row < 1200; row++)
        printf "{\"id\": \"s%d\", \"text\": \"%s %s %s number %d\"}\n", row, subject[row % 7 + 1], \
            verb[int(row / 7) % 7 + 1], object[int(row / 49) % 7 + 1], row > (folder "/part-" row % 3 ".jsonl")
}'
cat >"$work/pipeline.yaml" <<YAML
corpus:
  files: [part-0.jsonl, part-1.jsonl, part-2.jsonl]
  shard_rows: 100
embed:
  path: $here/../EmbeddingTests/Fixtures/tiny-bert
fingerprint:
  signature_weight: 0.1
calibrate: {outputs: 100, nulls: 200}
slurm:
  time: 00:10:00
  memory: 500M
  cpus: 1
  array_size: 4
  kernel_level: $level
  stages:
    cluster: {cpus: 2}
    probe-train: {cpus: 2}
YAML

say "starting munged, slurmctld and slurmd"
start_cluster "$work/cluster" || fail "Slurm did not start"
say "building locally"
GRADPRINT_KERNELS=$level OPENBLAS_CORETYPE=$core \
    "$gradprint" build "$work/pipeline.yaml" --run-dir "$work/local" --quiet || fail "the local build"

say "a build without faults"
run=$work/plain
"$gradprint" submit "$work/pipeline.yaml" --run-dir "$run" >"$work/submitted" || fail "submit"
[ "$(wc -l <"$work/submitted")" -ge 16 ] || fail "16 jobs at least are expected: $(cat "$work/submitted")"
fails_with 75 "still in the queue" "$gradprint" submit "$work/pipeline.yaml" --run-dir "$run"
wait_for 120 "the end of the build" queue_is_empty
same_as_local "$run"
say "the same bytes as the local build"
status_has '4 completed'
[ -z "$(find "$run/failures" "$run/slurm/running" -type f)" ] || fail "records of failures are left"
[ -z "$("$gradprint" submit "$work/pipeline.yaml" --run-dir "$run" 2>/dev/null)" ] || fail "something was submitted anew"

say "what is missing alone is submitted again"
rm -rf "$run"/merge/*
"$gradprint" submit "$work/pipeline.yaml" --run-dir "$run" >"$work/submitted" || fail "submit"
wait_for 60 "the end of the build" queue_is_empty
same_as_local "$run"
[ "$(cut -d' ' -f2 "$work/submitted" | grep -cxE 'merge|embed|publish')" = 2 ] || fail "not what is missing was submitted"
say "again the same bytes, from: $(cut -d' ' -f2 "$work/submitted" | tr '\n' ' ')"

say "a build with faults; every flush takes 0.1 s longer"
cc -O1 -shared -fPIC -o "$work/slow.so" "$here/slow.c" || fail "no C compiler"
cat >"$work/slow-gradprint" <<SH
#!/bin/bash
GRADPRINT_TEST_SLOW=100000 LD_PRELOAD=$work/slow.so exec $gradprint "\$@"
SH
chmod 755 "$work/slow-gradprint"
run=$work/faults
"$gradprint" submit "$work/pipeline.yaml" --run-dir "$run" --set slurm.gradprint="$work/slow-gradprint" >"$work/submitted" ||
    fail "submit"
wait_for 90 "a task of embed" kill_worker embed
say "an element of embed was killed with -9"
wait_for 20 "its record" has_record embed 137
wait_for 90 "a task of label" worker label
element=$(squeue --noheader --states=RUNNING --name=gradprint-label --array --format=%F_%K | head -1)
scancel --batch --signal=TERM "$element" & # it waits for an end that the requeue takes away
say "an element of label was told to end"
wait_for 20 "its record" has_record label 80
wait_for 90 "a task of gradient-sign" worker gradient-sign
kill_node
say "the node died during gradient-sign"
sleep 2
start_node
wait_for 120 "a task of merge" kill_worker merge
say "the merge was killed half-way"
wait_for 150 "the end of the build" queue_is_empty
same_as_local "$run"
[ -z "$(find "$run/failures" "$run/slurm/running" -type f)" ] || fail "records of failures are left"
grep -l 'goes back to the queue' "$run"/slurm/logs/{embed,label,merge}-*.log >/dev/null || fail "nothing was requeued"
say "the same bytes as the local build"

say "bad input"
fails_with 78 "no partition 'nowhere'" "$gradprint" submit "$work/pipeline.yaml" --run-dir "$work/none" --partition nowhere
fails_with 78 "gives at most 01:00:00" "$gradprint" submit "$work/pipeline.yaml" --run-dir "$work/none" --time 2:00:00
fails_with 66 "no Slurm on this machine" env PATH=/nowhere "$gradprint" submit "$work/pipeline.yaml" --run-dir "$work/none"
[ ! -e "$work/none" ] || fail "a refused submission left something"
fails_with 78 "Lower --array-size" "$gradprint" submit "$work/pipeline.yaml" --run-dir "$work/large" --array-size 5000
# An element that was cancelled while it began can be completing (CG) for a while; nothing else may be left.
states=$(squeue --noheader --format=%t) || fail "squeue"
grep -qv CG <<<"${states:-CG}" && fail "jobs of a refused submission are left: $states"
wait_for 60 "the end of a refused submission's jobs" queue_is_empty

# The nodes see another folder under the run's name. No element begins before it is moved.
run=$work/moved
scontrol update PartitionName=main State=DOWN
"$gradprint" submit "$work/pipeline.yaml" --run-dir "$run" >/dev/null && mv "$run" "$run.elsewhere" || fail "submit"
scontrol update PartitionName=main State=UP
wait_for 60 "the end of the jobs" queue_is_empty
mv "$run.elsewhere" "$run"
status_has 'comment .*does not see the run directory'
say "all of it held"
