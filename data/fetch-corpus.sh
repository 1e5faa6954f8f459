#!/usr/bin/env bash
# Writes the descriptions of all packages of this machine's Debian release as
# JSON lines: {"id", "text", "section", "homepage"?}, sorted by id.
#
#   data/fetch-corpus.sh [--force] [OUT]      (OUT: data/cache/debian.jsonl)
#
# The long descriptions stand in the archive's Translation-en list, which many
# machines do not fetch. It is fetched here into a private apt directory; the
# system's own settings, lists and caches are only read. Needs no root.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=$here/cache/debian.jsonl
force=0
die() { printf 'fetch-corpus: %s\n' "$*" >&2; exit 1; }

seen=0
for arg in "$@"; do
  case $arg in
    --force) force=1 ;;
    -h|--help) sed -n '2,9s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
    -*) die "unknown option: $arg (try --help)" ;;
    *) [ $seen = 0 ] || die "more than one output path"
       out=$arg; seen=1 ;;
  esac
done

if [ -s "$out" ] && [ $force = 0 ]; then
  printf '%s: %d packages (already there; --force fetches again)\n' "$out" "$(wc -l < "$out")"
  exit 0
fi

for tool in apt-get python3; do
  command -v $tool > /dev/null || die "$tool is missing; this script needs a Debian system with apt and python3"
done

mkdir -p "$here/cache" "$(dirname "$out")"
exec 9> "$here/cache/.corpus.lock"
if command -v flock > /dev/null; then
  flock -n 9 || die "another fetch-corpus is running"
fi

apt=$here/cache/apt
rm -rf "$apt"
trap 'rm -rf "$apt"' EXIT

# `python3 - …` reads the program below from standard input.
python3 - "$apt" "$out" << 'PY'
import glob, json, os, re, shutil, subprocess, sys

APT, OUT = sys.argv[1], sys.argv[2]
ARCH = "amd64"          # one architecture, so that every machine gets one list
COMPONENT = "main"


def die(message):
    sys.stderr.write("fetch-corpus: %s\n" % message)
    sys.exit(1)


def codename():
    try:
        with open("/etc/os-release", encoding="utf-8") as f:
            fields = dict(line.rstrip("\n").split("=", 1) for line in f if "=" in line)
    except OSError as e:
        die("cannot read os-release: %s" % e)
    name = fields.get("VERSION_CODENAME", "").strip('"')
    if fields.get("ID", "").strip('"') != "debian" or not name:
        die("this machine is not a Debian release (os-release says ID=%s, VERSION_CODENAME=%s)"
            % (fields.get("ID", "?"), name or "?"))
    return name


def stanzas(lines):
    """deb822 text -> dicts; a field's continuation lines are kept as they are."""
    fields, last = {}, None
    for line in lines:
        line = line.rstrip("\n")
        if line.startswith("#"):
            continue
        if not line.strip():
            if fields:
                yield fields
            fields, last = {}, None
        elif line[0] in " \t":
            if last is not None:
                fields[last] += "\n" + line
        else:
            key, colon, value = line.partition(":")
            if colon:
                last = key
                fields[last] = value.strip()
    if fields:
        yield fields


def candidates(release):
    """Stanzas on this machine that carry the release's main component."""
    found, looked = [], []
    parts = "/etc/apt/sources.list.d"
    for path in ["/etc/apt/sources.list"] + sorted(glob.glob(parts + "/*.list")) \
            + sorted(glob.glob(parts + "/*.sources")):
        try:
            with open(path, encoding="utf-8", errors="replace") as f:
                lines = f.readlines()
        except OSError:
            continue
        looked.append(path)
        if path.endswith(".sources"):
            for s in stanzas(lines):
                s = {k.lower(): v for k, v in s.items()}
                if s.get("enabled", "yes").lower() in ("no", "false", "0"):
                    continue
                if "deb" not in s.get("types", "").split():
                    continue
                if release not in s.get("suites", "").split():
                    continue
                if COMPONENT not in s.get("components", "").split():
                    continue
                for uri in s.get("uris", "").split():
                    found.append((uri, s.get("signed-by", "")))
        else:
            for line in lines:
                m = re.match(r"\s*deb\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)\s+([^#]*)", line)
                if not m or m.group(3) != release or COMPONENT not in m.group(4).split():
                    continue
                options = dict(o.split("=", 1) for o in (m.group(1) or "").split() if "=" in o)
                found.append((m.group(2), options.get("signed-by", "").replace(",", " ")))
    unique = []
    for c in found:
        if c not in unique:
            unique.append(c)
    # Those that look like the Debian archive first; what each one really is,
    # its signed Release file says after the download.
    unique.sort(key=lambda c: not (re.search(r"/debian/?$", c[0]) or "debian-archive" in c[1]
                                   or c[0].startswith("mirror+file:")))
    return unique, looked


def update(uri, signed_by, release):
    """Fetches one source into the private directory; its lists' folder, or None."""
    shutil.rmtree(APT, ignore_errors=True)
    for d in ("state/lists/partial", "cache/archives/partial", "log", "empty"):
        os.makedirs(os.path.join(APT, d))
    open(os.path.join(APT, "state/status"), "w").close()
    with open(os.path.join(APT, "sources.sources"), "w", encoding="utf-8") as f:
        f.write("Types: deb\nURIs: %s\nSuites: %s\nComponents: %s\nArchitectures: %s\n"
                % (uri, release, COMPONENT, ARCH))
        if signed_by:
            f.write("Signed-By: %s\n" % signed_by)
    os.makedirs(os.path.join(APT, "sources.d"))
    os.rename(os.path.join(APT, "sources.sources"), os.path.join(APT, "sources.d/debian.sources"))
    conf = os.path.join(APT, "apt.conf")
    with open(conf, "w", encoding="utf-8") as f:
        # Hooks of the system (they may clean its caches) do not run here.
        for hook in ("APT::Update::Pre-Invoke", "APT::Update::Post-Invoke",
                     "APT::Update::Post-Invoke-Success", "Acquire::Languages",
                     "Acquire::IndexTargets::deb::DEP-11",
                     "Acquire::IndexTargets::deb::DEP-11-icons-small",
                     "Acquire::IndexTargets::deb::DEP-11-icons",
                     "Acquire::IndexTargets::deb::DEP-11-icons-hidpi",
                     "Acquire::IndexTargets::deb::Contents-deb"):
            f.write("#clear %s;\n" % hook)
        settings = {
            "Dir::State": APT + "/state", "Dir::State::lists": APT + "/state/lists",
            "Dir::State::status": APT + "/state/status",
            "Dir::Cache": APT + "/cache", "Dir::Cache::archives": APT + "/cache/archives",
            "Dir::Log": APT + "/log",
            "Dir::Etc::sourcelist": "/dev/null", "Dir::Etc::sourceparts": APT + "/sources.d",
            "Acquire::Languages": "en", "Acquire::GzipIndexes": "false",
            "Acquire::PDiffs": "false", "Acquire::Retries": "3",
            "APT::Architecture": ARCH,
        }
        if os.geteuid() == 0:
            settings["APT::Sandbox::User"] = "root"
        for key, value in settings.items():
            f.write('%s "%s";\n' % (key, value))
        f.write('APT::Architectures { "%s"; };\n' % ARCH)
    run = subprocess.run(["apt-get", "-c", conf, "-qq", "update"], stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                         text=True, errors="replace", env=dict(os.environ, LC_ALL="C.UTF-8"))
    lists = os.path.join(APT, "state/lists")
    heads = glob.glob(lists + "/*_InRelease") + glob.glob(lists + "/*_Release")
    if run.returncode != 0 or not heads:
        return None, "apt-get update failed (exit %d): %s" % (run.returncode, run.stdout.strip() or "no message")
    with open(heads[0], encoding="utf-8", errors="replace") as f:
        head = f.read(4000)
    origin = re.search(r"^Origin: *(.*)$", head, re.M)
    code = re.search(r"^Codename: *(.*)$", head, re.M)
    if not origin or origin.group(1).strip() != "Debian" or not code or code.group(1).strip() != release:
        return None, "not the Debian archive (its Release file says Origin: %s)" % (origin.group(1) if origin else "?")
    return lists, None


def records(path):
    with open(path, encoding="utf-8", errors="replace") as f:
        yield from stanzas(f)


BULLET = re.compile(r"^(?:[*+\-\u2022]|\d{1,2}[.)])\s+\S")


def unwrap(body):
    """The long description's control lines -> plain text.

    One leading space: text of a paragraph, wrapped lines joined. ' .' ends a
    paragraph. More leading spaces, or a bullet: a line of its own, to which
    deeper lines without a bullet are joined when it is a bullet itself.
    """
    paragraphs, lines, bullet, open_ = [], [], None, False
    for raw in body.split("\n"):
        raw = raw.expandtabs().rstrip()
        line = raw[1:] if raw.startswith(" ") else raw
        text = " ".join(line.split())
        if text in ("", "."):
            if lines:
                paragraphs.append("\n".join(lines))
            lines, bullet, open_ = [], None, False
            continue
        indent = len(line) - len(line.lstrip(" "))
        if BULLET.match(text):
            lines.append(text)
            bullet, open_ = indent, indent == 0
        elif bullet is not None and indent > bullet:
            lines[-1] += " " + text
        elif indent == 0 and open_:
            lines[-1] += " " + text
        else:
            lines.append(text)
            bullet, open_ = None, indent == 0
    if lines:
        paragraphs.append("\n".join(lines))
    return "\n\n".join(paragraphs)


def main():
    release = codename()
    sources, looked = candidates(release)
    if not sources:
        die("no apt source on this machine carries '%s %s' of the Debian archive (looked in: %s)"
            % (release, COMPONENT, ", ".join(looked) or "no file at all"))
    lists, why = None, []
    for uri, signed_by in sources:
        lists, reason = update(uri, signed_by, release)
        if lists:
            break
        why.append("  %s: %s" % (re.sub(r"//[^/@]*@", "//", uri), reason))
    if not lists:
        die("none of this machine's sources gave the lists of %s %s:\n%s" % (release, COMPONENT, "\n".join(why)))

    packages = glob.glob(lists + "/*_%s_binary-%s_Packages" % (COMPONENT, ARCH))
    translations = glob.glob(lists + "/*_%s_i18n_Translation-en" % COMPONENT)
    if not packages:
        die("the package list did not come (files: %s)" % ", ".join(sorted(os.listdir(lists))))
    if not translations:
        die("the list of English descriptions (Translation-en) did not come")

    long_text = {}
    for path in translations:
        for r in records(path):
            if "Package" in r and "Description-en" in r:
                long_text[r["Package"], r.get("Description-md5", "")] = r["Description-en"]

    rows, short = {}, 0
    for path in packages:
        for r in records(path):
            name = r.get("Package")
            if not name or name in rows:
                continue
            text = long_text.get((name, r.get("Description-md5", "")))
            if text is None:
                text = r.get("Description", "")
                short += 1
            synopsis, _, body = text.partition("\n")
            synopsis, body = " ".join(synopsis.split()), unwrap(body)
            row = {"id": name, "text": synopsis + ("\n\n" + body if body else ""),
                   "section": r.get("Section", "")}
            if r.get("Homepage"):
                row["homepage"] = r["Homepage"]
            rows[name] = row
    if len(rows) < 1000:
        die("only %d packages in the lists; that is no full release" % len(rows))
    if short * 10 > len(rows):
        die("%d of %d packages have no long description; the lists do not fit each other" % (short, len(rows)))

    part = OUT + ".part"
    try:
        with open(part, "w", encoding="utf-8") as f:
            for name in sorted(rows):
                f.write(json.dumps(rows[name], ensure_ascii=False) + "\n")
            f.flush()
            os.fsync(f.fileno())
        os.replace(part, OUT)
    except OSError as e:
        die("cannot write %s: %s" % (OUT, e))
    finally:
        if os.path.exists(part):
            os.remove(part)
    print("%s: %d packages of %s %s (%d without a long description)"
          % (OUT, len(rows), release, COMPONENT, short))


main()
PY
