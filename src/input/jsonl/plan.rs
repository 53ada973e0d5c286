//! Decides from the names in a line, and nothing else, where the parts of an exchange may stand.
//!
//! A plan depends on the line's shape alone, so a line read with the plan of another line of its
//! shape gives what it gives by itself: the order of lines does not show.

use std::collections::VecDeque;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;

use serde_json::{Map, Value};

use super::alias::{Slot, alias, fold, is_request_field};
use crate::model::Observer;

/// Members deeper than this are not looked at.
pub(super) const MAX_DEPTH: usize = 6;
/// Members of one line that are looked at.
const MAX_MEMBERS: usize = 2_000;
/// Components of a path that one name can span (`http.response.status_code`).
const MAX_SPAN: usize = 4;
/// What a candidate inside an error, an upstream or a list of options costs.
const ASIDE: u16 = 40;

/// Where the parts of an exchange may stand in lines of one shape.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// `None` for the plan of no line.
    pub(super) shape: Option<u64>,
    pub(super) logger: Logger,
    /// Sorted by slot, then cost.
    pub(super) candidates: Vec<Candidate>,
    /// Where the candidates of each slot begin; behind the last, where they end.
    starts: Starts,
}

/// By slot, and one more.
type Starts = [u16; Slot::Message as usize + 2];

/// One place where a part may stand.
#[derive(Debug)]
pub(super) struct Candidate {
    pub(super) slot: Slot,
    pub(super) rank: u8,
    /// Lower is better: rank, then depth; what stands aside comes last.
    pub(super) cost: u16,
    pub(super) path: Box<[Box<str>]>,
    /// The field's or the reason's name.
    pub(super) name: Box<str>,
}

impl Candidate {
    pub(super) fn get<'v>(&self, line: &'v Map<String, Value>) -> Option<&'v Value> {
        let (first, rest) = self.path.split_first()?;
        rest.iter().try_fold(line.get(&**first)?, |value, key| value.as_object()?.get(&**key))
    }
}

/// Which logger wrote a line, as far as it matters for what its absence of fields means.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Logger {
    Akamai,
    Apisix,
    Tomcat,
    Tyk,
    Caddy,
    Traefik,
    Kong,
    Envoy,
    Nginx,
    Gcp,
    Cloudflare,
    ApiGateway,
    Azure,
    CloudTrail,
    KubernetesAudit,
    Zeek,
    Pino,
    Winston,
    Ecs,
    #[default]
    Other,
}

impl Logger {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Akamai => "akamai",
            Self::Apisix => "apisix",
            Self::Tomcat => "tomcat",
            Self::Tyk => "tyk",
            Self::Caddy => "caddy",
            Self::Traefik => "traefik",
            Self::Kong => "kong",
            Self::Envoy => "envoy",
            Self::Nginx => "nginx",
            Self::Gcp => "gcp",
            Self::Cloudflare => "cloudflare",
            Self::ApiGateway => "api gateway",
            Self::Azure => "azure",
            Self::CloudTrail => "cloudtrail",
            Self::KubernetesAudit => "kubernetes audit",
            Self::Zeek => "zeek",
            Self::Pino => "pino",
            Self::Winston => "winston",
            Self::Ecs => "ecs",
            Self::Other => "json",
        }
    }

    pub(super) const fn observer(self) -> Observer {
        match self {
            Self::Pino
            | Self::Winston
            | Self::Ecs
            | Self::CloudTrail
            | Self::KubernetesAudit
            | Self::Tomcat
            | Self::Other => Observer::App,
            // It listens on the wire beside both.
            Self::Zeek => Observer::Proxy,
            _ => Observer::Gateway,
        }
    }

    /// Whether a map of fields is all of the fields; the others may have been told to pick.
    pub(super) const fn logs_all_fields(self) -> bool {
        matches!(self, Self::Caddy | Self::Kong)
    }

    fn of(line: &Map<String, Value>) -> Self {
        let folded: Vec<String> = line.keys().map(|key| fold(key)).collect();
        let has = |name: &str| folded.iter().any(|key| key == name);
        let inside = |outer: &str, inner: &str| {
            line.get(outer).and_then(Value::as_object).is_some_and(|map| map.contains_key(inner))
        };
        // Applications write their messages with a level, servers their requests without.
        let tells_level = has("level") && (has("msg") || has("message"));
        let envoy =
            ["responsecodedetails", "responseflags", "xenvoyoriginpath", "xenvoyoriginalpath"];
        if has("respheaders") && has("request") {
            Self::Caddy
        } else if has("downstreamstatus") || has("routername") {
            Self::Traefik
        } else if inside("latencies", "kong") || (has("startedat") && has("latencies")) {
            Self::Kong
        } else if has("apisixlatency") {
            Self::Apisix
        } else if has("apiid") && line.get("prefix").and_then(Value::as_str) == Some("access-log") {
            Self::Tyk
        } else if has("cliip") && has("reqtimesec") {
            Self::Akamai
        } else if has("logicalusername") {
            Self::Tomcat
        } else if envoy.into_iter().any(has) {
            Self::Envoy
        } else if inside("httpRequest", "status") {
            Self::Gcp
        } else if has("edgeresponsestatus") || has("rayid") {
            Self::Cloudflare
        } else if has("eventversion") && has("eventsource") && has("eventname") {
            Self::CloudTrail
        } else if has("auditid") && has("verb") {
            Self::KubernetesAudit
        } else if has("lasterrorreason")
            || has("lasterrorreasons")
            || inside("properties", "httpStatus")
            || inside("properties", "responseCode") && has("calleripaddress")
            || has("csuristem") && has("scstatus")
        {
            Self::Azure
        } else if (has("routekey") || has("resourcepath")) && has("requestid") {
            Self::ApiGateway
        } else if has("idorigh") {
            Self::Zeek
        } else if inside("meta", "req") || inside("meta", "res") {
            Self::Winston
        } else if inside("res", "statusCode") || (has("req") && has("hostname") && has("pid")) {
            Self::Pino
        } else if has("ecsversion") || has("ecs") {
            Self::Ecs
        } else if (has("remoteaddr") && !tells_level)
            || has("upstreamstatus")
            || line.iter().any(|(key, value)| key.starts_with("http_") && !value.is_object())
        {
            Self::Nginx
        } else {
            Self::Other
        }
    }
}

impl Plan {
    /// Makes the plan of a line; `given` are the paths that the user named, which come first.
    pub(super) fn of(line: &Map<String, Value>, shape: u64, given: &[(Slot, Arc<str>)]) -> Self {
        let logger = Logger::of(line);
        let mut candidates: Vec<Candidate> =
            given.iter().filter_map(|(slot, path)| named(line, *slot, path)).collect();
        let mut queue = VecDeque::from([(Vec::<&str>::new(), line)]);
        let mut seen = 0_usize;
        while let Some((path, map)) = queue.pop_front() {
            for (key, value) in map {
                seen += 1;
                if seen > MAX_MEMBERS {
                    break;
                }
                let mut here = path.clone();
                here.push(key);
                candidates.extend(candidate(&here, value, logger));
                if let Value::Object(inner) = value
                    && here.len() < MAX_DEPTH
                    && !is_opaque(key)
                {
                    queue.push_back((here, inner));
                }
            }
        }
        candidates.sort_by(|a, b| (a.slot, a.cost, &a.path).cmp(&(b.slot, b.cost, &b.path)));
        let mut starts = Starts::default();
        for (slot, start) in starts.iter_mut().enumerate() {
            let before = candidates.partition_point(|candidate| (candidate.slot as usize) < slot);
            *start = u16::try_from(before).unwrap_or(u16::MAX);
        }
        Self { shape: Some(shape), logger, candidates, starts }
    }

    /// Returns the candidates of a slot, and the number of the first.
    pub(super) fn of_slot(&self, slot: Slot) -> (usize, &[Candidate]) {
        let start = |slot: usize| self.starts.get(slot).map_or(0, |start| usize::from(*start));
        let (from, to) = (start(slot as usize), start(slot as usize + 1));
        (from, self.candidates.get(from..to).unwrap_or_default())
    }
}

/// Fingerprint of all names in a line and of what kind of value each has.
pub(super) fn shape(line: &Map<String, Value>, given: &[(Slot, Arc<str>)]) -> u64 {
    let mut hasher = foldhash::fast::FixedState::with_seed(0).build_hasher();
    for (_, path) in given {
        // The path may lead into a member whose inside is not part of the shape.
        for key in find_path(line, path).unwrap_or_default() {
            hasher.write(key.as_bytes());
        }
        hasher.write_u8(0xFF);
    }
    hash_names(line, 1, &mut hasher);
    hasher.finish()
}

fn hash_names(map: &Map<String, Value>, depth: usize, hasher: &mut impl Hasher) {
    for (key, value) in map {
        hasher.write(key.as_bytes());
        hasher.write_u8(kind(value));
        if let Value::Object(inner) = value
            && depth < MAX_DEPTH
            && !is_opaque(key)
        {
            hash_names(inner, depth + 1, hasher);
            hasher.write_u8(0xFE);
        }
    }
}

const fn kind(value: &Value) -> u8 {
    match value {
        Value::Object(_) => 0xFD,
        Value::Array(_) => 0xFC,
        Value::String(_) => 0xFB,
        _ => 0xFA,
    }
}

/// Whether the inside of a member is other people's text: fields, bodies, parameters.
pub(super) fn is_opaque(key: &str) -> bool {
    const ENDS: [&str; 9] =
        ["headers", "header", "body", "query", "params", "cookies", "payload", "stack", "args"];
    // Google's envelope holds the exchange itself.
    key != "jsonPayload"
        && ENDS.iter().any(|end| {
            key.len()
                .checked_sub(end.len())
                .and_then(|at| key.get(at..))
                .is_some_and(|tail| tail.eq_ignore_ascii_case(end))
        })
}

fn named(line: &Map<String, Value>, slot: Slot, path: &str) -> Option<Candidate> {
    let keys = find_path(line, path)?;
    let name = keys.last().cloned().unwrap_or_default();
    Some(Candidate { slot, rank: 0, cost: 0, path: keys.into(), name: field_name(&name) })
}

/// Finds a path written with dots, where a name may hold dots itself.
fn find_path(map: &Map<String, Value>, path: &str) -> Option<Vec<Box<str>>> {
    if map.contains_key(path) {
        return Some(vec![path.into()]);
    }
    path.match_indices('.').take(MAX_DEPTH * 2).find_map(|(dot, _)| {
        let (head, tail) = (path.get(..dot)?, path.get(dot + 1..)?);
        let inner = map.get(head)?.as_object()?;
        let mut keys = vec![Box::from(head)];
        keys.extend(find_path(inner, tail)?);
        Some(keys)
    })
}

fn candidate(path: &[&str], value: &Value, logger: Logger) -> Option<Candidate> {
    // Traefik lists the fields twice: as the origin gave them and as the client got them.
    if logger == Logger::Traefik && path.last()?.starts_with("origin_") {
        return None;
    }
    // The valve of Tomcat calls its client `host`.
    if logger == Logger::Tomcat && path == ["host"] {
        let (path, name) = ([Box::from("host")].into(), Box::from("host"));
        return Some(Candidate { slot: Slot::ClientIp, rank: 1, cost: 1, path, name });
    }
    let raw: Vec<&str> =
        path.iter().flat_map(|key| key.split('.')).filter(|c| !c.is_empty()).collect();
    let folded: Vec<String> = raw.iter().map(|part| fold(part)).collect();
    let key = *path.last()?;
    let found = field(&raw, &folded, key, logger).or_else(|| {
        let span = MAX_SPAN.min(folded.len());
        (1..=span).rev().find_map(|span| {
            let from = folded.len() - span;
            let (slot, rank) = alias(&folded.get(from..)?.concat())?;
            let name = raw.get(from..)?.join(".");
            Some((slot, rank, name))
        })
    });
    let (slot, rank, name) = found?;
    let fits = match slot {
        Slot::RequestHeaders | Slot::ResponseHeaders => {
            value.is_object() || value.is_array() || value.is_string()
        }
        Slot::RequestBody | Slot::ResponseBody => rank < 4 || value.is_string(),
        Slot::ClientIp | Slot::RequestField | Slot::ResponseField => !value.is_object(),
        Slot::Reason => match value {
            // A list of codes; one of objects tells of other things.
            Value::Array(items) => items.first().is_some_and(Value::is_string),
            other => !other.is_object(),
        },
        _ => !value.is_object() && !value.is_array(),
    };
    if !fits {
        return None;
    }
    let aside = !matches!(slot, Slot::Reason | Slot::Message)
        && folded.iter().rev().skip(1).any(|part| {
            ["err", "error", "upstream", "origin", "config", "exception", "options"]
                .contains(&part.as_str())
        });
    let cost = u16::from(rank) * 8 + u16::try_from(path.len()).unwrap_or(u16::MAX).min(7);
    Some(Candidate {
        slot,
        rank,
        cost: 1 + cost + if aside { ASIDE } else { 0 },
        path: path.iter().map(|part| Box::from(*part)).collect(),
        name: match slot {
            Slot::RequestField | Slot::ResponseField => field_name(&name),
            _ => name.into(),
        },
    })
}

/// Recognises a header field that has a column of its own.
fn field(raw: &[&str], folded: &[String], key: &str, logger: Logger) -> Option<(Slot, u8, String)> {
    // Traefik: `request_User-Agent`, `origin_X`, `downstream_X`.
    if logger == Logger::Traefik {
        if let Some(name) = key.strip_prefix("request_") {
            return Some((Slot::RequestField, 0, name.to_owned()));
        }
        if let Some(name) = key.strip_prefix("downstream_") {
            return Some((Slot::ResponseField, 0, name.to_owned()));
        }
    }
    // nginx: `http_x_api_key`, `sent_http_www_authenticate`.
    let lower = key.to_ascii_lowercase();
    if let Some(name) = lower.strip_prefix("sent_http_") {
        return Some((Slot::ResponseField, 0, name.to_owned()));
    }
    if let Some(name) = lower.strip_prefix("http_") {
        let name = field_name(name);
        let elsewhere = ["host", "user-agent", "x-forwarded-for"].contains(&&*name);
        if is_request_field(&name) && !elsewhere {
            return Some((Slot::RequestField, 0, name.into()));
        }
    }
    // `http.request.header.authorization`, `req.headers.x-api-key` as one dotted name.
    let list = folded.get(..folded.len().checked_sub(1)?)?.concat();
    let name = (*raw.last()?).to_owned();
    if list.ends_with("requestheader")
        || list.ends_with("requestheaders")
        || list.ends_with("reqheaders")
    {
        return Some((Slot::RequestField, 0, name));
    }
    if list.ends_with("responseheader")
        || list.ends_with("responseheaders")
        || list.ends_with("resheaders")
    {
        return Some((Slot::ResponseField, 0, name));
    }
    // `req_authorization`, `request_authorization`, `resp_www_authenticate`.
    let own = folded.last()?;
    for start in ["request", "req", "response", "resp", "res"] {
        let Some(rest) = own.strip_prefix(start) else { continue };
        if let Some((slot @ (Slot::RequestField | Slot::ResponseField), rank)) = alias(rest) {
            let at = key.char_indices().filter(|(_, c)| c.is_alphanumeric()).nth(start.len());
            let name = key.get(at?.0..).unwrap_or(key);
            return Some((slot, rank, name.to_owned()));
        }
    }
    None
}

/// Writes a column's name as a field's: `x_api_key` is `x-api-key`, `xApiKey` stays.
fn field_name(column: &str) -> Box<str> {
    match &*fold(column) {
        "authorization" => "authorization".into(),
        "proxyauthorization" => "proxy-authorization".into(),
        "wwwauthenticate" => "www-authenticate".into(),
        "proxyauthenticate" => "proxy-authenticate".into(),
        "setcookie" => "set-cookie".into(),
        "xapikey" => "x-api-key".into(),
        _ => column.replace('_', "-").into(),
    }
}
