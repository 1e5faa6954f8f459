#!/usr/bin/env bash
# Tells how well lineage is found: trains small models of known descent once, changes them in every way that the method
# claims to survive, and prints AUC, family accuracy and speed of both methods.
#
#   make bench-lineage             or  Benchmarks/lineage/run.sh
#
#   LINEAGE_PYTHON   a Python with NumPy and PyTorch (default: one of its own, from PyPI)
#
# Needs `make data` for the text; about 25 minutes of one core for the training, whose results are kept in
# .build-lineage. Where `make models MODEL=all` has put published models, these are measured too.
set -euo pipefail
cd "$(dirname "$0")/../.."
. Benchmarks/venv.sh
here=Benchmarks/lineage work=.build-lineage gradprint=.build/release/gradprint
corpus=data/cache/debian.jsonl real=data/cache/models

swift build -c release --product gradprint >&2
python=$(peer_python $work/venv $here/requirements.txt "${LINEAGE_PYTHON:-}")

mkdir -p $work/models
nice "$python" $here/train.py $corpus $work/models >&2
nice "$python" $here/derive.py $work/models $work/derived

rm -rf $work/library $work/results
mkdir -p $work/results
for base in $work/models/*.base.safetensors; do
    name=$(basename "$base" .base.safetensors)
    $gradprint lineage library add "$base" --library $work/library --name "$name" --quiet
done
mkdir -p $work/queries
find "$(pwd)/$work/models" -name '*.base.safetensors' -exec ln -sf {} $work/queries/ \;
for method in weights tensorguard; do
    $gradprint lineage classify $work/queries/*.safetensors $work/derived/* --library $work/library --method $method \
        --threshold inf --json --quiet --output $work/results/$method.json
done
if [ -d $real/all-MiniLM-L6-v2 ]; then
    "$python" $here/real.py $real/all-MiniLM-L6-v2 $work/real
    for model in "$real"/*; do
        $gradprint lineage library add "$model" --library $work/library --quiet
    done
    $gradprint lineage classify $work/real/* --library $work/library --json --quiet --output $work/results/real.json
fi
for kind in F32 BF16 I8; do "$python" $here/large.py $work/large-$kind.safetensors $kind; done
"$python" $here/report.py $work/results $gradprint $work/large-*.safetensors
