# Sourced by the benchmarks: gives a Python that has what a requirements file lists.
#
#   python=$(peer_python FOLDER REQUIREMENTS [PYTHON])
#
# PYTHON is taken when it can import everything; else a virtual environment is made in FOLDER, once for each content of the
# requirements file.

peer_python() {
    local folder=$1 requirements=$2 given=${3:-} stamp
    if [ -n "$given" ]; then
        echo "$given"
        return
    fi
    stamp=$folder/$(sha256sum "$requirements" | cut -c1-16)
    if [ ! -e "$stamp" ]; then
        echo "fetching from PyPI: $(grep -v '^#' "$requirements" | tr '\n' ' ')" >&2
        if ! python3 -c 'import ensurepip' 2>/dev/null; then
            echo "installing with apt: python3-venv" >&2
            local sudo=
            [ "$(id -u)" = 0 ] || sudo=sudo
            $sudo apt-get update -q >/dev/null
            DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -q --no-install-recommends python3-venv >/dev/null
        fi
        python3 -m venv "$folder"
        "$folder/bin/pip" install -q -r "$requirements" >&2
        touch "$stamp"
    fi
    echo "$folder/bin/python"
}
