//! Reads an exchange out of one JSON value of a log, whatever its logger calls the parts.
//!
//! Five users of one web server write five sets of names, so there is no list of formats here but a
//! table of names with ranks (`alias`), a plan made of the names in a line (`plan`), and this file,
//! which takes from each place the first value that can be what its name says.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::FixedState;
use serde_json::{Map, Value};

use self::alias::Slot;
pub(in crate::input) use self::marks::Look;
use self::node::Node;
use self::plan::{Candidate, Logger, Plan};
use self::quick::{Line, Recipe, Room};
use self::sketch::Desk;
pub(in crate::input) use self::value::host_and_path;
use self::value::{
    KNOWN_METHODS, VERBS, address, body_text, grpc_status, guessed_mime, is_blank, is_routine,
    is_secret_field, is_unique, request_line, trace_id,
};
use super::calendar::Calendar;
use super::clock::parse_time;
use super::field_list;
use super::har_entry::{entry_from_value, status_of, time_of_number, without_port};
use super::log::percent;
use super::skip::SkipReason;
use super::wrapper::is_yearless;
use crate::model::{Body, Exchange, Header, Position, Sketch, Text, Visibility};

mod alias;
mod cloudtrail;
mod event;
mod marks;
mod node;
mod plan;
mod quick;
mod sketch;
mod value;

/// The text that stands for a value which the logger took out.
pub const REDACTED: &str = "REDACTED";

/// Reasons of one line that are kept.
const MAX_REASONS: usize = 16;
/// Ranks from here on are names that mean something else as often.
const WEAK_RANK: u8 = 4;

/// Where the parts of an exchange stand in lines of one shape, and which paths the user gave.
///
/// Two are equal when the user gave the same paths: the rest is a memory of shapes. Cheap to clone. Handing it to [`from_value`] for the next line saves making it anew where that
/// line has a shape that was met before, and changes nothing else.
#[derive(Clone, Debug, Default)]
pub struct Mapping {
    given: Arc<[(Slot, Arc<str>)]>,
    plan: Arc<Plan>,
    /// Plans of the shapes met last, this one among them.
    met: Arc<[Arc<Plan>]>,
    /// How lines are read whose names stand in an order that was met before; `None` where patiently.
    recipes: Arc<HashMap<u64, Option<Arc<Recipe>>, FixedState>>,
}

/// What a reader of lines keeps from one line to the next; it changes the speed of reading, never its result.
#[derive(Clone, Debug, Default)]
pub(super) struct Recent {
    /// How the lines before were read, which is tried first.
    last: [Option<Arc<Recipe>>; 2],
    /// Whether the line before was read as the second of them says.
    strayed: bool,
    desk: Desk,
    room: Room,
}

impl Recent {
    /// Looks at the line that `bytes` begin with, which may be read next by [`read_quickly`].
    pub(super) fn look<'v>(&mut self, bytes: &'v [u8]) -> Look<'v> {
        self.room.look(bytes)
    }
}

impl PartialEq for Mapping {
    fn eq(&self, other: &Self) -> bool {
        self.given == other.given
    }
}

impl Eq for Mapping {}

/// Shapes that are remembered: a logger has a handful, most by fields that come and go.
const MAX_SHAPES: usize = 32;
/// Recipes that are remembered; then all are forgotten.
const MAX_RECIPES: usize = 256;

impl Mapping {
    /// Makes a mapping in which the user's paths come first: pairs of part and path, such as
    /// `("status", "http_status")` or `("path", "request.uri")`.
    ///
    /// # Errors
    /// The name of the first part that is not known.
    pub fn given<'s>(pairs: &[(&'s str, &str)]) -> Result<Self, &'s str> {
        let given: Result<Vec<_>, _> = pairs
            .iter()
            .map(|(part, path)| Slot::named(part).map(|slot| (slot, Arc::from(*path))).ok_or(*part))
            .collect();
        Ok(Self { given: given?.into(), ..Self::default() })
    }

    /// Returns the mapping of a line.
    fn of(line: &Map<String, Value>, hint: Option<&Self>) -> Self {
        let hint = hint.cloned().unwrap_or_default();
        let shape = plan::shape(line, &hint.given);
        if hint.plan.shape == Some(shape) {
            return hint;
        }
        if let Some(plan) = hint.met.iter().find(|plan| plan.shape == Some(shape)).cloned() {
            return Self { plan, ..hint };
        }
        let plan = Arc::new(Plan::of(line, shape, &hint.given));
        let kept = hint.met.len().min(MAX_SHAPES - 1);
        let met = std::iter::once(&plan).chain(hint.met.iter().take(kept)).cloned().collect();
        Self { plan, met, ..hint }
    }

    /// Returns the logger by which the shape is known: `caddy`, `pino`; `json` when it is not.
    pub fn logger(&self) -> &'static str {
        self.plan.logger.name()
    }

    /// Returns each part with the path of its best place, sorted by part, for the report.
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        let mut all: Vec<(&'static str, String)> = Vec::new();
        for candidate in &self.plan.candidates {
            let part = candidate.slot.name();
            if all.last().is_none_or(|(last, _)| *last != part) {
                all.push((part, candidate.path.join(".")));
            }
        }
        all
    }
}

/// Reads one JSON value of a log.
///
/// It is an exchange when it holds a status, a gRPC status or a code that only refusals have, and
/// beside it a method or a path; or when it is a HAR entry, or a refusal that a known program tells
/// without a status. Members are found by name at any depth,
/// dotted or nested, without regard to case, `_` and `-`; the shallower one wins. An empty text or
/// `-` as a field means that the field was missing, as web servers log it; a value that was taken
/// out reads [`REDACTED`]. The position is left for the caller to set.
///
/// The result does not depend on `hint` but for the paths that the user gave.
///
/// # Errors
/// [`SkipReason::NoExchange`] for an application's message, [`SkipReason::Null`] and
/// [`SkipReason::NotAnObject`] for what is no object.
///
/// # Example
/// ```
/// # use authopsy::input::jsonl::from_value;
/// let line = serde_json::json!({"req": {"method": "GET", "url": "/me"}, "res": {"statusCode": 401}});
/// let (exchange, mapping) = from_value(&line, None).expect("status, method and path are there");
/// assert_eq!((exchange.status, &*exchange.url), (Some(401), "/me"));
/// assert_eq!(mapping.logger(), "pino");
/// ```
pub fn from_value<'v>(
    value: &'v Value,
    hint: Option<&Mapping>,
) -> Result<(Exchange<'v>, Mapping), SkipReason> {
    let line = match value {
        Value::Object(line) => line,
        Value::Null => return Err(SkipReason::Null),
        _ => return Err(SkipReason::NotAnObject),
    };
    if let Some(entry) = har_entry(value, line) {
        let (exchange, _) = entry_from_value(entry)?;
        return Ok((exchange, hint.cloned().unwrap_or_default()));
    }
    let mapping = Mapping::of(line, hint);
    let exchange = Reader { source: Source::Tree(line), plan: &mapping.plan }.read();
    let exchange = exchange.or_else(|| event::read(line));
    let exchange = exchange.ok_or(SkipReason::NoExchange)?;
    Ok((exchange, mapping))
}

/// What came of a line of a shape that was met before.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "it is taken apart where it is made")]
pub(super) enum Quick<'v> {
    /// It was taken by its sketch.
    Taken,
    /// It was read.
    Exchange(Exchange<'v>),
}

/// Reads a line of a shape that [`learn`] met before, at which [`Recent::look`] looked last; `None` for all
/// others, and where the patient reading may say something else.
///
/// The mapping becomes that of the line, as [`from_value`] would return it. A line that `take` takes by
/// its sketch is not read: [`Quick::Taken`].
pub(super) fn read_quickly<'v>(
    look: Look<'v>,
    position: Position,
    mapping: &mut Mapping,
    recent: &mut Recent,
    take: &mut dyn FnMut(&Sketch<'_>) -> bool,
) -> Option<Quick<'v>> {
    let text = look.text.filter(|_| !mapping.recipes.is_empty())?;
    // The frames that were met last, the last one first; they are moved, not cloned, as all workers
    // would count on the same cell.
    let Recent { last: [last, before], strayed, desk, room } = recent;
    let mut framed = last.as_deref().and_then(|last| Line::framed(text, last, room));
    let has_strayed = std::mem::replace(strayed, false);
    if framed.is_none() {
        framed = before.as_deref().and_then(|before| Line::framed(text, before, room));
        // One line of another shape among many is no reason to try its frame first.
        *strayed = framed.is_some() && !has_strayed;
        if !*strayed {
            std::mem::swap(last, before);
        }
    }
    let is_framed = framed.is_some();
    let line = if let Some(framed) = framed {
        framed
    } else {
        let line = Line::of(text, room).ok()?;
        *last = Some(Arc::clone(mapping.recipes.get(&line.shape)?.as_ref()?));
        line
    };
    let recipe = if *strayed { &*before } else { &*last }.as_deref()?;
    if is_framed && desk.show(&line, recipe, position, take) {
        if !Arc::ptr_eq(&mapping.plan, &recipe.plan) {
            mapping.plan = Arc::clone(&recipe.plan);
        }
        room.keep(line);
        return Some(Quick::Taken);
    }
    let mut exchange = Reader { source: Source::Text(&line, recipe), plan: &recipe.plan }.read()?;
    // A time that is not read may be one without a year.
    if line.was_odd() || exchange.time_unreadable {
        return None;
    }
    room.keep(line);
    if !Arc::ptr_eq(&mapping.plan, &recipe.plan) {
        mapping.plan = Arc::clone(&recipe.plan);
    }
    exchange.format = recipe.plan.logger.name();
    exchange.position = position;
    Some(Quick::Exchange(exchange))
}

/// Learns the shape of a line that was just read to an exchange without any repair.
pub(super) fn learn(line: &[u8], mapping: &mut Mapping) {
    let mut room = Room::default();
    let look = room.look(line);
    let Some(text) = look.text.filter(|_| !look.ended) else { return };
    let Ok(Line { shape, .. }) = Line::of(text, &room) else { return };
    if mapping.recipes.contains_key(&shape) {
        return;
    }
    let recipe = recipe(text, &room, mapping);
    let recipes = Arc::make_mut(&mut mapping.recipes);
    if recipes.len() >= MAX_RECIPES {
        recipes.clear();
    }
    recipes.insert(shape, recipe.map(Arc::new));
}

/// Returns how lines like this one are read; `None` when they need the patient reading.
fn recipe(line: &str, room: &Room, mapping: &Mapping) -> Option<Recipe> {
    let tree: Value = serde_json::from_str(line).ok()?;
    // What was read may have stood inside a wrapping.
    let shape = plan::shape(tree.as_object()?, &mapping.given);
    if mapping.plan.shape != Some(shape) || super::record::is_entry(&tree) {
        return None;
    }
    Recipe::of(line, room, &tree, &mapping.plan)
}

/// Gives an exchange the time of its line where that names no year, `Nov 23 02:29:33`, by a calendar.
pub(super) fn date(
    exchange: &mut Exchange<'_>,
    value: &Value,
    mapping: &Mapping,
    calendar: Calendar,
) {
    let Some(line) = value.as_object().filter(|_| exchange.time.is_none()) else { return };
    let places = mapping.plan.candidates.iter().filter(|place| place.slot == Slot::Time);
    let mut yearless =
        places.filter_map(|place| place.get(line)?.as_str()).filter(|text| is_yearless(text));
    if let Some((time, assumed)) = yearless.next().and_then(|text| calendar.date(text)) {
        exchange.time = Some(time);
        exchange.year_assumed = assumed;
        exchange.time_unreadable = false;
    }
}

/// Returns the HAR entry that a line is, or that a Playwright trace wraps.
fn har_entry<'v>(value: &'v Value, line: &'v Map<String, Value>) -> Option<&'v Value> {
    let is_entry = |map: &Map<String, Value>| {
        let request = map.get("request").and_then(Value::as_object);
        map.contains_key("startedDateTime")
            && request.is_some_and(|r| r.contains_key("url") || r.contains_key("method"))
    };
    if is_entry(line) {
        return Some(value);
    }
    let snapshot = line.get("snapshot")?;
    snapshot.as_object().is_some_and(is_entry).then_some(snapshot)
}

struct Reader<'v, 'p> {
    source: Source<'v, 'p>,
    plan: &'p Plan,
}

/// Where the values of a line are.
#[derive(Clone, Copy)]
enum Source<'v, 'p> {
    /// In a tree.
    Tree(&'v Map<String, Value>),
    /// In its text.
    Text(&'p Line<'v>, &'p Recipe),
}

impl<'v> Source<'v, '_> {
    /// Returns the value of the candidate with a number.
    fn get(self, number: usize, candidate: &Candidate) -> Option<Node<'v>> {
        match self {
            Self::Tree(line) => candidate.get(line).map(Node::of),
            Self::Text(line, recipe) => line.get(recipe.place(number)?, candidate),
        }
    }
}

impl<'v, 'p> Reader<'v, 'p> {
    /// Places and values of a part, best first.
    fn all(&self, slot: Slot) -> impl Iterator<Item = (&'p Candidate, Node<'v>)> + use<'v, 'p> {
        let (from, candidates) = self.plan.of_slot(slot);
        let source = self.source;
        candidates
            .iter()
            .zip(from..)
            .filter_map(move |(candidate, at)| Some((candidate, source.get(at, candidate)?)))
    }

    /// The first text of a part that says something.
    fn text(&self, slot: Slot) -> Option<Cow<'v, str>> {
        self.all(slot).find_map(|(_, value)| value.said())
    }

    fn read(&self) -> Option<Exchange<'v>> {
        // An audit log has a line for each stage of a request; one has the answer.
        if self
            .text(Slot::Stage)
            .is_some_and(|stage| ["RequestReceived", "ResponseStarted"].contains(&&*stage))
        {
            return None;
        }
        let status = self.status();
        let grpc = self.all(Slot::GrpcStatus).find_map(|(_, value)| grpc_status(&value));
        let near: &[Box<str>] = status.map_or(&[], |(place, _)| &place.path);
        let line = self.all(Slot::RequestLine).find_map(|(_, v)| request_line(v.borrowed()?));
        let method = self.method(near).or(line.and_then(|(method, _)| method).map(Cow::Borrowed));
        let url = self.url(near);
        let weak = status.is_some_and(|(place, _)| place.rank >= WEAK_RANK)
            || url.as_ref().is_some_and(|(place, _)| place.rank >= WEAK_RANK);
        let target = line.map(|(_, target)| target);
        let url = url.map(|(_, url)| url).or(target.map(Cow::Borrowed)).or_else(|| self.rpc());
        let asked = method.is_some() || (url.is_some() && !weak) || self.is_garbled();
        let answered = status.is_some()
            || grpc.is_some()
            || (url.is_some() && self.is_reason_coded())
            || (url.is_some() && method.is_some() && self.is_unanswered());
        if !asked || !answered {
            return None;
        }
        let mut exchange = Exchange {
            observer: self.plan.logger.observer(),
            method,
            url: self.with_query(url.unwrap_or_default()),
            status: status.map(|(_, status)| status),
            status_text: self.text(Slot::StatusText),
            client_ip: self.all(Slot::ClientIp).find_map(|(_, value)| address(value)),
            user_agent: self.text(Slot::UserAgent),
            user: self.text(Slot::User).filter(|user| user != "--"),
            server: self.text(Slot::Server).map(without_port),
            request_id: self.text(Slot::RequestId).filter(|id| is_unique(id)),
            trace_id: self.text(Slot::TraceId).and_then(trace_id),
            ..Exchange::default()
        };
        if self.plan.logger == Logger::Akamai {
            let agent = exchange.user_agent.as_deref().map(percent);
            exchange.user_agent = agent.map(|agent| Cow::Owned(agent.into_owned()));
        }
        split_host(&mut exchange);
        self.time(&mut exchange);
        self.fields(&mut exchange, grpc);
        self.host(&mut exchange);
        self.bodies(&mut exchange);
        self.reasons(&mut exchange);
        Some(exchange)
    }

    fn status(&self) -> Option<(&'p Candidate, u16)> {
        self.all(Slot::Status).find_map(|(place, value)| {
            let number = match value {
                Node::Number(number) => number.as_f64(),
                Node::Text(text) => text.trim().parse().ok(),
                _ => None,
            };
            Some((place, status_of(number).filter(|status| *status < 600)?))
        })
    }

    /// Whether a code says that the request was refused, status or not.
    fn is_reason_coded(&self) -> bool {
        self.all(Slot::Reason).any(|(place, value)| place.rank == 0 && value.said().is_some())
    }

    /// Whether the line has a status that says that there was none: 0, -1 or nothing.
    fn is_unanswered(&self) -> bool {
        self.all(Slot::Status).any(|(place, value)| {
            let none = match value {
                Node::Null => true,
                Node::Number(number) => number.as_f64().is_some_and(|n| n <= 0.0),
                Node::Text(text) => is_blank(&text) || text.parse().is_ok_and(|n: i32| n <= 0),
                _ => false,
            };
            none && place.rank < WEAK_RANK
        })
    }

    /// Whether a web server logged bytes that are no request line.
    fn is_garbled(&self) -> bool {
        self.plan.logger == Logger::Nginx
            && self.all(Slot::RequestLine).any(|(_, value)| value.is_text())
    }

    fn method(&self, near: &[Box<str>]) -> Option<Cow<'v, str>> {
        self.nearest(Slot::Method, near, |_, value| {
            let word = value.said()?;
            let known = KNOWN_METHODS.iter().any(|known| word.eq_ignore_ascii_case(known));
            if known {
                return Some(word);
            }
            let verb = VERBS.iter().find(|(verb, _)| word == *verb)?;
            (self.plan.logger == Logger::KubernetesAudit).then_some(Cow::Borrowed(verb.1))
        })
        .map(|(_, method)| method)
    }

    fn url(&self, near: &[Box<str>]) -> Option<(&'p Candidate, Cow<'v, str>)> {
        self.nearest(Slot::Url, near, |place, value| {
            let text = value.said()?;
            if self.plan.logger == Logger::Akamai {
                return Some(Cow::Owned(format!("/{}", percent(&text).trim_start_matches('/'))));
            }
            let shaped = text.starts_with('/') || is_whole(&text) || &*text == "*";
            let unbroken = !text.contains(char::is_whitespace);
            let named = unbroken && (place.rank < 2 || host_and_path(&text).is_some());
            (shaped || named).then_some(text)
        })
    }

    /// The first value that fits, of those with the least cost beyond what they share with `near`.
    fn nearest<T>(
        &self,
        slot: Slot,
        near: &[Box<str>],
        read: impl Fn(&Candidate, Node<'v>) -> Option<T>,
    ) -> Option<(&'p Candidate, T)> {
        self.all(slot).filter_map(|(place, value)| Some((place, read(place, value)?))).min_by_key(
            |(place, _)| {
                let shared = place.path.iter().zip(near).take_while(|(a, b)| a == b).count().min(7);
                place.cost.saturating_sub(u16::try_from(shared).unwrap_or(0) * 2)
            },
        )
    }

    /// `/package.Service/Method` of a gRPC log.
    fn rpc(&self) -> Option<Cow<'v, str>> {
        let service = self.text(Slot::GrpcService)?;
        let method = self.text(Slot::GrpcMethod).unwrap_or_default();
        Some(Cow::Owned(format!("/{service}/{method}")))
    }

    fn with_query(&self, url: Cow<'v, str>) -> Cow<'v, str> {
        if url.contains('?') || url.is_empty() {
            return url;
        }
        let query = self
            .all(Slot::Query)
            .find_map(|(_, value)| value.is_text().then(|| value.said()).flatten());
        match query {
            Some(query) if self.plan.logger == Logger::Akamai => {
                Cow::Owned(format!("{url}?{}", percent(&query)))
            }
            // What the gateway of Azure adds for itself.
            Some(query) if query.starts_with("X-AzureApplicationGateway-") => url,
            Some(query) => Cow::Owned(format!("{url}?{}", query.trim_start_matches('?'))),
            None => url,
        }
    }

    fn time(&self, exchange: &mut Exchange<'v>) {
        for (place, value) in self.all(Slot::Time) {
            let (time, unread) = match value {
                Node::Text(text) => (parse_time(&text), !is_blank(&text)),
                Node::Number(number) => (time_of_number(&number), false),
                _ => (None, false),
            };
            if time.is_some() {
                (exchange.time, exchange.time_unreadable) = (time, false);
                return;
            }
            exchange.time_unreadable |= place.rank < 2 && unread;
        }
    }

    fn host(&self, exchange: &mut Exchange<'v>) {
        if is_whole(&exchange.url) {
            return;
        }
        let column = |telling: bool| {
            self.all(Slot::Host).filter(move |(place, _)| (place.rank < 2) == telling).find_map(
                |(_, value)| {
                    let host = value.is_text().then(|| value.said()).flatten()?;
                    // `host` alone is as often the machine that wrote the line.
                    let plausible = telling || host.contains(['.', ':']) || host == "localhost";
                    (plausible && !host.contains(['/', ' '])).then_some(host)
                },
            )
        };
        exchange.host = exchange
            .host
            .take()
            .or_else(|| column(true))
            .or_else(|| field_list::owned(&exchange.request_headers, ":authority"))
            .or_else(|| field_list::owned(&exchange.request_headers, "host"))
            .or_else(|| column(false));
        let scheme = self.text(Slot::Scheme).unwrap_or_default().to_ascii_lowercase();
        if matches!(&*scheme, "http" | "https")
            && exchange.url.starts_with('/')
            && let Some(host) = exchange.host.take()
        {
            exchange.url = Cow::Owned(format!("{scheme}://{host}{}", exchange.url));
        }
    }

    fn fields(&self, exchange: &mut Exchange<'v>, grpc: Option<u8>) {
        let map = |slot| {
            self.all(slot).find_map(|(_, value)| {
                let is_object = value.is_object();
                let list = value.fields();
                (!list.is_empty() || is_object).then_some(list)
            })
        };
        let request = map(Slot::RequestHeaders);
        exchange.request_visibility = match &request {
            Some(_) if self.plan.logger.logs_all_fields() => Visibility::Full,
            Some(list) => field_list::visibility(list),
            None => Visibility::None,
        };
        exchange.request_headers = request.unwrap_or_default();
        for (place, value) in self.all(Slot::RequestField) {
            exchange.request_visibility = exchange.request_visibility.min(Visibility::Partial);
            let all = &mut exchange.request_headers;
            let given = push_column(place, value, all);
            // A column of its own that is empty shows that the field was not sent.
            if !given && place.name.eq_ignore_ascii_case("authorization") {
                exchange.request_visibility = exchange.request_visibility.min(Visibility::Column);
            }
        }
        let response = map(Slot::ResponseHeaders);
        exchange.response_visibility = match &response {
            Some(list) if !list.is_empty() => Visibility::Full,
            _ => Visibility::None,
        };
        exchange.response_headers = response.unwrap_or_default();
        for (place, value) in self.all(Slot::ResponseField) {
            push_column(place, value, &mut exchange.response_headers);
            exchange.response_visibility = exchange.response_visibility.min(Visibility::Partial);
        }
        if let Some(code) = grpc
            && field_list::find(&exchange.response_headers, "grpc-status").is_none()
        {
            exchange.response_headers.push(Header {
                name: Cow::Borrowed("grpc-status"),
                value: Cow::Owned(code.to_string()),
            });
        }
    }

    fn bodies(&self, exchange: &mut Exchange<'v>) {
        let body = |slot, headers: &[Header<'v>]| {
            let (_, text) = self.all(slot).find_map(|(p, value)| Some((p, body_text(value)?)))?;
            let mime = field_list::owned(headers, "content-type")
                .or_else(|| guessed_mime(&text).map(Cow::Borrowed));
            Some(Body { mime, text: Text::Plain(text), ..Body::default() })
        };
        exchange.request_body =
            body(Slot::RequestBody, &exchange.request_headers).unwrap_or_default();
        exchange.response_body =
            body(Slot::ResponseBody, &exchange.response_headers).unwrap_or_default();
    }

    fn reasons(&self, exchange: &mut Exchange<'v>) {
        for (place, value) in self.all(Slot::Reason).take(MAX_REASONS) {
            if let Some(text) = value.said() {
                exchange.reasons.push((Cow::Owned(place.name.to_string()), text));
            }
        }
        for (place, value) in self.all(Slot::Message) {
            let Node::Text(text) = value else { continue };
            let text = match text {
                Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
                Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
            };
            if !is_blank(&text) && !is_routine(&text, exchange) {
                exchange.reasons.push((Cow::Owned(place.name.to_string()), text));
            }
        }
    }
}

/// Whether a URL stands in a text, or is it.
fn is_whole(url: &str) -> bool {
    let url = url.as_bytes();
    memchr::memchr_iter(b':', url).any(|at| url.get(at..).is_some_and(|u| u.starts_with(b"://")))
}

/// Adds a field that has a column of its own; `false` when the column says that there was none.
fn push_column<'v>(place: &Candidate, value: Node<'v>, headers: &mut Vec<Header<'v>>) -> bool {
    let emptied = value.is_empty_list() && is_secret_field(&place.name);
    let text = if emptied { Some(Cow::Borrowed(REDACTED)) } else { value.said() };
    let Some(text) = text else { return false };
    if field_list::find(headers, &place.name).is_none() {
        headers.push(Header { name: Cow::Owned(place.name.to_string()), value: text });
    }
    true
}

fn split_host(exchange: &mut Exchange<'_>) {
    if let Cow::Borrowed(url) = exchange.url
        && let Some((host, path)) = host_and_path(url)
    {
        (exchange.host, exchange.url) = (Some(Cow::Borrowed(host)), Cow::Borrowed(path));
    }
}

#[cfg(test)]
mod tests;
