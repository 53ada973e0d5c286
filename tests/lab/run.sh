#!/bin/sh
# Runs the laboratory: real servers refuse real requests, recorders write samples/lab, the truth stands beside them.
#
#   tests/lab/run.sh [--out DIR] [--full] [--bench 1|2|3] [--only CAPTURE...] [--no-browser]
#
# Needs: python3 with venv (3.12 or newer for mitmproxy), node and npm; nginx, apache2 and chromium where present, else their
# captures are left out; the second bench (PHP, Go, Ruby, Java, Rust, Perl, gateways) takes what stacks.sh finds. Everything is
# installed into a temporary folder (LAB_HOME keeps it for the next run).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
home=${LAB_HOME:-$(mktemp -d)}
[ -n "${LAB_HOME:-}" ] || trap 'rm -rf "$home"' EXIT
mkdir -p "$home/node"

newest=python3
for candidate in python3.14 python3.13 python3.12 python3; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; then
        newest=$candidate
        break
    fi
done
# A version manager may hide newer interpreters behind a shim.
for candidate in "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.1[2-9]*/bin/python3; do
    if [ "$newest" = python3 ] && [ -x "$candidate" ]; then newest=$candidate; fi
done

if [ ! -x "$home/venv/bin/python" ]; then
    "$newest" -m venv "$home/venv"
    "$home/venv/bin/pip" install -q -r "$here/requirements.txt"
fi
if [ ! -x "$home/mitm/bin/mitmdump" ]; then
    "$newest" -m venv "$home/mitm"
    "$home/mitm/bin/pip" install -q --prefer-binary -r "$here/requirements-mitm.txt"
fi
if [ ! -d "$home/node/node_modules" ]; then
    cp "$here/package.json" "$home/node/"
    (cd "$home/node" && npm install --no-audit --no-fund --loglevel=error)
fi
sh "$here/stacks.sh" "$home"
cd "$here"
PYTHONDONTWRITEBYTECODE=1 "$home/venv/bin/python" record.py --node "$home/node" --mitmdump "$home/mitm/bin/mitmdump" "$@"
