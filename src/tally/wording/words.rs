//! Words that tell what stands beside them.

/// What a number or code behind it is part of: it decides, so it stays.
pub(super) const CODES: &[&str] = &[
    "status",
    "statuscode",
    "code",
    "http",
    "error",
    "errno",
    "err",
    "state",
    "substatus",
    "reason",
    "hresult",
    "ntstatus",
    "data",
    "rcode",
    "exit",
];

/// What a version or size behind it is part of.
pub(super) const VERSIONS: &[&str] = &[
    "tls", "ssl", "http", "oauth", "oidc", "saml", "version", "v", "sha", "rfc", "section", "ntlm",
    "level", "aal", "ial", "loa", "base", "rsa", "aes", "pkcs", "kerberos", "utf", "step", "stage",
];

/// What has ids: a number behind it is one.
pub(super) const OWNERS: &[&str] = &[
    "user",
    "userid",
    "username",
    "account",
    "id",
    "session",
    "client",
    "request",
    "requestid",
    "trace",
    "key",
    "order",
    "tenant",
    "subscription",
    "application",
    "app",
    "customer",
    "member",
    "device",
    "kid",
    "jti",
    "sid",
    "uid",
    "token",
    "ticket",
    "transaction",
    "correlation",
    "object",
    "organization",
    "org",
    "project",
    "nonce",
    "employee",
    "principal",
    "login",
];

/// What a person's name stands behind.
pub(super) const PERSONS: &[&str] = &[
    "user",
    "username",
    "account",
    "principal",
    "login",
    "member",
    "customer",
    "employee",
    "userid",
];

/// What a quoted word behind it is a value of, whatever its shape.
pub(super) const VALUED: &[&str] = &[
    "audience",
    "aud",
    "issuer",
    "iss",
    "kid",
    "client",
    "tenant",
    "realm",
    "host",
    "hostname",
    "origin",
    "subject",
    "sub",
    "email",
    "app",
    "application",
    "device",
    "character",
];

/// What a word behind it names: which one decides, whatever its shape.
pub(super) const NAMING: &[&str] = &[
    "scope",
    "scopes",
    "role",
    "roles",
    "permission",
    "permissions",
    "group",
    "groups",
    "privilege",
    "authority",
    "claim",
    "claims",
    "parameter",
    "param",
    "header",
    "field",
    "property",
    "attribute",
    "algorithm",
    "alg",
    "method",
    "scheme",
    "cookie",
    "type",
    "grant",
    "method:",
    "policy",
];

/// Words that follow a name behind `user`, where a plain word is one.
pub(super) const PREDICATES: &[&str] =
    &["not", "is", "isn't", "was", "does", "doesn't", "has", "cannot", "could", "couldn't", "from"];

/// Words behind `user` that are no name.
pub(super) const NO_NAMES: &[&str] = &[
    "a",
    "access",
    "account",
    "accounts",
    "admin",
    "agent",
    "already",
    "and",
    "are",
    "as",
    "at",
    "attempt",
    "auth",
    "authentication",
    "authorization",
    "authorisation",
    "by",
    "can",
    "cannot",
    "certificate",
    "claim",
    "context",
    "could",
    "couldn't",
    "credential",
    "credentials",
    "currently",
    "data",
    "database",
    "details",
    "directory",
    "disabled",
    "does",
    "doesn't",
    "domain",
    "email",
    "entry",
    "existence",
    "expired",
    "failed",
    "for",
    "found",
    "from",
    "group",
    "has",
    "have",
    "id",
    "identifier",
    "identity",
    "in",
    "inactive",
    "info",
    "information",
    "invalid",
    "is",
    "isn't",
    "itself",
    "key",
    "limit",
    "locked",
    "login",
    "lookup",
    "may",
    "mode",
    "must",
    "name",
    "never",
    "no",
    "not",
    "number",
    "object",
    "of",
    "on",
    "only",
    "or",
    "organization",
    "password",
    "pending",
    "permission",
    "permissions",
    "pool",
    "principal",
    "privilege",
    "privileges",
    "profile",
    "provider",
    "quota",
    "realm",
    "record",
    "registration",
    "request",
    "revoked",
    "role",
    "roles",
    "scope",
    "scopes",
    "secret",
    "service",
    "session",
    "should",
    "signature",
    "status",
    "still",
    "store",
    "suspended",
    "tenant",
    "that",
    "the",
    "this",
    "ticket",
    "to",
    "token",
    "tokens",
    "type",
    "unknown",
    "validation",
    "value",
    "verification",
    "was",
    "which",
    "who",
    "will",
    "with",
    "without",
];

/// Units that a number counts: one and many read alike.
pub(super) const UNITS: &[(&str, &str)] = &[
    ("second", "seconds"),
    ("sec", "secs"),
    ("millisecond", "milliseconds"),
    ("minute", "minutes"),
    ("min", "mins"),
    ("hour", "hours"),
    ("day", "days"),
    ("byte", "bytes"),
    ("attempt", "attempts"),
    ("time", "times"),
    ("request", "requests"),
    ("try", "tries"),
    ("character", "characters"),
    ("segment", "segments"),
    ("part", "parts"),
];

/// Units without a second form.
pub(super) const SHORT_UNITS: &[&str] =
    &["s", "ms", "us", "ns", "m", "h", "d", "kb", "mb", "b", "kib", "mib", "bits", "bit", "%"];

/// Words that begin the reason phrase of a status.
pub(super) const PHRASES: &[&str] =
    &["Unauthorized", "Forbidden", "OK", "Not", "Bad", "Internal", "Too", "Service", "Gateway"];

/// Letters of names that have digits: algorithms, encodings, protocols.
pub(super) const NAMED: &[&str] = &[
    "hs", "rs", "es", "ps", "sha", "md", "rsa", "aes", "gcm", "kw", "cbc", "ecdh", "ecdsa",
    "eddsa", "ed", "secp", "base", "oauth", "oidc", "utf", "pkcs", "ipv", "http", "tls", "ssl",
    "rfc", "ntlm", "ntlmv", "saml", "krb", "iso", "hmac", "pbes", "pbkdf", "sigv", "aws", "fido",
    "des", "rc", "crc", "blake", "oaep", "with", "and", "url", "encoded", "ldapv", "ldap", "sslv",
    "tlsv", "httpd", "argon", "curve", "fa", "factor", "mfa",
];

/// Single letters of such names.
pub(super) const LETTERS: &[&str] = &["x", "v", "s", "h", "p", "a", "k", "t", "u", "c"];

pub(super) const DAYS: &[&str] = &["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

pub(super) const MONTHS: &[&str] =
    &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

pub(super) const ZONES: &[&str] = &["utc", "gmt", "cet", "cest", "est", "edt", "pst", "pdt", "z"];

/// Returns whether a word of a list is this one, its case aside.
pub(super) fn is_in(word: &str, list: &[&str]) -> bool {
    list.iter().any(|known| word.eq_ignore_ascii_case(known))
}
