#!/usr/bin/env python3
"""Runs authopsy and other programs on the same generated files, and writes the tables of README.md.

    benches/compare.py                      HAR, NDJSON and access log of 1 GB each, then README.md
    benches/compare.py --size 100MB --print the same, smaller and faster, and README.md stays as it is
    benches/compare.py --sets dense,growth  other files (see SETS); printed only

Nothing is downloaded: a program that is missing is named with the command that installs it. Python modules are looked
for in the interpreter that runs this script. All programs of a set take turns, ROUNDS times; medians are told. One whose
first run takes longer than PATIENCE runs once. Each must find the refusals that were planted, or the run fails.
"""

import argparse
import dataclasses
import datetime
import importlib.util
import json
import os
import pathlib
import platform
import re
import shutil
import statistics
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
RIVALS = HERE / "rivals"
PROJECT = HERE.parent
README = PROJECT / "README.md"
BEGIN, END = "<!-- written by benches/compare.py -->", "<!-- end of what benches/compare.py writes -->"
ROUNDS = 3
# Seconds: a program slower than this runs once.
PATIENCE = 20
CORES = os.cpu_count() or 1


@dataclasses.dataclass
class Program:
    """One that does the job, or a part of it."""

    name: str
    does: str
    # Makes the command for a file.
    command: object
    # Reads how many refusals it found out of its standard output; without it nothing is compared.
    found: object = None
    # An executable, or `python:MODULE`, that must be there, and how to install it.
    needs: str = ""
    install: str = ""
    # Exit codes that mean success.
    codes: tuple = (0,)

    def is_here(self):
        if self.needs.startswith("python:"):
            return all(importlib.util.find_spec(name) for name in self.needs[7:].split(","))
        return shutil.which(self.needs) is not None

    def version(self):
        if self.needs.startswith("python:"):
            from importlib import metadata

            return "+".join(metadata.version({"jwt": "PyJWT"}.get(name, name)) for name in self.needs[7:].split(","))
        told = subprocess.run([self.needs, "--version"], capture_output=True, text=True).stdout
        number = re.search(r"\d+(\.\d+)+", told)
        return number.group() if number else ""


def lines(out):
    return out.count("\n")


def refused(out):
    return json.loads(out)["refused"]


def totals(out):
    counts = json.loads(out)["totals"]
    return counts["failure"] + counts["expected"] + counts["lookalike"]


def goaccess(out):
    codes = (code for kind in json.loads(out)["status_codes"]["data"] for code in kind["items"])
    return sum(code["hits"]["count"] for code in codes if code["data"][:3] in ("401", "403"))


def wiretrail(out):
    return sum(group["count"] for group in json.loads(out)["result"]["failures"])


JQ = {"needs": "jq", "install": "apt-get install jq"}
JAQ = {"needs": "jaq", "install": "cargo install --locked jaq"}
RG = {"needs": "rg", "install": "cargo install ripgrep"}
DUCKDB = {"needs": "python:duckdb", "install": "pip install duckdb"}
HARALYZER = {"needs": "python:haralyzer,jwt", "install": "pip install haralyzer pyjwt"}
WIRETRAIL = {"needs": "wiretrail", "install": "cargo install --locked wiretrail", "codes": (0, 1)}
GOACCESS = {"needs": "goaccess", "install": "apt-get install goaccess"}
LNAV = {"needs": "lnav", "install": "apt-get install lnav"}


AUTHOPSY = PROJECT / "target" / "release" / "authopsy"
GENERATOR = PROJECT / "target" / "release" / "examples" / "corpus"


def authopsy(jobs):
    does = "causes of all refusals, the whole report" + (", one thread" if jobs == 1 else "")
    command = lambda file: [AUTHOPSY, "--config", "", "-j", str(jobs), "-f", "json", file]  # noqa: E731
    return Program("authopsy -j1" if jobs == 1 else "authopsy", does, command, totals, str(AUTHOPSY))


def counting(pattern):
    command = lambda file: ["rg", "--no-config", "-c", pattern, file]  # noqa: E731
    return Program("ripgrep", "counts lines with 401 or 403: the yardstick", command, int, **RG)


def filtering(name, kind, tool):
    command = lambda file: [name, "-c", "-f", RIVALS / f"{kind}.jq", *inside(file)]  # noqa: E731
    return Program(name, "401 and 403 with time, URL, error, token's payload", command, lines, **tool)


def inside(file):
    return sorted(file.iterdir()) if file.is_dir() else [file]


def python(name, script, does, tool, *more):
    command = lambda file: [sys.executable, RIVALS / script, file, *more]  # noqa: E731
    return Program(name, does, command, refused, **tool)


AUTHOPSIES = [authopsy(CORES), authopsy(1)]
HAR = AUTHOPSIES + [
    counting(r'"status": 40[13]\b'),
    filtering("jq", "har", JQ),
    filtering("jaq", "har", JAQ),
    python("DuckDB", "har_duckdb.py", "401 and 403 by status, error and token's subject", DUCKDB, str(CORES)),
    python("haralyzer + PyJWT", "har_haralyzer.py", "401 and 403 by error, all tokens decoded", HARALYZER),
    Program(
        "wiretrail",
        "401 and 403 by endpoint, token changes, refreshes",
        lambda file: ["wiretrail", file, "auth", "--json", "--top", "1000000000"],
        wiretrail,
        **WIRETRAIL,
    ),
]
NDJSON = AUTHOPSIES + [
    counting(r'"statusCode":40[13]\b'),
    filtering("jq", "ndjson", JQ),
    filtering("jaq", "ndjson", JAQ),
    python("DuckDB", "ndjson_duckdb.py", "401 and 403 by error and expiry, all tokens decoded", DUCKDB, str(CORES)),
]
COMBINED = AUTHOPSIES + [
    counting('" 40[13] '),
    Program(
        "lnav",
        "counts 401 and 403 in SQL",
        lambda file: [
            *("lnav", "-n", "-c", ";SELECT count(*) AS refused FROM access_log WHERE sc_status IN (401, 403)"),
            *("-c", ":write-json-to -", file),
        ],
        lambda out: json.loads(out)[0]["refused"],
        **LNAV,
    ),
    Program(
        "GoAccess",
        "all its panels, among them status codes",
        lambda file: ["goaccess", "--log-format=COMBINED", "--no-global-config", "--no-progress", "-o", "json", file],
        goaccess,
        **GOACCESS,
    ),
]
BRIEF = AUTHOPSIES + [filtering("jq", "har", JQ)]


@dataclasses.dataclass
class Set:
    """Files and who reads them."""

    title: str
    shape: str
    programs: list
    options: tuple = ()
    # Times the size that was asked for.
    scale: float = 1.0


SETS = {
    "har": Set("HAR of a browser", "har", HAR),
    "ndjson": Set("Request log, a JSON object a line", "ndjson", NDJSON),
    "combined": Set("Access log, combined format", "combined", COMBINED),
    "compact": Set("HAR on one line", "har-compact", BRIEF),
    "dense": Set("HAR of small entries", "har", BRIEF, ("--mix", "dense")),
    "refused": Set("HAR, 20 % refused", "har", BRIEF, ("--refused", "20")),
    "distinct": Set("HAR of small entries, all tokens distinct", "har", BRIEF, ("--mix", "distinct")),
    "escaped": Set("HAR, bodies full of backslashes", "har", BRIEF, ("--mix", "escaped")),
    "hars": Set("HAR files of 500 kB", "hars", BRIEF),
    "tenth": Set("HAR, a tenth", "har", AUTHOPSIES, scale=0.1),
    "fourfold": Set("HAR, fourfold", "har", AUTHOPSIES, scale=4.0),
}


@dataclasses.dataclass
class Run:
    """What one run took."""

    wall: float
    cpu: float
    peak: float
    found: int | None


def run(program, file, scratch):
    """Runs a program once; its output goes to a file, so that no pipe slows it."""
    arguments = [str(part) for part in program.command(file)]
    out = scratch / "out"
    with open(out, "wb") as stdout, open(scratch / "err", "wb") as stderr:
        environment = {**os.environ, "NO_COLOR": "1", "TERM": "dumb", "XDG_CONFIG_HOME": str(scratch)}
        begun = time.monotonic()
        child = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, env=environment)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.monotonic() - begun
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in program.codes:
        told = (scratch / "err").read_text(errors="replace").strip()[-300:]
        raise RuntimeError(f"{program.name} ended with {child.returncode}: {told}")
    found = program.found(out.read_text(errors="replace")) if program.found else None
    # ru_maxrss is in KiB here; this script's own 15 MB are the least that it can say.
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024 / 1e6, found)


def compare(chosen, file, truth, scratch, rounds):
    """Lets all programs take turns; returns their runs and what went wrong."""
    runs = {program.name: [] for program in chosen}
    wrong = {}
    for turn in range(rounds):
        for program in chosen:
            past = runs[program.name]
            if program.name in wrong or (past and past[0].wall > PATIENCE):
                continue
            try:
                past.append(run(program, file, scratch))
            except (RuntimeError, ValueError, KeyError, OSError) as error:
                wrong[program.name] = f"{type(error).__name__}: {error}"
                continue
            planted = truth["open"] + (truth["hidden"] if program.found is totals else 0)
            if past[-1].found is not None and past[-1].found != planted:
                wrong[program.name] = f"found {past[-1].found} refusals, {planted} were planted"
            if turn == 0:
                note(f"  {program.name}: {past[-1].wall:.2f} s")
    return runs, wrong


def table(programs, runs, wrong, truth):
    """Returns the rows of a set; times are those of the first program."""
    median = lambda name, what: statistics.median(getattr(run, what) for run in runs[name])  # noqa: E731
    rows = ["| | does | wall s | CPU s | peak MB | wall × | CPU × |", "|---|---|--:|--:|--:|--:|--:|"]
    first = programs[0].name
    for program in programs:
        if not runs[program.name]:
            rows.append(f"| {program.name} | {program.does} | fails | | | | |")
            continue
        wall, cpu, peak = (median(program.name, what) for what in ("wall", "cpu", "peak"))
        name = program.name if program in AUTHOPSIES else f"{program.name} {program.version()}"
        mark = " ¹" if program.name in wrong else ""
        ratios = f"{ratio(wall / median(first, 'wall'))} | {ratio(cpu / median(first, 'cpu'))}"
        rows.append(f"| {name}{mark} | {program.does} | {wall:.2f} | {cpu:.2f} | {peak:,.0f} | {ratios} |")
    counts = f"{truth['entries']:,} exchanges, {truth['open']:,} refused under 401 and 403"
    if truth["hidden"]:
        counts += f", {truth['hidden']:,} under another status, which only authopsy is asked for"
    rows.append("")
    rows.append(f"{counts}; {truth['tokens']:,} distinct tokens.")
    rows += [f"\n¹ {name}: {reason}." for name, reason in wrong.items()]
    return rows


def ratio(number):
    return f"{number:,.{2 if number < 1 else 1 if number < 10 else 0}f}"


def machine():
    """Describes where it ran."""
    model = platform.processor() or platform.machine()
    memory = ""
    try:
        found = re.search(r"model name\s*:\s*(.*)", pathlib.Path("/proc/cpuinfo").read_text())
        model = found.group(1).strip() if found else model
        kib = int(re.search(r"MemTotal:\s*(\d+)", pathlib.Path("/proc/meminfo").read_text()).group(1))
        memory = f", {kib / 1024 / 1024:.0f} GiB"
    except OSError:
        pass
    return f"{model}, {CORES} cores{memory}, {platform.system()}"


def note(text):
    print(text, file=sys.stderr, flush=True)


def bytes_of(text):
    number, unit = re.fullmatch(r"([\d.]+)\s*(kB|MB|GB)?", text).groups()
    return int(float(number) * {"kB": 1e3, "MB": 1e6, "GB": 1e9, None: 1}[unit])


def build():
    """Builds the program and the generator."""
    for part in (["--bin", "authopsy"], ["--example", "corpus"]):
        subprocess.run(["cargo", "build", "--release", "--quiet", "--locked", *part], cwd=PROJECT, check=True)


def generate(one, size, data):
    """Writes the files of a set, into the page cache as well; returns them and what was planted."""
    path = data / f"compare.{one.shape}"
    discard(path)
    command = [GENERATOR, one.shape, str(int(size * one.scale)), path, *one.options]
    truth = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stderr)
    os.sync()
    for file in inside(path):
        with open(file, "rb") as opened:
            while opened.read(1 << 20):
                pass
    return path, truth


def discard(path):
    if path.is_dir():
        shutil.rmtree(path)
    elif path.exists():
        path.unlink()


def main():
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--size", default="1GB", help="of each file (1GB)")
    asked.add_argument("--sets", default="har,ndjson,combined", help=", ".join(SETS))
    asked.add_argument("--rounds", type=int, default=ROUNDS)
    asked.add_argument("--data", type=pathlib.Path, default=PROJECT / "target" / "compare", help="folder for the files")
    asked.add_argument("--built", action="store_true", help="take what is built already")
    asked.add_argument("--print", action="store_true", help="leave README.md as it is")
    asked = asked.parse_args()
    sets = asked.sets.split(",")
    size = bytes_of(asked.size)
    if not asked.built:
        build()
    scratch = asked.data / "scratch"
    scratch.mkdir(parents=True, exist_ok=True)

    programs = {program.name: program for name in sets for program in SETS[name].programs}
    missing = [program for program in programs.values() if not program.is_here()]
    for program in missing:
        note(f"SKIPPED: {program.name} is not here ({program.install})")

    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    text = [f"{today}, {machine()}; files in the page cache, medians of {asked.rounds} interleaved runs."]
    failed = False
    for name in sets:
        one = SETS[name]
        note(f"{one.title}, {one.scale:g} x {asked.size}")
        path, truth = generate(one, size, asked.data)
        chosen = [program for program in one.programs if program not in missing]
        runs, wrong = compare(chosen, path, truth, scratch, asked.rounds)
        discard(path)
        for program, reason in wrong.items():
            note(f"WRONG: {program}: {reason}")
        failed |= any(program.name in wrong for program in AUTHOPSIES)
        text += ["", f"**{one.title}, {truth['bytes'] / 1e6:,.0f} MB**", "", *table(chosen, runs, wrong, truth)]
    if missing:
        text += ["", "Not installed where this was measured: " + ", ".join(program.name for program in missing) + "."]
    shutil.rmtree(scratch, ignore_errors=True)
    print("\n".join(text))
    if not asked.print and sets == ["har", "ndjson", "combined"]:
        before, rest = README.read_text(encoding="utf-8").split(BEGIN)
        after = rest.split(END)[1]
        README.write_text(before + BEGIN + "\n" + "\n".join(text) + "\n" + END + after, encoding="utf-8")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
