"""The injected defects: each turns a good request for one server into one that is wrong in one known way."""

import base64
import copy
import json
import time
from dataclasses import dataclass, field

import mint
from mint import AUD, ISS

HOUR = 3600


@dataclass
class Profile:
    """What a server takes: how its tokens are signed and which claims they carry."""

    alg: str
    key: str
    kid: str | None = None
    claims: dict = field(default_factory=dict)
    header: dict = field(default_factory=dict)
    subject: str = "sub"

    def sibling(self, kind: str) -> str:
        """The key of another kind of the same bench: `rsa`, `ec`, `hs`."""
        return f"{kind}-{self.key[-1]}"

    @property
    def other(self) -> str:
        """A key of the same kind that the verifier does not use."""
        return self.key[:-1] + chr(ord(self.key[-1]) + 1)


HS = Profile("HS256", "hs-a")
RS = Profile("RS256", "rsa-a", "2026-a")
RFC9068 = Profile("RS256", "rsa-a", "2026-a", {"client_id": "web", "scope": "orders:read"}, {"typ": "at+jwt"})
SIMPLE = Profile("HS256", "hs-a", None, {"token_type": "access"}, {}, "user_id")
EXTENDED = Profile("HS256", "hs-a", None, {"type": "access", "fresh": False}, {})


class Maker:
    """Makes tokens for one profile. Times are relative to the start of the capture."""

    def __init__(self, keys: mint.Keys, profile: Profile, start: float):
        self.keys, self.profile, self.start = keys, profile, int(start)
        self.serial = self.port = 0

    def key(self, name: str):
        return self.keys.secret(name) if name.startswith("hs") else self.keys.private(name)

    def claims(self, who: str, /, exp=HOUR, iat=-5, **more) -> dict:
        self.serial += 1
        out = {"iss": ISS, "aud": AUD, self.profile.subject: who, "iat": self.start + iat, "exp": self.start + exp,
               "jti": f"{self.start:x}{self.serial:04x}{len(who):04x}"}
        out.update(copy.deepcopy(self.profile.claims))
        out.update(more)
        return {name: value for name, value in out.items() if value is not None}

    def token(self, who: str, /, *, header=None, alg=None, key=None, kid=None, raw_key=None, **claims) -> str:
        head = {"alg": alg or self.profile.alg, "typ": "JWT", **self.profile.header}
        if kid or self.profile.kid:
            head["kid"] = kid or self.profile.kid
        head.update(header or {})
        head = {name: value for name, value in head.items() if value is not None}
        return mint.encode(head, self.claims(who, **claims), raw_key or self.key(key or self.profile.key))


def bearer(token, path="/orders"):
    return path, [("Authorization", f"Bearer {token}")]


def other_payload(token: str, **change) -> str:
    head, payload, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    claims.update(change)
    return f"{head}.{mint.segment(claims)}.{signature}"


def standard_alphabet(m: Maker, sub: str) -> str:
    """A token of the same bytes in the alphabet of RFC 4648 section 4, with padding; it always holds a + or /."""
    token = m.token(sub, name="Zo\u00eb?>?>~~~")
    parts = [base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)) for part in token.split(".")]
    return ".".join(base64.b64encode(part).decode() for part in parts)


def alg_family(m: Maker, sub: str) -> str:
    if m.profile.alg == "HS256":
        return m.token(sub, alg="RS256", key=m.profile.sibling("rsa"))
    return m.token(sub, alg="HS256", key=m.profile.sibling("hs"))


def decoded_secret(m: Maker) -> bytes:
    return base64.b64decode(m.key(m.profile.sibling("hs")))


def big(m: Maker, sub: str) -> str:
    return m.token(sub, groups=[f"group-{number:05d}" for number in range(900)])


def id_token(m: Maker, sub: str) -> str:
    return m.token(sub, aud="web", nonce="n-0S6_WzA2Mj", at_hash="77QmUPtjPfzWtF2AnpK9RQ", auth_time=m.start - 30,
                   type=None, token_type=None, client_id=None, scope=None, header={"typ": "JWT"})


def refresh_token(m: Maker, sub: str) -> str:
    name = "token_type" if "token_type" in m.profile.claims else "type"
    return m.token(sub, exp=86400, **{name: "refresh"})


# name: (cause expected without keys, what else may stand, is it visible in the request's bytes alone, builder)
DEFECTS = {
    "header.missing": ("header.missing", [], True, lambda m, s: ("/orders", [])),
    "header.misspelt_name": ("header.misspelt_name", [], True,
                             lambda m, s: ("/orders", [("Authorizaton", f"Bearer {m.token(s)}")])),
    "header.misspelt_name.british": ("header.misspelt_name", [], True,
                                     lambda m, s: ("/me", [("Authorisation", f"Bearer {m.token(s)}")])),
    "header.empty": ("header.empty", [], True, lambda m, s: ("/orders", [("Authorization", "")])),
    "header.empty.scheme": ("header.empty", [], True, lambda m, s: ("/me", [("Authorization", "Bearer ")])),
    "header.placeholder.undefined": ("header.placeholder", [], True, lambda m, s: bearer("undefined")),
    "header.placeholder.null": ("header.placeholder", [], True, lambda m, s: bearer("null", "/me")),
    "header.placeholder.object": ("header.placeholder", [], True, lambda m, s: bearer("[object Object]")),
    "header.placeholder.template": ("header.placeholder", [], True, lambda m, s: bearer("{{token}}")),
    "header.whitespace.newline": ("header.whitespace", [], True, lambda m, s: bearer(m.token(s) + "%0A")),
    "header.whitespace.nbsp": ("header.whitespace", [], True,
                               lambda m, s: ("/orders", [("Authorization", b"Bearer \xc2\xa0" + m.token(s).encode())])),
    "header.whitespace.inside": ("header.whitespace", [], True,
                                 lambda m, s: bearer(m.token(s).replace(".", ". ", 1), "/me")),
    "header.whitespace.double": ("header.whitespace", [], False,
                                 lambda m, s: ("/orders", [("Authorization", f"Bearer  {m.token(s)}")])),
    "header.quoted": ("header.quoted", [], True, lambda m, s: bearer(f'"{m.token(s)}"')),
    "header.quoted.angle": ("header.quoted", [], True, lambda m, s: bearer(f"<{m.token(s)}>", "/me")),
    "header.duplicate": ("header.duplicate", [], True, lambda m, s: (
        "/orders", [("Authorization", "Basic YXBwOmFwcA=="), ("Authorization", f"Bearer {m.token(s)}")])),
    "header.duplicate.comma": ("header.duplicate", [], True,
                               lambda m, s: bearer(f"{m.token(s)}, Bearer {m.token(s)}", "/me")),
    "header.scheme_missing": ("header.scheme_missing", [], True,
                              lambda m, s: ("/orders", [("Authorization", m.token(s))])),
    "header.scheme_wrong.jwt": ("header.scheme_wrong", [], True,
                                lambda m, s: ("/orders", [("Authorization", f"JWT {m.token(s)}")])),
    "header.scheme_wrong.token": ("header.scheme_wrong", [], True,
                                  lambda m, s: ("/me", [("Authorization", f"Token {m.token(s)}")])),
    "header.scheme_wrong.colon": ("header.scheme_wrong", [], True,
                                  lambda m, s: ("/me", [("Authorization", f"Bearer: {m.token(s)}")])),
    "header.scheme_case": ("header.scheme_case", [], False,
                           lambda m, s: ("/orders", [("Authorization", f"bearer {m.token(s)}")])),
    "header.scheme_doubled": ("header.scheme_doubled", [], True, lambda m, s: bearer(f"Bearer {m.token(s)}")),
    "header.wrong_place.query": ("header.wrong_place", [], True,
                                 lambda m, s: (f"/orders?access_token={m.token(s)}", [])),
    "header.wrong_place.field": ("header.wrong_place", [], True,
                                 lambda m, s: ("/orders", [("X-Access-Token", m.token(s))])),
    "header.wrong_place.cookie": ("header.wrong_place", [], True,
                                  lambda m, s: ("/me", [("Cookie", f"theme=dark; access_token={m.token(s)}")])),
    "header.too_large": ("header.too_large", [], False, lambda m, s: bearer(big(m, s))),
    "token.truncated": ("token.truncated", [], True, lambda m, s: bearer(m.token(s).rsplit(".", 1)[0])),
    "token.truncated.signature": ("token.truncated", [], True, lambda m, s: bearer(m.token(s)[:-12], "/me")),
    "token.encoding": ("token.encoding", [], True, lambda m, s: bearer(standard_alphabet(m, s))),
    "token.malformed": ("token.malformed", [], True, lambda m, s: bearer(
        m.token(s).split(".")[0] + "." + mint.b64u(b"not json at all, only text") + "." + m.token(s).split(".")[2])),
    "token.not_jwt": ("token.not_jwt", [], True, lambda m, s: bearer("shp_live_9fKq27XbT0vLw3RzYc81mNdEeHs6")),
    "token.id_token": ("token.id_token", ["claim.audience"], True, lambda m, s: bearer(id_token(m, s))),
    "token.refresh_token": ("token.refresh_token", [], True, lambda m, s: bearer(refresh_token(m, s))),
    "time.expired": ("time.expired", [], True, lambda m, s: bearer(m.token(s, iat=-9000, exp=-5400))),
    "time.not_yet_valid": ("time.not_yet_valid", [], True, lambda m, s: bearer(m.token(s, nbf=m.start + 1800))),
    "time.unit_milliseconds": ("time.unit_milliseconds", [], False, lambda m, s: bearer(ms_token(m, s))),
    "time.wrong_type": ("time.wrong_type", [], True, lambda m, s: bearer(typed_token(m, s))),
    "time.exp_missing": ("time.exp_missing", [], False, lambda m, s: bearer(no_exp(m, s))),
    "claim.issuer": ("claim.issuer", [], False, lambda m, s: bearer(m.token(s, iss="https://login.partner.example/"))),
    "claim.issuer_slash": ("claim.issuer_slash", [], False,
                           lambda m, s: bearer(m.token(s, iss=ISS.rstrip("/")))),
    "claim.audience": ("claim.audience", [], False, lambda m, s: bearer(m.token(s, aud="https://billing.shop.example"))),
    "claim.audience.absent": ("claim.audience", [], False,
                              lambda m, s: bearer(m.token(s, aud=None), "/me")),
    "claim.required_missing": ("claim.required_missing", [], False,
                               lambda m, s: bearer(m.token(s, **{m.profile.subject: None}), "/me")),
    "claim.environment": ("claim.environment", [], False, lambda m, s: bearer(foreign(m, s))),
    "signature.wrong_key": ("signature.invalid", ["signature.wrong_key"], False,
                            lambda m, s: bearer(m.token(s, key=m.profile.other))),
    "signature.tampered": ("signature.invalid", ["signature.tampered"], False, lambda m, s: bearer(
        other_payload(m.token(s), roles=["admin"]))),
    "signature.unknown_kid": ("signature.unknown_kid", [], False, lambda m, s: bearer(
        m.token(s, key=m.profile.other, kid="2025-z"))),
    "signature.alg_family": ("signature.alg_family", [], False,
                             lambda m, s: bearer(alg_family(m, s))),
    "signature.alg_variant": ("signature.alg_variant", [], False,
                              lambda m, s: bearer(m.token(s, alg=m.profile.alg[:2] + "512"), "/me")),
    "signature.alg_none": ("signature.alg_none", [], True, lambda m, s: bearer(m.token(s, alg="none"))),
    "signature.key_encoding": ("signature.invalid", ["signature.key_encoding"], False,
                               lambda m, s: bearer(m.token(s, alg="HS256", raw_key=decoded_secret(m)))),
    "signature.key_newline": ("signature.invalid", ["signature.key_newline"], False,
                              lambda m, s: bearer(m.token(s, alg="HS256", raw_key=m.key(m.profile.sibling("hs")) + b"\n"), "/me")),
}
# More of the same, for the second bench: near misses of a secret, the public key taken for a secret, a clock ahead at the issuer.
EXTRA = {
    "time.not_yet_valid.iat": ("time.not_yet_valid", [], True, lambda m, s: bearer(m.token(s, iat=1800, exp=HOUR + 1800), "/me")),
    "header.whitespace.tail": ("header.whitespace", [], True, lambda m, s: bearer(m.token(s) + "%20", "/me")),
    "header.placeholder.shell": ("header.placeholder", [], True, lambda m, s: bearer("$ACCESS_TOKEN", "/me")),
    "signature.key_encoding.base64": ("signature.invalid", ["signature.key_encoding"], False, lambda m, s: bearer(
        m.token(s, alg="HS256", raw_key=base64.b64encode(m.key(m.profile.sibling("hs")))), "/me")),
    "signature.key_encoding.hex": ("signature.invalid", ["signature.key_encoding"], False, lambda m, s: bearer(
        m.token(s, alg="HS256", raw_key=m.key(m.profile.sibling("hs")).hex().encode()))),
    "signature.key_newline.crlf": ("signature.invalid", ["signature.key_newline"], False, lambda m, s: bearer(
        m.token(s, alg="HS256", raw_key=m.key(m.profile.sibling("hs")) + b"\r\n"))),
    "signature.alg_confusion": ("signature.alg_family", [], False, lambda m, s: bearer(
        m.token(s, alg="HS256", raw_key=(m.keys.folder / f"{m.profile.key}.pub.pem").read_bytes()), "/me")),
}
# What a reader with the keys of samples/keys can say instead.
WITH_KEYS = {
    "signature.key_encoding.base64": "signature.key_encoding", "signature.key_encoding.hex": "signature.key_encoding",
    "signature.key_newline.crlf": "signature.key_newline",
    "signature.wrong_key": "signature.wrong_key", "signature.key_encoding": "signature.key_encoding",
    "signature.key_newline": "signature.key_newline",
}


def ms_token(m: Maker, sub: str) -> str:
    claims = {"nbf": (m.start - 5) * 1000 + 137}
    token = m.token(sub, **claims)
    head, payload, _ = token.split(".")
    body = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    body["iat"], body["exp"] = body["iat"] * 1000 + 137, body["exp"] * 1000 + 137
    return resign(m, head, body)


def typed_token(m: Maker, sub: str) -> str:
    head, payload, _ = m.token(sub).split(".")
    body = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    body["exp"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(body["exp"]))
    return resign(m, head, body)


def no_exp(m: Maker, sub: str) -> str:
    head, payload, _ = m.token(sub).split(".")
    body = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    del body["exp"]
    return resign(m, head, body)


def resign(m: Maker, head: str, body: dict) -> str:
    data = f"{head}.{mint.segment(body)}"
    return f"{data}.{mint.b64u(mint.sign(m.profile.alg, m.key(m.profile.key), data.encode()))}"


def foreign(m: Maker, sub: str) -> str:
    """The staging environment's token: issuer, audience and key all differ."""
    kid = "staging-7" if m.profile.kid else None
    return m.token(sub, iss="https://id.staging.example/", aud="https://orders.staging.example",
                   key=m.profile.other, kid=kid)
