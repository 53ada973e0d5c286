#!/usr/bin/env python3
"""Counts the instructions that the program takes for a byte of each form, and holds them against ceilings.

    benches/instructions.py             fails where one takes more than the ceiling and TOLERANCE
    benches/instructions.py --update    writes what is counted as the new ceilings (benches/instructions.txt)

Instructions do not depend on what else the machine does, as time does; callgrind of valgrind counts them, on one thread.
They do depend on the compiler and a little on the processor, as libraries choose by what it can. The start, which the
first line of the table counts on a small capture, is taken off the others.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

PROJECT = pathlib.Path(__file__).resolve().parent.parent
CEILINGS = PROJECT / "benches" / "instructions.txt"
RELEASE = PROJECT / "target" / "release"
# Share by which a count may be above its ceiling.
TOLERANCE = 0.05
SIZE = "10MB"
START = "start"
SHAPES = {"har": "har", "har-dense": "har --mix dense", "ndjson": "ndjson", "combined": "combined"}
HEAD = """\
# Instructions of the release build on one thread: millions to start and read samples/quickstart.har, then for each
# byte of 10 MB that benches/corpus.rs writes. Checked by .ci/run; written by benches/instructions.py --update.
"""


def instructions(file):
    """Counts the instructions of one run over a file."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    command += [RELEASE / "authopsy", "--config", "", "-j", "1", "-f", "json", file]
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True)
    if ran.returncode != 0:
        sys.exit(f"error: valgrind on {file}: {ran.stderr.strip()[-400:]}")
    return int(re.search(r"Collected\s*:\s*(\d+)", ran.stderr).group(1))


def count():
    """Counts all rows of the table."""
    start = instructions(PROJECT / "samples" / "quickstart.har")
    counts = {START: start / 1e6}
    with tempfile.TemporaryDirectory(dir=PROJECT / "target") as folder:
        for name, options in SHAPES.items():
            shape, *more = options.split()
            file = pathlib.Path(folder) / name
            command = [RELEASE / "examples" / "corpus", shape, SIZE, file, *more]
            truth = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stderr)
            counts[name] = (instructions(file) - start) / truth["bytes"]
            file.unlink()
    return counts


def main():
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--update", action="store_true", help="write new ceilings")
    asked.add_argument("--built", action="store_true", help="take what is built already")
    asked = asked.parse_args()
    if shutil.which("valgrind") is None:
        sys.exit("error: no valgrind here (Debian: apt-get install valgrind)")
    if not asked.built:
        for part in (["--bin", "authopsy"], ["--example", "corpus"]):
            subprocess.run(["cargo", "build", "--release", "--quiet", "--locked", *part], cwd=PROJECT, check=True)
    counts = count()
    if asked.update:
        CEILINGS.write_text(HEAD + "".join(f"{name:<10} {counted:8.2f}\n" for name, counted in counts.items()))
        print(CEILINGS.read_text(), end="")
        return
    rows = (line.split() for line in CEILINGS.read_text().splitlines() if not line.startswith("#"))
    ceilings = {name: float(ceiling) for name, ceiling in rows}
    above = []
    for name, counted in counts.items():
        ceiling = ceilings.get(name, 0.0)
        print(f"{name:<10} {counted:8.2f}   ceiling {ceiling:8.2f}")
        if counted > ceiling * (1 + TOLERANCE):
            above.append(f"{name} takes {counted:.2f}, {ceiling:.2f} were enough")
        elif counted < ceiling * (1 - TOLERANCE):
            print(f"{'':<10} better than the ceiling: benches/instructions.py --update keeps it")
    if above:
        sys.exit("FAILED: more instructions than before: " + "; ".join(above))


if __name__ == "__main__":
    main()
