"""Runs the stories against the servers through the recorders, then writes the recordings and their truth."""

import argparse
import concurrent.futures
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import browser
import cases
import join
import mint
from defects import Maker
from servers import products, stacks, third
from wire import exchange
from world import NODE, PYTHON, World, free_ports

ROOT = Path(__file__).resolve().parents[2]
# The recorder cannot read the trailers that this one sends behind a chunked body.
VERSION = {"etcd": "1.0"}


def with_marker(path: str, n: int) -> str:
    return f"{path}{'&' if '?' in path else '?'}n={n:04d}"


def through_requests(step, url, headers, auth, proxy, story_jar):
    """A well-known client does what it does: follows redirects, answers Digest challenges."""
    import requests
    from requests.auth import HTTPDigestAuth

    session = requests.Session()
    session.trust_env = False
    session.proxies = {"http": f"http://127.0.0.1:{proxy}"}
    if auth:
        session.auth = story_jar.setdefault(step.agent, HTTPDigestAuth(*auth))
    got = session.request(step.method, url, headers={k: v for k, v in headers}, timeout=15)
    return [r.status_code for r in [*got.history, got]]


def play(world: World, capture: cases.Capture, proxy: int, problems: list) -> None:
    start = time.time()
    makers = {}
    jar: dict = {}
    for step in sorted(capture.steps, key=lambda s: s.at):
        time.sleep(max(0.0, start + step.at - time.time()))
        maker = makers.setdefault(step.server, Maker(mint.Keys(world.keys), cases.PROFILES[step.server], start))
        maker.port = world.ports[step.server]
        try:
            if step.before:
                step.before(world)
            path, headers, *rest = step.make(maker)
            body = rest[0] if rest else b""
            headers = [("User-Agent", step.agent), *headers]
            url = f"{step.origin}:{world.ports[step.server]}{with_marker(path, step.n)}"
            if step.via:
                statuses = through_requests(step, url, headers, rest[1] if len(rest) > 1 else None, proxy, jar)
                wanted = [t.want for t in step.truth]
                good = len(statuses) == len(wanted) and all(s in w for s, w in zip(statuses, wanted))
            else:
                answer = exchange(url, step.method, headers, body, proxy, version=VERSION.get(step.server, "1.1"))
                statuses, good = [answer.status], answer.status in step.truth[0].want
                if good and step.then:
                    step.then(answer)
            if not good:
                text = "" if step.via else answer.body[:200]
                problems.append(f"{capture.name} n={step.n:04d} {step.case}: {step.method} {path[:60]} wanted "
                                f"{[t.want for t in step.truth]}, got {statuses} {text}")
        except Exception as error:  # noqa: BLE001 - one broken story must not lose the run
            problems.append(f"{capture.name} n={step.n:04d} {step.case}: {type(error).__name__} {error}")


def start_proxy(args, tmp: Path, files: dict[int, Path]) -> subprocess.Popen:
    command = [str(args.mitmdump), "-q", "-s", str(Path(__file__).with_name("mitm_save.py")), "--set", f"confdir={tmp}/mitm",
               "--set", "connection_strategy=lazy", "--set", "ssl_insecure=true"]
    if (tmp / "keys/certs").is_dir():
        command += ["--set", f"client_certs={tmp}/keys/certs"]
    for port in files:
        command += ["--mode", f"regular@127.0.0.1:{port}"]
    env = {**os.environ, "LAB_MITM": json.dumps({str(k): str(v) for k, v in files.items()})}
    out = open(tmp / "mitm.out", "wb")
    return subprocess.Popen(command, env=env, stdout=out, stderr=out, start_new_session=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--node", type=Path, required=True)
    parser.add_argument("--mitmdump", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=ROOT / "samples")
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--full", action="store_true", help="every defect on every server; the stored samples hold a fifth")
    parser.add_argument("--no-browser", action="store_true")
    parser.add_argument("--bench", type=int, choices=(1, 2, 3), help="only this bench; captures, truth and keys of the others stay")
    args = parser.parse_args()
    tmp = Path(tempfile.mkdtemp(prefix="authopsy-lab-"))
    os.chmod(tmp, 0o755)
    private = tmp / "keys"
    private.mkdir()
    out, public = args.out / "lab", args.out / "keys"
    out.mkdir(parents=True, exist_ok=True)
    public.mkdir(parents=True, exist_ok=True)
    captures = [c for c in cases.build(args.full) if c.bench == (args.bench or c.bench)]
    captures = [c for c in captures if not args.only or c.name in args.only]
    mint.make_keys(private, public, sorted({c.bench for c in captures}))
    if any(c.bench == 2 for c in captures):
        products.make_certificates(private)
    if args.no_browser:
        captures = [c for c in captures if not c.name.startswith("browser")]
    names = {step.server for c in captures for step in c.steps} - {"page"}
    missing = {n for n, tool in (("nginx", "nginx"), ("apache", "apache2"), ("pyjwt-fast", "faketime"), ("pyjwt-slow", "faketime")) if not shutil.which(tool)}
    for name in missing & names:
        print(f"{name} cannot run here: its captures are left out")
    for name in sorted(names & set(stacks.COMMANDS)):
        lack = stacks.lacks(name, args.node.parent, args.node)
        if lack:
            missing.add(name)
            print(f"{name} cannot run here, {lack} is not installed: its captures are left out")
    for name in sorted(names & set(third.COMMANDS)):
        lack = third.lacks(name, args.node.parent)
        if lack:
            missing.add(name)
            print(f"{name} cannot run here, {lack} is not installed: its captures are left out")
    captures = [c for c in captures if c.server not in missing]
    names -= missing
    if "nginx" in names:
        names |= {"express-jwt-behind", "express-jwt-stale"}
    if "caddy" in names:
        names |= {"php-jwt-behind"}
    wired = [c for c in captures if not c.name.startswith("browser")]
    windows = [c for c in captures if c.name.startswith("browser")]
    world = World(tmp, private, public, args.node)
    problems: list[str] = []
    proxy = None
    try:
        order = [*NODE, *PYTHON, *stacks.COMMANDS, *third.COMMANDS]
        world.start(sorted(names, key=lambda n: order.index(n) if n in order else len(order)))
        files = {port: out / f"{c.name}.mitm.har" for port, c in zip(free_ports(len(wired)), wired)}
        ports = list(files)
        proxy = start_proxy(args, tmp, files)
        for port in ports:
            world.wait_port(port)
        with concurrent.futures.ThreadPoolExecutor(5) as pool:
            runs = [pool.submit(play, world, capture, port, problems) for capture, port in zip(wired, ports)]
        for run in runs:
            run.result()
        for capture in windows:
            problems += browser.record(world, capture, args.node, out, tmp)
    finally:
        if proxy:
            os.killpg(proxy.pid, signal.SIGTERM)
            proxy.wait(30)
        world.stop()
    for capture in captures:
        if "pino" in capture.recorders:
            shutil.copyfile(world.log(capture.server), out / f"{capture.name}.pino.jsonl")
    join.write(captures, cases.build(args.full), out, problems)
    for line in problems:
        print("MISMATCH", line)
    print(f"servers' output: {tmp}")
    if not problems:
        shutil.rmtree(tmp)
    sys.exit(1 if problems else 0)


main()
