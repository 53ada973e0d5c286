"""Prints what every JWT server answers to every defect, straight, without a recorder: for writing the truth tables."""

import sys
import tempfile
import time
from pathlib import Path

import mint
from cases import PROFILES
from defects import DEFECTS, Maker, bearer
from wire import exchange
from world import World


def main(node: str, names: list[str]) -> None:
    tmp = Path(tempfile.mkdtemp(prefix="lab-probe-"))
    (tmp / "keys").mkdir()
    (tmp / "public").mkdir()
    mint.make_keys(tmp / "keys", tmp / "public")
    world = World(tmp, tmp / "keys", tmp / "public", Path(node))
    try:
        world.start(names or list(PROFILES))
        for server in names or PROFILES:
            maker = Maker(mint.Keys(tmp / "keys"), PROFILES[server], time.time())
            print(f"\n== {server}")
            for name, build in {"ok": lambda m, s: bearer(m.token(s)), **{k: v[3] for k, v in DEFECTS.items()}}.items():
                path, headers = build(maker, "7")
                got = exchange(f"http://127.0.0.1:{world.ports[server]}{path}", headers=headers)
                challenge = [v for k, v in got.headers if k.lower() == "www-authenticate"]
                text = " ".join(got.body.decode("utf-8", "replace").split())
                print(f"{name:32} {got.status} {' | '.join(challenge)[:150]} ## {text[:230]}")
    finally:
        world.stop()


main(sys.argv[1], sys.argv[2:])
