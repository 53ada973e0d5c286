#!/usr/bin/env python3
"""Compares what an authopsy binary says with the known truth.

tests/lab/score.py --bin target/release/authopsy [--truth samples/lab/truth.jsonl] [--case TEXT] [--server TEXT] [--all] [--keys]
                   [--min-accuracy SHARE]

Prints every wrong verdict (with --all every verdict), the confusion matrix and the figures. Exit 0; 1 if --min-accuracy is not
reached, an accepted exchange is blamed or a capture could not be read; 2 if the binary does not know an option that was asked for.
"""

import argparse
import json
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REFUSED = ("failure", "expected", "lookalike")


def verdicts(binary: str, capture: str, keys: list[str]) -> dict:
    """What the binary says, by position; every exchange has its line."""
    command = [binary, capture, "-f", "jsonl", "--class", "all", "--no-progress", *keys]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode == 2 and not run.stdout:
        print(f"{Path(binary).name} refuses {' '.join(keys[:2]) or capture}: {run.stderr.strip()[:300]}", file=sys.stderr)
        sys.exit(2)
    if run.returncode not in (0, 1):
        print(f"{capture}: exit {run.returncode}: {run.stderr.strip()[:300]}")
    out = {}
    for text in run.stdout.splitlines():
        line = json.loads(text)
        out[line.get("entry") if line.get("entry") is not None else ("line", line.get("line"))] = line
    return out


def key_options(folder: Path) -> list[str]:
    """Everything of samples/keys: key sets, single public keys, secrets."""
    options = []
    for file in sorted(folder.glob("*.json")):
        options += ["--jwks", str(file)]
    for file in [*sorted(folder.glob("*.pem")), *sorted(folder.glob("*.secret"))]:
        options += ["--key", str(file)]
    return options


class Score:
    def __init__(self):
        self.total = Counter()
        self.confidence = defaultdict(Counter)
        self.matrix = Counter()
        self.classes = Counter()
        self.by_server = defaultdict(Counter)
        self.by_cause = defaultdict(Counter)

    def judge(self, row: dict, got: dict | None, keys: bool) -> tuple[str, str]:
        """One of right, wrong, unknown, blamed, missed, missing, fine, overclaimed, modest; and what to print."""
        cause = row["cause"]
        wanted = {cause, *row["accept"]} if cause else set()
        decidable = row["decidable"]
        if keys and row.get("with_keys"):
            wanted, decidable = {row["with_keys"], *row.get("accept_with_keys", [])}, True
        self.total["exchanges"] += 1
        if got is None:
            self.total["missing"] += 1
            got = {}
        said_class, said, confidence = got.get("class"), got.get("cause"), got.get("confidence")
        right_class = said_class == row["class"] or said_class in row.get("accept_class", [])
        if not right_class:
            self.classes[(row["class"], said_class)] += 1
        if row["class"] == "ok":
            self.total["accepted"] += 1
            if said_class == "failure":
                self.total["blamed"] += 1
                return "blamed", f"{said} ({confidence})"
            return ("fine", "ok") if said_class == "ok" else ("fine", f"{said_class} {said}")
        self.total["refused"] += 1
        if row["class"] == "expected":
            self.total["steps"] += 1
            self.total["steps_failed"] += said_class == "failure"
        if said_class == "ok" or said is None:
            said = "(none)"
        right = said in wanted
        if not decidable:
            self.total["undecidable"] += 1
            if right or said == "unknown" or confidence in ("suspected", "inferred"):
                return "modest", f"{said} ({confidence})"
            if said == "(none)":
                return "missed", "not seen as refused"
            self.total["overclaimed"] += 1
            return "overclaimed", f"{said} ({confidence})"
        self.total["decidable"] += 1
        self.total["right"] += right
        self.total["unknown"] += said == "unknown"
        self.total["suspected"] += confidence == "suspected" and said != "unknown"
        self.total["also"] += not right and any(item.get("cause") in wanted for item in got.get("also") or [])
        self.total["right_class"] += right_class
        self.confidence[confidence][right] += 1
        self.by_server[row["server"]][right] += 1
        self.by_cause[cause][right] += 1
        # What stood for the cause in `accept` or `with_keys` is on the diagonal of the cause that was wanted.
        wanted_cause = row["with_keys"] if keys and row.get("with_keys") else cause
        self.matrix[(wanted_cause, wanted_cause if right else said)] += 1
        if right:
            return "right", f"{said} ({confidence})"
        return ("missed" if said == "(none)" else "unknown" if said == "unknown" else "wrong"), f"{said} ({confidence})"

    def print_matrix(self) -> None:
        """Rows: the truth, with its right verdicts and all of its exchanges. Columns: what was said instead; zeros are left out."""
        rows = defaultdict(Counter)
        for (want, said), count in self.matrix.items():
            rows[want][said] += count
        clean = sum(1 for want, row in rows.items() if set(row) == {want})
        print(f"\nconfusion matrix of {len(rows)} causes, {clean} of them without a wrong verdict (right / all, then what was said instead)")
        for want, row in sorted(rows.items()):
            wrong = sorted(((count, said) for said, count in row.items() if said != want), key=lambda item: (-item[0], item[1]))
            line = f"  {want:28} {row[want]:3} /{sum(row.values()):4}"
            print(line + "".join(f"   {said} {count}" for count, said in wrong))

    def report(self) -> float:
        t = self.total
        percent = lambda part, whole: f"{part}/{whole} = {100 * part / whole:.1f} %" if whole else "0/0"
        self.print_matrix()
        print("\nclass confusions (truth, said): count")
        for (want, said), count in self.classes.most_common():
            print(f"  {str(want):12} {str(said):12} {count}")
        print("\naccuracy by confidence")
        for confidence, counts in sorted(self.confidence.items(), key=lambda item: str(item[0])):
            print(f"  {str(confidence):12} {percent(counts[True], sum(counts.values()))}")
        for title, table in (("server", self.by_server), ("cause", self.by_cause)):
            print(f"\nworst by {title}")
            worst = sorted(table.items(), key=lambda item: (item[1][True] / sum(item[1].values()), item[0]))
            for name, counts in worst[:12]:
                if counts[False]:
                    print(f"  {name:60} {percent(counts[True], sum(counts.values()))}")
        print(f"\nexchanges                    {t['exchanges']}, without a line {t['missing']}")
        print(f"accuracy on decidable        {percent(t['right'], t['decidable'])}")
        print(f"wrong, but named in also     {t['also']}")
        print(f"unknown on decidable         {percent(t['unknown'], t['decidable'])}")
        print(f"suspected on decidable       {percent(t['suspected'], t['decidable'])}")
        print(f"class right on decidable     {percent(t['right_class'], t['decidable'])}")
        print(f"accepted, yet blamed         {percent(t['blamed'], t['accepted'])}")
        print(f"steps counted as failures    {percent(t['steps_failed'], t['steps'])}")
        print(f"undecidable, yet sure of another cause  {percent(t['overclaimed'], t['undecidable'])}")
        return t["right"] / t["decidable"] if t["decidable"] else 0.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bin", required=True)
    parser.add_argument("--truth", type=Path, default=ROOT / "samples/lab/truth.jsonl")
    parser.add_argument("--capture", default="", help="only captures whose name holds this")
    parser.add_argument("--case", default="", help="only cases whose name or cause holds this")
    parser.add_argument("--server", default="")
    parser.add_argument("--all", action="store_true", help="print right verdicts too")
    parser.add_argument("--keys", action="store_true", help="give the keys of samples/keys and expect what they tell")
    parser.add_argument("--min-accuracy", type=float, default=0.0, help="exit 1 below this share (0 to 1)")
    args = parser.parse_args()
    binary = str(Path(args.bin).resolve()) if "/" in args.bin else args.bin
    rows = defaultdict(list)
    for text in args.truth.read_text().splitlines():
        row = json.loads(text)
        if args.capture in row["capture"] and args.server in row["server"] and (args.case in row["case"] or args.case in (row["cause"] or "")):
            rows[row["capture"]].append(row)
    options = key_options(args.truth.resolve().parents[1] / "keys") if args.keys else []
    score = Score()
    for capture, mine in rows.items():
        said = verdicts(binary, str(args.truth.parent / Path(capture).name), options)
        for row in mine:
            place = row["entry"] if row["entry"] is not None else ("line", row["line"])
            verdict, text = score.judge(row, said.get(place), args.keys)
            if args.all or verdict in ("wrong", "unknown", "blamed", "missed", "missing", "overclaimed"):
                where = row["entry"] if row["entry"] is not None else f"line {row['line']}"
                want = (args.keys and row.get("with_keys")) or row["cause"] or "-"
                print(f"{verdict:11} {Path(capture).name}#{where}  {row['case']}  wants {row['class']} {want}  got {text}")
    accuracy = score.report()
    return 1 if accuracy < args.min_accuracy or score.total["blamed"] or score.total["missing"] else 0


if __name__ == "__main__":
    sys.exit(main())
