"""Stories of the second bench that are not about a signed bearer token: encrypted tokens, AWS signatures, Hawk."""

import base64
import hashlib
import hmac
import json
import os
import time
from urllib.parse import quote

import mint
from cases import fail, ok
from defects import bearer


def jwe(m, who: str, key: bytes | None = None, cut=False, **more) -> str:
    """A compact JWE (RFC 7516): direct encryption with AES-256-GCM."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    key = key or base64.b64decode(m.key("hs-c"))[:32]
    head = mint.segment({"alg": "dir", "enc": "A256GCM", "typ": "JWT"})
    nonce = os.urandom(12)
    sealed = AESGCM(key).encrypt(nonce, json.dumps(m.claims(who, **more)).encode(), head.encode())
    tag = mint.b64u(sealed[-16:])
    return ".".join([head, "", mint.b64u(nonce), mint.b64u(sealed[:-16]), tag[:-4] if cut else tag])


def jwe_story(new) -> None:
    c = new("jose-jwe", "jose-jwe", "encrypted tokens: another key, a signed token instead, one shown twice")
    good = c.story("encrypted token")
    for at in (0, 1.5):
        good.step(at, lambda m: bearer(jwe(m, good.who)), ok())
    other = c.story("encrypted for another key")
    for at in (0.3, 0.6):
        other.step(at, lambda m: bearer(jwe(m, other.who, key=b"k" * 32)), fail("token.undecryptable", ["body"], why="decryption operation failed"))
    plain = c.story("signed token instead")
    plain.step(0.4, lambda m: bearer(m.token(plain.who)), fail(
        "token.wrong_type", ["body", "history"], accept=["token.not_jwt"], why="a signed token where others are let in with encrypted ones"))
    late = c.story("encrypted and expired")
    late.step(0.5, lambda m: bearer(jwe(m, late.who, iat=-9000, exp=-5400)), fail("time.expired", ["body"], why="the code says ERR_JWT_EXPIRED"))
    aud = c.story("encrypted for another audience")
    aud.step(0.7, lambda m: bearer(jwe(m, aud.who, aud="https://billing.shop.example")), fail("claim.audience", ["body"], why="the message names aud"))
    twice = c.story("shown twice")
    use = lambda m: bearer(twice.kept.setdefault("t", jwe(m, twice.who)), "/transfer")
    twice.step(0.8, use, ok())
    twice.step(0.9, use, fail("token.replayed", ["body", "history"], why="the code says token_replayed; the same token was let in before"))
    none = c.story("no field")
    none.step(1, lambda m: ("/orders", []), fail("header.missing", ["request", "body"]))


NAME = "S3RVER"


def stamp(shift: int) -> str:
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() + shift))


def v4(path: str, shift=0, secret=NAME, drop=None):
    """Signature version 4 in the field."""
    when = stamp(shift)
    scope = f"{when[:8]}/us-east-1/s3/aws4_request"
    body = hashlib.sha256(b"").hexdigest()
    canonical = f"GET\n{path}\n\nx-amz-content-sha256:{body}\nx-amz-date:{when}\n\nx-amz-content-sha256;x-amz-date\n{body}"
    text = f"AWS4-HMAC-SHA256\n{when}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = ("AWS4" + secret).encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    parts = {"Credential": f"{NAME}/{scope}", "SignedHeaders": "x-amz-content-sha256;x-amz-date",
             "Signature": hmac.new(key, text.encode(), hashlib.sha256).hexdigest()}
    parts.pop(drop, None)
    field = "AWS4-HMAC-SHA256 " + ", ".join(f"{name}={value}" for name, value in parts.items())
    return path, [("Authorization", field), ("X-Amz-Date", when), ("X-Amz-Content-Sha256", body)]


def v2(path: str, secret=NAME):
    """Signature version 2 in the field; the date stands in X-Amz-Date, so its own line of what is signed is empty."""
    date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())
    text = f"GET\n\n\n\nx-amz-date:{date}\n{path}"
    made = base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha1).digest()).decode()
    return path, [("Authorization", f"AWS {NAME}:{made}"), ("X-Amz-Date", date)]


def presigned(path: str, shift: int, seconds: int, drop=None):
    when = stamp(shift)
    query = {"X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Credential": f"{NAME}/{when[:8]}/us-east-1/s3/aws4_request", "X-Amz-Date": when,
             "X-Amz-Expires": str(seconds), "X-Amz-SignedHeaders": "host", "X-Amz-Signature": hashlib.sha256(when.encode()).hexdigest()}
    query.pop(drop, None)
    return path + "?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items()), []


def s3_story(new) -> None:
    c = new("s3rver", "s3rver", "AWS signatures of versions 2 and 4: another secret, a clock that is off, missing parts, a link past its time")
    s = c.story("version 4")
    s.step(0, lambda m: v4("/reports"), ok())
    t = c.story("version 2")
    t.step(0.2, lambda m: v2("/reports"), ok())
    for at in (0.4, 0.6):
        c.story("another secret").step(at, lambda m: v2("/reports", "S3RVER2"), fail("sigv4.signature", ["body"], 403, why="SignatureDoesNotMatch"))
    c.story("clock 40 minutes slow").step(0.7, lambda m: v4("/reports", -2400), fail("sigv4.skew", ["body", "request"], 403, why="RequestTimeTooSkewed"))
    c.story("clock 40 minutes fast").step(0.8, lambda m: v4("/reports", 2400), fail("sigv4.skew", ["body", "request"], 403, why="RequestTimeTooSkewed"))
    c.story("no signature in the field").step(0.9, lambda m: v4("/reports", drop="Signature"), fail("sigv4.malformed", ["body", "request"], 400, why="AuthorizationHeaderMalformed"))
    c.story("no scope in the field").step(1, lambda m: v4("/reports", drop="Credential"), fail("sigv4.malformed", ["body", "request"], 400, why="AuthorizationHeaderMalformed"))
    c.story("link in its time").step(1.1, lambda m: presigned("/reports", -10, 900), ok())
    c.story("link past its time").step(1.2, lambda m: presigned("/reports", -7200, 900), fail("sigv4.expired_url", ["body", "request"], 403, why="Request has expired"))
    c.story("link without its time").step(1.3, lambda m: presigned("/reports", -10, 900, drop="X-Amz-Expires"), fail("sigv4.malformed", ["body", "request"], 400, why="AuthorizationQueryParametersError"))


KEY = "werxhqb98rpaxn39848xrunpaw3489ruxnpa98w4rxn"


def hawk(m, n: str, path: str, shift=0, key=KEY, nonce=None, who="dh37fgj492je", drop=None):
    """The field of a Hawk request; the marker that the recorder adds to the path is part of what is signed."""
    parts = {"id": who, "ts": str(int(time.time()) + shift), "nonce": nonce or os.urandom(4).hex()}
    text = "\n".join(["hawk.1.header", parts["ts"], parts["nonce"], "GET", f"{path}?n={n}", "127.0.0.1", str(m.port), "", "", ""])
    parts["mac"] = base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()).decode()
    parts.pop(drop, None)
    return path, [("Authorization", "Hawk " + ", ".join(f'{name}="{value}"' for name, value in parts.items()))]


def hawk_story(new) -> None:
    c = new("hawk", "hawk", "Hawk: another key, a clock that is off, a nonce used twice, a part missing")

    def step(case, at, truth, **more):
        s = c.story(case)
        made = s.step(at, lambda m: hawk(m, f"{made.n:04d}", "/orders", **more), truth)

    step("signed well", 0, ok())
    step("signed well, other user", 0.2, ok())
    step("another key", 0.4, fail("reqsig.signature", ["challenge", "body"], why="Bad mac"), key=KEY[::-1])
    step("clock an hour slow", 0.5, fail("reqsig.skew", ["challenge", "body", "request"], why="Stale timestamp"), shift=-3600)
    step("part missing", 0.6, fail("reqsig.malformed", ["challenge", "body", "request"], (400, 401), why="Missing attributes"), drop="mac")
    step("nonce once", 0.7, ok(), nonce="k3j4h2")
    step("nonce twice", 0.8, fail("reqsig.replay", ["challenge", "body", "history"], why="Invalid nonce"), nonce="k3j4h2")
    step("unknown key id", 0.9, fail("apikey.wrong", ["body"], accept=["reqsig.signature"], why="Unknown credentials"), who="nobody-here")
    none = c.story("no field")
    none.step(1, lambda m: ("/orders", []), fail("header.missing", ["request", "challenge"]))
