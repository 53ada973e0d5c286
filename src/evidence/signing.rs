//! Reads what signed requests, signed URLs and `DPoP` proofs say, and compares it with the request.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::model::{
    Answer, At, Credential, Departure, Exchange, Fingerprint, Kind, Scheme, Signing, State,
};

use super::url::{Url, decode_param};

/// Offsets below this are not told: clocks of ordinary machines.
const NOTABLE_SECS: i64 = 30;

/// Reads the signature or proof of a refused request: what was let in need not explain itself.
pub(super) fn of_refused(
    exchange: &Exchange<'_>,
    answer: &Answer,
    url: &Url<'_>,
    credentials: &[Arc<Credential>],
) -> Option<Box<Signing>> {
    let first = credentials.first();
    // A plain 400 may be all that a server says to a signature with a piece missing.
    let odd = exchange.status == Some(400)
        && first.is_some_and(|c| c.kind == Kind::RequestSignature && c.place.is_authorization());
    (answer.outcome.is_refused() || odd).then(|| read(exchange, url, credentials)).flatten()
}

/// Reads the signature or proof of a request; `None` when it carries none.
fn read(
    exchange: &Exchange<'_>,
    url: &Url<'_>,
    credentials: &[Arc<Credential>],
) -> Option<Box<Signing>> {
    let mut signing = Signing::default();
    let first = credentials.first();
    let kind = first.map(|c| (c.kind, c.place.is_authorization()));
    // Of a field that the recorder masked or cut, nothing is known to be missing.
    let whole = first.is_some_and(|c| c.state == State::Present);
    let in_url = matches!(kind, Some((Kind::Sigv4 | Kind::RequestSignature, false)));
    let signed_at = match kind {
        Some((Kind::Sigv4, true)) if !whole => None,
        Some((Kind::Sigv4, true)) => aws_field(exchange, url, &mut signing),
        Some((Kind::RequestSignature, true)) => {
            let value = exchange.request_header("authorization")?;
            if whole && first.and_then(|c| c.scheme.as_ref()) == Some(&Scheme::Hawk) {
                lacking(value, &["id", "ts", "nonce", "mac"], &mut signing);
            }
            let stamp = param(value, "ts").or_else(|| param(value, "created"))?;
            stamp.parse().ok().map(At::from_secs)
        }
        _ if in_url => signed_url(url, &mut signing),
        _ => exchange.request_header("dpop").and_then(|p| proof(exchange, url, p, &mut signing)),
    };
    if let (Some(signed), Some(time)) = (signed_at, exchange.time) {
        #[expect(clippy::cast_possible_truncation, reason = "`as` saturates")]
        let offset = signed.since(time.at).0 as i64;
        // The age of a URL that is to live is no fault; a date ahead is.
        let notable = if in_url { offset >= NOTABLE_SECS } else { offset.abs() >= NOTABLE_SECS };
        signing.offset = notable.then_some(offset / 10 * 10);
    }
    signing.departs.sort_unstable();
    let tells = signing.offset.is_some() || signing.expires.is_some();
    (tells || !signing.departs.is_empty()).then(|| Box::new(signing))
}

/// `AWS4-HMAC-SHA256 Credential=KEY/DAY/REGION/SERVICE/aws4_request, SignedHeaders=..., Signature=...`
fn aws_field(exchange: &Exchange<'_>, url: &Url<'_>, signing: &mut Signing) -> Option<At> {
    let value = exchange.request_header("authorization")?;
    lacking(value, &["Credential", "SignedHeaders", "Signature"], signing);
    let day = exchange.request_header("x-amz-date");
    if let Some(credential) = param(value, "Credential") {
        scope(credential, day, url, signing);
    }
    basic_iso(day?)
}

/// Notes the pieces that the scheme needs and the field does not have.
fn lacking(value: &str, pieces: &[&str], signing: &mut Signing) {
    for piece in pieces {
        if param(value, piece).is_none_or(str::is_empty) {
            signing.departs.push(Departure::Lacks((*piece).to_owned()));
        }
    }
}

/// The usual kinds of signed URLs, told by the names of their parameters.
fn signed_url(url: &Url<'_>, signing: &mut Signing) -> Option<At> {
    let value = |name: &str| {
        url.params().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| decode_param(v))
    };
    for prefix in ["X-Amz-", "X-Goog-", "X-Oss-", "X-Tos-"] {
        if value(&format!("{prefix}Signature")).is_none() {
            continue;
        }
        let date = value(&format!("{prefix}Date"));
        let life = value(&format!("{prefix}Expires"));
        for (name, known) in [("Date", &date), ("Expires", &life)] {
            if known.is_none() {
                signing.departs.push(Departure::Lacks(format!("{prefix}{name}")));
            }
        }
        let credential = value(&format!("{prefix}Credential"));
        if let Some(credential) = &credential {
            scope(credential, date.as_deref(), url, signing);
        }
        let signed = basic_iso(date.as_deref()?)?;
        let life: i64 = life?.parse().ok()?;
        signing.expires = Some(signed.plus(At::from_secs(life).since(At(0))));
        return Some(signed);
    }
    let unix = value("Expires").filter(|v| v.len() == 10).and_then(|v| v.parse().ok());
    let iso = value("se").and_then(|v| v.parse::<jiff::Timestamp>().ok());
    signing.expires = unix.map(At::from_secs).or_else(|| iso.map(|t| At::from_secs(t.as_second())));
    None
}

/// Compares `KEY/DAY/REGION/SERVICE/...` with the time of signing and the host.
fn scope(credential: &str, date: Option<&str>, url: &Url<'_>, signing: &mut Signing) {
    // The key may hold slashes; the scope is what stands last.
    let parts: Vec<&str> = credential.rsplitn(5, '/').collect();
    let [_, service, region, day, _] = parts.as_slice() else {
        signing.departs.push(Departure::Lacks("credential scope".to_owned()));
        return;
    };
    if date.is_some_and(|date| date.len() >= 8 && date.get(..8) != Some(*day)) {
        signing.departs.push(Departure::Day);
    }
    let Some(host) = url.host() else { return };
    let Some(labels) =
        host.strip_suffix(".amazonaws.com").or_else(|| host.strip_suffix(".amazonaws.com.cn"))
    else {
        return;
    };
    let labels: Vec<&str> = labels.split('.').collect();
    let place = labels.iter().rposition(|label| is_region(label));
    let Some((at, here)) = place.and_then(|at| Some((at, *labels.get(at)?))) else { return };
    let is_name = |text: &str| {
        text.len() <= 24 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    if here != *region && is_region(region) {
        signing.departs.push(Departure::Region((*region).to_owned(), here.to_owned()));
    }
    // Names of hosts and of services differ for some; these are the same in both.
    let same = ["s3", "execute-api", "dynamodb", "sqs", "sns", "lambda", "sts", "kinesis", "kms"];
    if let Some(name) = at.checked_sub(1).and_then(|at| labels.get(at))
        && same.contains(name)
        && name != service
        && is_name(service)
    {
        signing.departs.push(Departure::Service((*service).to_owned(), (*name).to_owned()));
    }
}

/// `us-east-1`, `ap-southeast-2`, `us-gov-west-1`.
fn is_region(label: &str) -> bool {
    let mut parts = label.split('-');
    let area =
        parts.next().is_some_and(|p| p.len() == 2 && p.bytes().all(|b| b.is_ascii_lowercase()));
    let number = label.bytes().next_back().is_some_and(|b| b.is_ascii_digit());
    area && number && (3..=4).contains(&label.split('-').count())
}

/// `20260101T100000Z`
fn basic_iso(text: &str) -> Option<At> {
    let part = |from: usize, to: usize| text.get(from..to);
    let (date, time) = text.split_once('T')?;
    if date.len() != 8 || time.len() != 7 || !time.ends_with('Z') {
        return None;
    }
    let iso = format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0, 4)?,
        part(4, 6)?,
        part(6, 8)?,
        part(9, 11)?,
        part(11, 13)?,
        part(13, 15)?
    );
    iso.parse::<jiff::Timestamp>().ok().map(|t| At::from_secs(t.as_second()))
}

/// Returns a parameter of a field of `name=value` or `name="value"` pairs.
fn param<'v>(value: &'v str, name: &str) -> Option<&'v str> {
    value.split([',', ' ']).find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"'))
    })
}

/// Returns the mark of the request's `DPoP` proof: of its `jti`, and of its header, which holds the key.
pub(super) fn proof_mark(
    exchange: &Exchange<'_>,
    credentials: &[Arc<Credential>],
) -> Option<Fingerprint> {
    if !credentials.iter().any(|c| c.kind == Kind::DpopProof) {
        return None;
    }
    let mut segments = exchange.request_header("dpop")?.trim().split('.');
    let (header, claims) = (segments.next()?, decode(segments.next()?)?);
    let jti = claims.get("jti").and_then(Value::as_str).filter(|jti| !jti.is_empty())?;
    Some(Fingerprint::of_bytes("jti", format!("{header}.{jti}").as_bytes()))
}

/// Compares a `DPoP` proof with the request that carries it (RFC 9449, section 4.3).
fn proof(exchange: &Exchange<'_>, url: &Url<'_>, proof: &str, signing: &mut Signing) -> Option<At> {
    let mut segments = proof.trim().split('.');
    let mut part = || decode(segments.next()?);
    let (Some(header), Some(claims)) = (part(), part()) else {
        signing.departs.push(Departure::Form("it is no JWT".to_owned()));
        return None;
    };
    let departs = &mut signing.departs;
    let text =
        |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    if text(&header, "typ").is_none_or(|typ| !typ.eq_ignore_ascii_case("dpop+jwt")) {
        departs.push(Departure::Form("`typ` is not `dpop+jwt`".to_owned()));
    }
    if text(&header, "alg")
        .is_none_or(|alg| alg.starts_with("HS") || alg.eq_ignore_ascii_case("none"))
    {
        departs.push(Departure::Form("`alg` is no asymmetric algorithm".to_owned()));
    }
    match header.get("jwk") {
        None => departs.push(Departure::Form("it holds no `jwk`".to_owned())),
        Some(jwk) if jwk.get("d").is_some() => {
            departs.push(Departure::Form("its `jwk` holds the private key".to_owned()));
        }
        Some(_) => {}
    }
    for name in ["jti", "htm", "htu", "iat"] {
        if claims.get(name).is_none() {
            departs.push(Departure::Lacks(name.to_owned()));
        }
    }
    if let (Some(htm), Some(method)) = (text(&claims, "htm"), exchange.method.as_deref())
        && htm != method
    {
        departs.push(Departure::Method(
            htm.chars().filter(char::is_ascii_alphabetic).take(16).collect(),
        ));
    }
    if let Some(htu) = text(&claims, "htu").filter(|_| !url.authority.is_empty()) {
        let named = Url::split(&htu);
        let path = |u: &Url<'_>| if u.path.is_empty() { "/".to_owned() } else { u.path.to_owned() };
        if named.host() != url.host()
            || !named.scheme.eq_ignore_ascii_case(url.scheme)
            || path(&named) != path(url)
        {
            departs.push(Departure::Target);
        }
    }
    let sent = exchange.request_header("authorization").and_then(|value| {
        let (scheme, token) = value.trim().split_once(' ')?;
        scheme.eq_ignore_ascii_case("dpop").then(|| token.trim())
    });
    if let Some(token) = sent {
        let hash = URL_SAFE_NO_PAD.encode(Sha256::digest(token.as_bytes()));
        match text(&claims, "ath") {
            None => departs.push(Departure::NoHash),
            Some(ath) if ath != hash => departs.push(Departure::Hash),
            Some(_) => {}
        }
        let bound = token.split('.').nth(1).and_then(decode);
        let jkt = bound.as_ref().and_then(|claims| claims.get("cnf")?.get("jkt")?.as_str());
        if let (Some(jkt), Some(key)) = (jkt, header.get("jwk").and_then(thumbprint))
            && jkt != key
        {
            departs.push(Departure::Key);
        }
    }
    claims.get("iat").and_then(Value::as_i64).map(At::from_secs)
}

fn decode(segment: &str) -> Option<Value> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(segment).ok()?).ok()
}

/// Returns the thumbprint of a public key (RFC 7638): its required members in order, hashed.
fn thumbprint(jwk: &Value) -> Option<String> {
    let member = |name: &str| jwk.get(name).and_then(Value::as_str);
    let names: &[&str] = match member("kty")? {
        "EC" => &["crv", "kty", "x", "y"],
        "RSA" => &["e", "kty", "n"],
        "OKP" => &["crv", "kty", "x"],
        _ => return None,
    };
    let members: Option<Vec<String>> =
        names.iter().map(|name| Some(format!("{:?}:{:?}", name, member(name)?))).collect();
    let text = format!("{{{}}}", members?.join(","));
    Some(URL_SAFE_NO_PAD.encode(Sha256::digest(text.as_bytes())))
}
