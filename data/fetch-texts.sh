#!/usr/bin/env bash
# Writes the texts that data/static-mpnet learns from, as JSON lines: {"id", "text"}.
#
#   data/fetch-texts.sh [OUT]      (OUT: data/cache/texts.jsonl)
#
# They are chosen by data/select-texts.py from data/cache/debian.jsonl and from
# WordNet 3.0 (Debian's package wordnet-base, fetched into a private folder and
# not installed). Needs apt-get, dpkg-deb, python3 and `make data`; no root.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=${1:-$here/cache/texts.jsonl}
die() { printf 'fetch-texts: %s\n' "$*" >&2; exit 1; }

case $out in
  -h|--help) sed -n '2,8s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
  -*) die "unknown option: $out (try --help)" ;;
esac
for tool in apt-get dpkg-deb python3; do
  command -v $tool > /dev/null || die "$tool is missing; this script needs a Debian system with apt and python3"
done
[ -s "$here/cache/debian.jsonl" ] || die "$here/cache/debian.jsonl is missing; make data writes it"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
chmod 755 "$folder"
(cd "$folder" && apt-get -qq download wordnet-base) 2> "$folder/log" \
  || die "apt-get download wordnet-base failed; apt-get update may help: $(tail -n 1 "$folder/log")"
dpkg-deb -x "$folder"/wordnet-base_*.deb "$folder/files"
python3 "$here/select-demo.py" "$here/cache/debian.jsonl" "$here/outputs.jsonl" "$folder/demo.jsonl" > /dev/null
mkdir -p "$(dirname "$out")"
python3 "$here/select-texts.py" "$here/cache/debian.jsonl" "$folder/demo.jsonl" "$folder/files/usr/share/wordnet" "$out"
