"""The second bench: what PHP, Go, Ruby, Java, Rust, Perl, C and gateways do with the defects, and histories of their own.

The whole list of defects goes to each server. As in cases.py the truth stands before anything runs: `accepts` and the status say
what the server's documentation and a probe showed, `said` which causes its words tell apart.
"""

import cases
from cases import BOTH_TRUE, COMPARED, FORMAT, HMAC_ONLY, WORDED, Capture, Server, basic, fail, expiry, ok, role, tampered
from cases_products import graphql_story, influx_story, mtls_story, registry_story
from cases_signed import hawk_story, jwe_story, s3_story
from defects import DEFECTS, EXTRA, WITH_KEYS, Profile, bearer

HS = Profile("HS256", "hs-c")
RS = Profile("RS256", "rsa-c", "2026-c")
ES = Profile("ES256", "ec-c", "2026-ec")
PROFILES = {
    "php-jwt": HS, "php-jwt-set": RS, "php-jwt-behind": HS, "php-jwt-changed": HS, "golang-jwt": RS, "gin-jwt": HS, "go-jose": ES,
    "ruby-jwt": HS, "ruby-jwt-set": RS, "crypt-jwt": RS, "jjwt": HS, "java-jwt": RS, "jsonwebtoken-rs": RS, "haproxy": RS,
    "mod-auth-openidc": RS, "hono": HS, "caddy": HS, "php-cgi": HS, "jose-jwe": HS, "s3rver": HS, "hawk": HS,
    "graphql": HS, "docker-registry": RS, "influxdb": HS, "nginx-mtls": HS,
}
VERSIONS = {
    "php-jwt": "firebase/php-jwt 7.0.5 (PHP 8.2)", "php-jwt-set": "firebase/php-jwt 7.0.5, key set (PHP 8.2)",
    "php-jwt-changed": "firebase/php-jwt 7.0.5 (PHP 8.2)", "php-cgi": "firebase/php-jwt 7.0.5, CGI behind Apache httpd (PHP 8.2)",
    "golang-jwt": "golang-jwt 4.4.3 (Go 1.19)", "gin-jwt": "gin-jwt 2.6.4 (Go 1.19)", "go-jose": "go-jose 2 (Go 1.19)",
    "ruby-jwt": "ruby-jwt 2.5.0 (Ruby 3.1)", "ruby-jwt-set": "ruby-jwt 2.5.0, key set (Ruby 3.1)",
    "crypt-jwt": "Crypt::JWT 0.034 (Perl 5.36)", "jjwt": "jjwt 0.13.0 (Java 17)", "java-jwt": "Auth0 java-jwt 4.4.0 (Java 17)",
    "jsonwebtoken-rs": "jsonwebtoken 9.3 (Rust)", "haproxy": "HAProxy 2.6, jwt_verify",
    "mod-auth-openidc": "mod_auth_openidc 2.4.12 (Apache httpd)", "hono": "Hono 4.13 jwt middleware", "caddy": "Caddy 2.6",
    "jose-jwe": "jose 6.2.18, encrypted tokens", "s3rver": "s3rver 3.7.1", "hawk": "@hapi/hawk 8.0.0",
    "graphql": "Apollo Server 5.5.1", "docker-registry": "docker-registry 2.8", "influxdb": "InfluxDB 1.6",
    "nginx-mtls": "nginx, ssl_verify_client",
}
RS_ONLY = {"signature.alg_confusion"}
SECRETS = HMAC_ONLY | {"signature.key_encoding.base64", "signature.key_encoding.hex", "signature.key_newline.crlf"}
FAT = {"header.too_large"}
KID = {"signature.unknown_kid"}
# The same words as for the single key: only what a key set changes is worth its bytes.
SET_ONLY = {name for name in {**DEFECTS, **EXTRA} if name.split(".")[0] in ("header", "token")}
SAID = WORDED | FORMAT | {"time.not_yet_valid.iat"}
SILENT_CLAIMS = {"claim.issuer", "claim.issuer_slash", "claim.audience", "claim.audience.absent", "claim.required_missing"}
COMMON = {"token.refresh_token", "time.exp_missing", "claim.required_missing"}
LAST_WORD = {"header.duplicate", "header.duplicate.comma", "header.scheme_case", "header.scheme_doubled", "header.scheme_missing",
             "header.scheme_wrong.colon", "header.scheme_wrong.jwt", "header.scheme_wrong.token", "header.whitespace.double"}
TWO_FIELDS = {"header.duplicate", "header.duplicate.comma"}
FORBIDDEN = {"token.id_token": 403, "claim.issuer": 403, "claim.issuer_slash": 403, "claim.audience": 403, "claim.audience.absent": 403,
             "time.wrong_type": 400, "time.exp_missing": 400}
SERVERS = {
    "php-jwt": Server(COMMON | TWO_FIELDS, said=SAID - SILENT_CLAIMS, skip=KID | FAT | RS_ONLY),
    "php-jwt-set": Server(COMMON | TWO_FIELDS, said=SAID - SILENT_CLAIMS, skip=SECRETS | FAT | SET_ONLY),
    "golang-jwt": Server(COMMON | FAT | {"header.scheme_case", "signature.alg_variant"}, said=SAID, skip=SECRETS),
    "gin-jwt": Server(COMMON - {"time.exp_missing"}, other_status=FORBIDDEN, said=SAID - SILENT_CLAIMS, skip=KID | FAT | RS_ONLY),
    "go-jose": Server(COMMON | {"header.scheme_missing", "header.whitespace.double", "header.whitespace.inside", "header.whitespace.nbsp"},
                      said={"time.expired", "time.not_yet_valid", "time.not_yet_valid.iat", "time.wrong_type", *SILENT_CLAIMS},
                      skip=SECRETS | FAT | {"signature.alg_variant"}),
    "ruby-jwt": Server(COMMON - {"time.exp_missing"} | LAST_WORD, said=SAID, skip=KID | FAT | RS_ONLY),
    "ruby-jwt-set": Server(COMMON - {"time.exp_missing"} | LAST_WORD, said=SAID, skip=SECRETS | FAT | SET_ONLY),
    "crypt-jwt": Server({"claim.required_missing", "header.whitespace.double", "token.refresh_token"}, said=SAID, skip=SECRETS | FAT),
    "jjwt": Server(COMMON | {"signature.alg_variant", "time.not_yet_valid.iat", "time.wrong_type"}, said=SAID, skip=KID | FAT | RS_ONLY),
    "java-jwt": Server({"time.exp_missing", "token.refresh_token"}, said=SAID, skip=SECRETS | FAT),
    "jsonwebtoken-rs": Server({"claim.audience.absent", "claim.required_missing", "time.not_yet_valid.iat", "token.refresh_token"},
                              said=SAID, skip=SECRETS | FAT | {"header.whitespace.nbsp"}),
    "haproxy": Server(COMMON | {"header.duplicate.comma", "header.scheme_case", "header.whitespace.double", "time.not_yet_valid",
                                "time.not_yet_valid.iat", "time.unit_milliseconds"},
                      403, {"header.too_large": 400}, said=SAID, skip=SECRETS),
    "mod-auth-openidc": Server({"header.scheme_case", "header.whitespace.double", "signature.alg_variant", "time.exp_missing",
                                "time.not_yet_valid", "time.not_yet_valid.iat", "time.unit_milliseconds", "time.wrong_type",
                                "token.refresh_token"}, other_status={"header.too_large": 400}, says=None, skip=SECRETS),
    "hono": Server(COMMON | {"header.scheme_case", "header.whitespace.double"}, other_status={"header.too_large": 431}, says=None,
                   skip=KID | RS_ONLY),
}
# One key, whatever `kid` says.
FIXED_KEY = {"golang-jwt", "go-jose", "crypt-jwt", "java-jwt", "jsonwebtoken-rs", "haproxy"}
cases.SERVERS.update(SERVERS)
cases.PROFILES.update(PROFILES)
cases.VERSIONS.update(VERSIONS)


def with_keys(name: str, server: str) -> str | None:
    """What a reader with samples/keys can say of a token that the verifier's key does not open."""
    alg = PROFILES[server].alg
    if name == "signature.tampered":
        # An edited RSA payload opens to the digest of the original; of HMAC and ECDSA only the mismatch is seen.
        return "signature.tampered" if alg == "RS256" else "signature.invalid"
    if name == "signature.unknown_kid":
        return "signature.wrong_key" if server in FIXED_KEY else "signature.unknown_kid"
    return {
        "signature.alg_family": "signature.alg_family", "signature.alg_confusion": "signature.alg_family",
        "signature.alg_variant": "signature.alg_variant",
    }.get(name) or WITH_KEYS.get(name)


# Stored in full: the first. The others' answers to a wrong field differ little, so a third of those is kept.
WHOLE = ("php-jwt",)


def stored(name: str, server: str) -> bool:
    if server in WHOLE:
        return name not in FAT
    place = [*DEFECTS, *EXTRA].index(name) + list(SERVERS).index(server)
    return name.split(".")[0] != "header" or place % 3 == 0 or (name in FAT and server == "haproxy")


def suite(c: Capture, server: str, full: bool) -> None:
    """Each defect by a client of its own; every fifth client is first let in with a good token."""
    table = SERVERS[server]
    for name, (cause, accept, bytes_tell, build) in {**DEFECTS, **EXTRA}.items():
        if name in table.skip or not (full or stored(name, server)):
            continue
        story = c.story(name)
        if c.serial % 5 == 0:
            story.step(4, lambda m, s=story: bearer(m.token(s.who), "/me"), ok())
        if name in table.accepts:
            truth = ok(why="this server accepts the defect", defect=name)
        else:
            by = ["request"] if bytes_tell or name == "header.too_large" else []
            if name in COMPARED or name == "signature.alg_confusion":
                by.append("history")
            if table.says and name in table.said:
                by.append(table.says)
            if name == "signature.unknown_kid" and server in FIXED_KEY:
                cause, accept = "signature.invalid", ["signature.unknown_kid", "signature.wrong_key"]
                by = [table.says] if table.says and name in table.said else []
            if server == "gin-jwt" and name in SILENT_CLAIMS:
                # The application answers a wrong claim as it answers a missing role, and says no more.
                accept = [*accept, "authz.role"]
            truth = fail(cause, by, table.other_status.get(name, table.status), accept, defect=name, with_keys=with_keys(name, server))
            if name == "signature.unknown_kid":
                truth.accept_with_keys = BOTH_TRUE
        story.step(4, lambda m, s=story, b=build: b(m, s.who), truth)


def capture_caddy(new) -> None:
    c = new("caddy", "caddy", "basicauth, forward_auth to a PHP guard, a proxy that drops the field")
    basic(c, "/reports", None)
    for name in ("header.missing", "header.scheme_wrong.token", "time.expired", "claim.audience", "signature.wrong_key", "token.truncated"):
        cause, accept, bytes_tell, build = DEFECTS[name]
        by = (["request"] if bytes_tell else []) + (["history"] if name in COMPARED else [])
        if name in SERVERS["php-jwt"].said:
            by.append("body")
        s = c.story("forward_auth: " + name)
        s.step(0.5, lambda m, s=s, b=build: b(m, s.who), fail(cause, by, accept=accept, defect=name, with_keys=with_keys(name, "php-jwt")))
        if name != "time.expired":  # a good token at once would make it the normal end of a token's life
            s.step(0.6, lambda m, s=s: bearer(m.token(s.who)), ok())
    lost = c.story("proxy drops the field")
    why = "the client sent it, the body says that none came"
    for at, path in ((0.8, "/legacy/orders"), (1, "/legacy/me")):
        lost.step(at, lambda m, p=path: bearer(lost.token(m), p), fail("header.proxy_stripped", ["request", "body"], why=why))
    lost.step(0.9, lambda m: bearer(lost.token(m)), ok())


def capture_php_cgi(new) -> None:
    c = new("php-cgi", "php-cgi", "PHP as a CGI: httpd keeps Authorization from it, and passes it on where CGIPassAuth is on")
    why = "the client sent it, the body says that none came"
    for turn in range(3):
        s = c.story("field kept from the CGI")
        s.step(turn / 2, lambda m, s=s: bearer(s.token(m), "/api/orders"), fail("header.proxy_stripped", ["request", "body"], why=why))
    good = c.story("field passed on")
    for at in (0.2, 1.4):
        good.step(at, lambda m: bearer(good.token(m), "/pass/orders"), ok())
    none = c.story("no field")
    none.step(0.7, lambda m: ("/pass/orders", []), fail("header.missing", ["request", "body"]))
    both = c.story("field passed on, expired")
    both.step(0.8, lambda m: bearer(m.token(both.who, iat=-9000, exp=-5400), "/pass/orders"), fail("time.expired", ["request", "body"]))
    old = c.story("expired, and kept from the CGI")
    old.step(0.9, lambda m: bearer(m.token(old.who, iat=-9000, exp=-5400), "/api/me"), fail("header.proxy_stripped", ["request", "body"], why=why))


def capture_changed(new) -> None:
    """A deployment replaces the secret by a wrong one; later it is put right."""
    c = new("php-jwt-changed", "php-jwt-changed", "a deployment gives the verifier a wrong secret: from one instant every token fails, then all is well again")

    def secret(text):
        return lambda world: (world.keys / "live.secret").write_bytes(text if text else (world.keys / "hs-c.secret").read_bytes())

    users = [c.story(f"user {number}") for number in range(3)]
    why = "all tokens of all clients fail from one instant, fresh ones too; later the same tokens are let in again"
    for turn, s in enumerate(users):
        for at in (0.1, 0.6):
            s.step(at + turn / 10, lambda m, s=s: bearer(s.token(m)), ok(), before=secret(None) if at == 0.1 and turn == 0 else None)
        for at in (2, 2.5):
            s.step(at + turn / 10, lambda m, s=s: bearer(s.token(m)), fail("verifier.misconfigured", ["history"], why=why,
                   accept=[]), before=secret(b"a-secret-of-the-staging-environment-0001") if at == 2 and turn == 0 else None)
        s.step(4.5 + turn / 10, lambda m, s=s: bearer(s.token(m)), ok(), before=secret(None) if turn == 0 else None)
    late = c.story("fresh token meanwhile")
    late.step(3, lambda m: bearer(late.token(m, iat=0)), fail("verifier.misconfigured", ["history"], why=why))
    late.step(5, lambda m: bearer(late.token(m)), ok())


def build(new, full: bool) -> None:
    for server, table in SERVERS.items():
        c = new(server, server, "the whole list of defects among accepted requests; histories of tokens")
        if "time.expired" not in table.accepts:
            expiry(c, server, table.says if "time.expired" in table.said else None)
        tampered(c, server)
        if server not in ("haproxy", "mod-auth-openidc"):
            role(c, "/admin/users", 403)
        suite(c, server, full)
    for make in (capture_caddy, capture_php_cgi, capture_changed, jwe_story, s3_story, hawk_story, registry_story, influx_story,
                 graphql_story, mtls_story):
        make(new)
