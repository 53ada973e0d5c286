"""Joins recordings with the truth by their marker and writes truth.jsonl, one line an exchange."""

import gzip
import json
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import cases

ENDING = {"pino": "jsonl", "devtools-full": "har.gz"}
MARK = re.compile(r"[?&]n=(\d{4})\b")


def har_entries(path: Path):
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    for index, entry in enumerate(json.loads(raw.decode("utf-8-sig"))["log"]["entries"]):
        yield index, None, entry["request"]["method"], entry["request"]["url"], entry["response"]["status"]


def pino_entries(path: Path):
    for number, line in enumerate(path.read_text().splitlines(), 1):
        record = json.loads(line)
        yield None, number, record["req"]["method"], record["req"]["url"], record["res"]["statusCode"]


def judge(truth: cases.Truth, recorder: str) -> tuple[str | None, list, bool, str]:
    """What a reader of this recording should say, and whether it can be known."""
    if truth.cause is None:
        return None, [], True, truth.why
    seen = [item for item in truth.by if item in cases.VISIBLE[recorder]]
    decidable = bool(seen)
    why = truth.why if decidable or not truth.by else f"this recording lacks what would tell ({', '.join(truth.by)})"
    why = why or cases.reason(seen)
    if recorder == "pino":
        # Node keeps the first of two Authorization fields, so the log shows one; a log's empty string is a missing field;
        # without bodies a refresh is a POST like others.
        if truth.defect == "header.duplicate":
            return "header.scheme_wrong", ["header.duplicate"], True, "the log holds the first of two fields only: Basic where Bearer is wanted"
        more = {"header.empty": ["header.missing"], "time.refresh_not_applied": ["time.expired_cached"],
                "time.refresh_refused": ["time.expired_cached"]}.get(truth.cause, [])
        return truth.cause, [*truth.accept, *more], decidable, why
    if recorder == "devtools" and truth.cls == "failure":
        if truth.sanitized:
            return truth.sanitized[0], list(truth.sanitized[1]), True, "the export dropped the credential; the server's words are left"
        if not decidable:
            return "capture.sanitized", [], True, "the export dropped the credential and nothing that is left tells the cause"
        if truth.cause == "header.missing":
            return truth.cause, ["capture.sanitized"], True, "the server says that none came; the export cannot show it"
    if truth.by and not decidable:
        why = f"this recording lacks what would tell ({', '.join(truth.by)})"
    return truth.cause, list(truth.accept), decidable, why


def join(path: Path, recorder: str, steps: dict, server: str, problems: list, root: str = "samples/lab") -> list[dict]:
    seen: Counter = Counter()
    lines = []
    for entry, line, method, url, status in (pino_entries if recorder == "pino" else har_entries)(path):
        found = MARK.search(url)
        step = steps.get(int(found.group(1))) if found else None
        row = {"capture": f"{root}/{path.name}", "entry": entry, "line": line, "case": "unmarked",
               "server": cases.VERSIONS.get(server, server), "defect": None, "class": "ok", "cause": None, "accept": [],
               "decidable": True, "why": "no part of a case"}
        if step:
            key = (step.n, method == "OPTIONS")
            truths = step.preflight if method == "OPTIONS" else step.truth
            turn = seen[key]
            seen[key] += 1
            if turn >= len(truths):
                problems.append(f"{path.name}: n={step.n:04d} occurs {turn + 1} times")
                turn = len(truths) - 1
            truth = truths[turn]
            cause, accept, decidable, why = judge(truth, recorder)
            row.update({"case": f"{step.n:04d} {step.case}", "server": cases.VERSIONS.get(step.server, step.server),
                        "defect": truth.defect, "class": truth.cls, "cause": cause, "accept": accept,
                        "decidable": decidable, "why": why})
            if truth.accept_class:
                row["accept_class"] = list(truth.accept_class)
            # Without the credential no key helps.
            if truth.with_keys and "request" in cases.VISIBLE[recorder]:
                row["with_keys"] = truth.with_keys
            if truth.accept_with_keys:
                row["accept_with_keys"] = list(truth.accept_with_keys)
            if truth.want and status not in truth.want:
                problems.append(f"{path.name}: n={step.n:04d} recorded {status}, wanted {truth.want}")
        elif status in (401, 403, 407):
            problems.append(f"{path.name}: an unmarked {status} {url[:60]}")
        lines.append(row)
    return lines


RECORDERS = {
    "mitm": "mitmproxy's HAR export (`save.har`, the code behind `hardump`)",
    "pino": "pino-http's request log, full request fields, no bodies",
    "playwright": "Playwright's `recordHar`, content embedded",
    "devtools": "Chromium's developer tools, \"Export HAR (sanitized)\": no Authorization, no cookies",
    "devtools-full": "Chromium's developer tools, \"Export HAR (with sensitive data)\", gzipped",
}
README = """# Recordings of the laboratory
Real libraries refused real requests here, each for a cause that was known before: `tests/lab/run.sh` makes these files anew.
Not a byte of a recording was changed; a case is found by the marker `n=` in its URL. The keys were made for one run of each of the
three benches: `../keys` holds the public halves and the HMAC secrets (names with a and b for the first bench, Python, Node, nginx and
Apache; c and d for the second, which begins with `php-jwt`; g and h for the third).

`truth.jsonl` has one line an exchange: what was injected (`defect`), the class and the root cause that a reader without keys should
give (`cause`, or one of `accept`), what one with the keys can say (`with_keys`, where it differs), and whether this recording tells
it at all (`decidable`, `why`). `tests/lab/score.py --bin PATH` compares a build of authopsy with it.

Versions: {tools}.

| file | server | recorder | exchanges | refused | what it shows |
| --- | --- | --- | --- | --- | --- |
"""


def version(*command: str) -> str | None:
    if not shutil.which(command[0]):
        return None
    run = subprocess.run(command, capture_output=True, text=True)
    return (run.stdout + run.stderr).splitlines()[0].strip()


def bare(text: str | None) -> str | None:
    return text and re.sub(r"^(nginx version|Server version): ", "", text)


def readme(captures, out: Path, rows: list) -> None:
    tools = [version("nginx", "-v"), version("apache2", "-v"), version("chromium", "--version"), version("node", "--version")]
    tools = [bare(tool) for tool in tools if tool]
    text = README.format(tools=", ".join([*tools, "mitmproxy 12.3.1", "pino-http 11.0.0", "Playwright 1.65.1"]).replace("v20", "Node.js v20"))
    for capture in captures:
        for recorder in capture.recorders:
            name = f"{capture.name}.{recorder}.{ENDING.get(recorder, 'har')}"
            mine = [row for row in rows if row["capture"].endswith("/" + name)]
            refused = sum(row["class"] != "ok" for row in mine)
            if mine:
                text += (f"| `{name}` | {cases.VERSIONS.get(capture.server, capture.server)} | {RECORDERS[recorder]} | {len(mine)} | "
                         f"{refused} | {capture.shows} |\n")
    (out / "README.md").write_text(text)


def write(captures, everything, out: Path, problems: list) -> None:
    """Writes the truth of `captures`; what stands there of the others of `everything` stays, in the lab's own order."""
    for server, tool in (("nginx", "nginx"), ("apache", "apache2")):
        cases.VERSIONS[server] = bare(version(tool, "-v")) or cases.VERSIONS[server]
    recorded = {capture.name for capture in captures}
    stood: dict[str, list] = {}
    if (out / "truth.jsonl").exists():
        for text in (out / "truth.jsonl").read_text().splitlines():
            row = json.loads(text)
            stood.setdefault(Path(row["capture"]).name, []).append(row)
    rows = []
    for capture in everything:
        steps = {step.n: step for step in capture.steps}
        for recorder in capture.recorders:
            name = f"{capture.name}.{recorder}.{ENDING.get(recorder, 'har')}"
            if capture.name not in recorded:
                rows += stood.get(name, [])
            elif not (out / name).exists():
                problems.append(f"{name} was not recorded")
            else:
                rows += join(out / name, recorder, steps, capture.server, problems)
    readme(everything, out, rows)
    with open(out / "truth.jsonl", "w") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")
    print(f"{len(rows)} exchanges, {len({r['server'] for r in rows})} servers, {len({r['cause'] for r in rows if r['cause']})} causes, "
          f"{sum(1 for r in rows if r['class'] != 'ok' and r['decidable'])} refusals decidable, "
          f"{sum(1 for r in rows if not r['decidable'])} not")
