"""Keys and tokens of the lab. Every run makes new throw-away keys."""

import base64
import hashlib
import hmac
import json
import secrets
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

ISS = "https://id.shop.example/"
AUD = "https://orders.shop.example"
HASH = {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512}


def b64u(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def segment(value) -> str:
    return b64u(json.dumps(value, separators=(",", ":")).encode())


# Each bench of the lab has its own keys, so that one can be recorded anew beside the other: (the good ones, the foreign ones).
BENCHES = {1: "ab", 2: "cd", 3: "gh"}


def make_keys(private: Path, public: Path, benches=(1, 2, 3)) -> None:
    for bench in benches:
        make_bench(private, public, *BENCHES[bench])


def make_bench(private: Path, public: Path, good: str, foreign: str) -> None:
    """Private halves go to a temporary folder, public ones and test secrets to samples/keys."""
    jwks = {}
    for name in (f"rsa-{good}", f"rsa-{foreign}"):
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        numbers = key.public_key().public_numbers()
        jwks[name] = {
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": f"2026-{name[-1]}",
            "n": b64u(numbers.n.to_bytes(256, "big")), "e": b64u(numbers.e.to_bytes(3, "big")),
        }
        write_pair(private, public, name, key)
    for name in (f"ec-{good}", f"ec-{foreign}"):
        key = ec.generate_private_key(ec.SECP256R1())
        numbers = key.public_key().public_numbers()
        jwks[name] = {
            "kty": "EC", "use": "sig", "alg": "ES256", "crv": "P-256", "kid": "2026-e" if good == "a" else f"2026-e{name[-1]}",
            "x": b64u(numbers.x.to_bytes(32, "big")), "y": b64u(numbers.y.to_bytes(32, "big")),
        }
        write_pair(private, public, name, key)
    for name in (f"hs-{good}", f"hs-{foreign}"):
        # The text itself is the secret; it is also valid base64, so a client that decodes it first gets another key.
        text = base64.b64encode(secrets.token_bytes(48))
        for folder in (private, public):
            (folder / f"{name}.secret").write_bytes(text)
    set_name, next_name = ("jwks.json", "jwks-rotated.json") if good == "a" else (f"jwks-{good}.json", f"jwks-{foreign}.json")
    for folder in (private, public):
        (folder / set_name).write_text(json.dumps({"keys": [jwks[f"rsa-{good}"], jwks[f"ec-{good}"]]}, indent=1) + "\n")
        (folder / next_name).write_text(json.dumps({"keys": [jwks[f"rsa-{foreign}"]]}, indent=1) + "\n")


def write_pair(private: Path, public: Path, name: str, key) -> None:
    (private / f"{name}.key.pem").write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    pem = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    for folder in (private, public):
        (folder / f"{name}.pub.pem").write_bytes(pem)


class Keys:
    def __init__(self, folder: Path):
        self.folder = folder

    def secret(self, name: str) -> bytes:
        return (self.folder / f"{name}.secret").read_bytes()

    def private(self, name: str):
        pem = (self.folder / f"{name}.key.pem").read_bytes()
        return serialization.load_pem_private_key(pem, None)


def sign(alg: str, key, data: bytes) -> bytes:
    if alg == "none":
        return b""
    digest = HASH[alg[2:]]
    if alg[:2] == "HS":
        return hmac.new(key, data, getattr(hashlib, "sha" + alg[2:])).digest()
    if alg[:2] == "RS":
        return key.sign(data, padding.PKCS1v15(), digest())
    r, s = decode_dss_signature(key.sign(data, ec.ECDSA(digest())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def encode(header: dict, payload: dict, key) -> str:
    data = f"{segment(header)}.{segment(payload)}"
    return f"{data}.{b64u(sign(header['alg'], key, data.encode()))}"
