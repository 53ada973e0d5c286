//! The finished report, ready to render: every list bounded, ordered and free of secrets.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

use super::by_cause::ByCause;
use super::cause::{CauseId, Class, Confidence};
use super::exchange::Position;
use super::finding::Evidence;
use counts::Count;

/// The report of one run; what `-f json` prints, field by field and in this order.
///
/// A field without a value is `null`. The one exception are the `*_raw` fields of time claims: they
/// exist only where the value is no number of seconds. Counted lists (`endpoints` and so on) print as
/// `[{"name": ..., "count": ...}]`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// `authopsy.report/1`.
    #[schemars(extend("const" = "authopsy.report/1"))]
    pub schema: String,
    /// Title given by the user.
    pub title: Option<String>,
    /// One sentence that says what happened.
    pub summary: String,
    /// What was read, sorted by source.
    pub inputs: Vec<InputRow>,
    /// First and last instant.
    pub period: Period,
    /// Counts.
    pub totals: Totals,
    /// The failures as a whole: since when, where, for whom.
    #[serde(default)]
    pub affected: Affected,
    /// Causes, failures first, then by count.
    pub causes: Vec<CauseRow>,
    /// Counts over time.
    pub timeline: Timeline,
    /// Bursts of failures.
    pub incidents: Vec<Incident>,
    /// One lifeline a token that was refused, or all that fit in the bound.
    pub tokens: Vec<Lifeline>,
    /// Clock skew by host.
    pub clocks: Vec<ClockRow>,
    /// The post-mortem in order.
    pub story: Vec<StoryItem>,
    /// Counts under `--group-by`.
    pub groups: Vec<GroupRow>,
    /// Who the clients are that `causes` and `groups` name, sorted by id.
    #[serde(default)]
    pub clients: Vec<ClientLine>,
    /// What hosts accept, learned or given.
    pub expectations: Vec<Expectation>,
    /// Keys that were given.
    pub keys: Vec<KeyRow>,
    /// What the user should know beside the causes (a log that leaks tokens).
    pub warnings: Vec<Evidence>,
    /// Options that shaped the report, by name.
    pub options: BTreeMap<String, String>,
    /// Program version.
    pub version: String,
    /// What was assumed, with the option that changes it.
    pub assumptions: Vec<Assumption>,
    /// For each list that was cut: its name and how many were left out.
    pub left_out: BTreeMap<String, u64>,
}

/// One input.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct InputRow {
    /// Source name.
    pub source: String,
    /// Whether it was named, not met in a directory: only then is it a fault that it holds no exchange.
    #[serde(default)]
    pub named: bool,
    /// Format, wrappers first (`gzip+har`); `None` when nothing was recognised.
    pub format: Option<String>,
    /// Exchanges by the format of their record, where an input may hold several (`combined`, `pino`).
    #[serde(default)]
    pub formats: BTreeMap<String, u64>,
    /// Program that wrote it, as the file says (`WebInspector 537.36`).
    pub creator: Option<String>,
    /// Exchanges read.
    pub exchanges: u64,
    /// Bytes read, before decompression.
    pub bytes: u64,
    /// Whether the input ends in the middle of a record or stream.
    pub truncated: bool,
    /// Records that could not be read, by reason.
    pub skipped: Vec<SkipRow>,
    /// Records that were read after a repair, by kind of repair.
    pub repaired: Vec<SkipRow>,
    /// What could not be seen: `request fields sanitized by Chrome's export`, `3 bodies missing`.
    pub unseen: Vec<String>,
    /// Why nothing could be read.
    pub error: Option<String>,
}

impl InputRow {
    /// Returns why nothing could be read, where that is a fault.
    pub fn fault(&self) -> Option<&str> {
        let empty = (self.exchanges == 0).then_some("no exchange in it");
        self.error.as_deref().or(empty).filter(|_| self.named)
    }
}

/// Records skipped or repaired for one reason.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SkipRow {
    /// The reason, without any text of the record.
    pub reason: String,
    /// How many.
    pub count: u64,
    /// The first places, at most three.
    pub first: Vec<Position>,
}

/// A span of time.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Period {
    /// RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    pub first: Option<String>,
    /// RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    pub last: Option<String>,
}

/// Counts over everything reported.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Totals {
    /// All exchanges.
    pub exchanges: u64,
    /// Class `ok`.
    pub ok: u64,
    /// Class `failure`.
    pub failure: u64,
    /// Class `expected`.
    pub expected: u64,
    /// Class `lookalike`.
    pub lookalike: u64,
    /// Exchanges by status; `none` for those without.
    pub by_status: BTreeMap<String, u64>,
}

/// What all failures together have hit. Rows of a report may be cut by `--top`; the counts here are whole.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Affected {
    /// First failure, RFC 3339; `None` where no failure has a time.
    #[schemars(extend("format" = "date-time"))]
    pub first: Option<String>,
    /// Last failure, RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    pub last: Option<String>,
    /// Hosts with failures, most first.
    #[serde(with = "counts")]
    #[schemars(with = "Vec<Count<String>>")]
    pub hosts: Vec<(String, u64)>,
    /// Endpoints with failures, most first.
    #[serde(with = "counts")]
    #[schemars(with = "Vec<Count<String>>")]
    pub endpoints: Vec<(String, u64)>,
    /// How many distinct `causes`, `hosts`, `endpoints`, `clients`, `addresses`, `users` and `tokens`
    /// there are; clients of which nothing is known are not counted.
    pub distinct: BTreeMap<String, u64>,
    /// Which of these numbers are bounds; all others are exact.
    #[serde(default)]
    pub bounds: BTreeMap<String, Bound>,
}

/// What a number is where not all is known that it counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// There may be more.
    AtLeast,
    /// There may be fewer.
    AtMost,
    /// There may be more or fewer.
    About,
}

impl Affected {
    /// Returns how many distinct ones there are.
    pub fn distinct(&self, name: &str) -> u64 {
        self.distinct.get(name).copied().unwrap_or_default()
    }
}

/// One cause in a report.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CauseRow {
    /// Cause id.
    pub id: CauseId,
    /// Class of the exchanges counted here (a cause can stand in two classes, in two rows).
    pub class: Class,
    /// The card's title.
    pub title: String,
    /// The card's one-sentence summary.
    pub summary: String,
    /// Exchanges.
    pub count: u64,
    /// Share of its class, 0 to 1, four decimals.
    #[serde(serialize_with = "rounded")]
    #[schemars(with = "f64")]
    pub share: f64,
    /// Exchanges by confidence.
    pub confidence: BTreeMap<String, u64>,
    /// First instant, RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    pub first: Option<String>,
    /// Last instant, RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    pub last: Option<String>,
    /// Endpoints with counts, most first.
    #[serde(with = "counts")]
    #[schemars(with = "Vec<Count<String>>")]
    pub endpoints: Vec<(String, u64)>,
    /// Hosts with counts, most first.
    #[serde(with = "counts")]
    #[schemars(with = "Vec<Count<String>>")]
    pub hosts: Vec<(String, u64)>,
    /// Tokens (marks) with counts, most first.
    #[serde(with = "counts")]
    #[schemars(with = "Vec<Count<String>>")]
    pub tokens: Vec<(String, u64)>,
    /// Users (pseudonyms) with counts, most first.
    #[serde(with = "counts")]
    #[schemars(with = "Vec<Count<String>>")]
    pub users: Vec<(String, u64)>,
    /// Clients (ids) with counts, most first.
    #[serde(with = "counts")]
    #[schemars(with = "Vec<Count<String>>")]
    pub clients: Vec<(String, u64)>,
    /// How many distinct endpoints, hosts, tokens, users, clients, messages there are in all.
    pub distinct: BTreeMap<String, u64>,
    /// What the servers said, most frequent first; an answer that says several things is counted in each.
    #[serde(default)]
    pub messages: Vec<MessageRow>,
    /// How often something was said that `messages` does not count: rows beyond `--top`, and wordings beyond
    /// those that are kept of equal refusals.
    #[serde(default)]
    pub messages_left_out: u64,
    /// A few exchanges with their evidence.
    pub examples: Vec<ExampleRow>,
    /// Other defects seen in these exchanges, with counts.
    #[serde(with = "counts")]
    #[schemars(with = "Vec<Count<String>>")]
    pub also: Vec<(CauseId, u64)>,
    /// What to do, one sentence.
    pub advice: String,
    /// What is wrong in this very case; `None` when its values are not known.
    #[serde(default)]
    pub advice_case: Option<CaseAdvice>,
    /// What to do at the client, one paragraph.
    #[serde(default)]
    pub advice_client: String,
    /// What to do at the server, one paragraph.
    #[serde(default)]
    pub advice_server: String,
}

/// Advice that names the values of the exchanges under a cause.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CaseAdvice {
    /// One sentence without full stop; values that stand in code are in backticks.
    pub text: String,
    /// Exchanges that it holds for: those with the most frequent values.
    pub count: u64,
    /// The values by name (`host`, `sent`, `accepted`, `late`), each with its names; a span is one text,
    /// or the shortest and the longest.
    pub values: BTreeMap<String, Vec<String>>,
}

/// What servers said, without what varies in it.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MessageRow {
    /// The words, masked, with `<n>`, `<id>`, `<time>`, `<address>`, `<url>`, `<path>`, `<value>` or
    /// `<user>` in place of values: `token expired <n> seconds ago`.
    pub template: String,
    /// The words themselves, masked, where all that are counted say the same and name nobody.
    pub text: Option<String>,
    /// Exchanges.
    pub count: u64,
    /// Where the words stand, as in `server.where`.
    #[serde(rename = "where")]
    pub place: String,
    /// First instant, RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    pub first: Option<String>,
    /// The first exchange that is known to say so.
    pub example: Option<PlaceRow>,
}

impl MessageRow {
    /// Returns the words as people read them: themselves where all say the same.
    pub fn shown(&self) -> &str {
        self.text.as_deref().unwrap_or(&self.template)
    }
}

/// Where an exchange stands.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PlaceRow {
    /// Source name.
    pub source: String,
    /// Member of an archive.
    pub member: Option<String>,
    /// Place in it.
    #[serde(flatten)]
    pub position: Position,
}

/// One exchange shown as an example.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ExampleRow {
    /// Source name.
    pub source: String,
    /// Member of an archive.
    pub member: Option<String>,
    /// Place in the source.
    #[serde(flatten)]
    pub position: Position,
    /// RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    pub time: Option<String>,
    /// Endpoint.
    pub endpoint: String,
    /// Status.
    pub status: Option<u16>,
    /// How sure.
    pub confidence: Confidence,
    /// What the server said.
    pub server: ServerLine,
    /// Evidence of the root.
    pub evidence: Vec<Evidence>,
}

/// Counts over time, sparse: empty buckets are left out.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Timeline {
    /// Bucket width in seconds; 0 when there is no time at all.
    #[serde(serialize_with = "rounded")]
    #[schemars(with = "f64")]
    pub width_s: f64,
    /// Buckets by start.
    pub buckets: Vec<TimelineBucket>,
    /// Exchanges without a time.
    pub untimed: u64,
}

/// One bucket.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct TimelineBucket {
    /// Start, RFC 3339, aligned to UTC midnight.
    #[schemars(extend("format" = "date-time"))]
    pub start: String,
    /// Exchanges let in.
    pub ok: u64,
    /// Failures by cause.
    pub failures: ByCause,
    /// Expected refusals by cause.
    pub expected: ByCause,
    /// Lookalikes by cause.
    pub lookalikes: ByCause,
}

/// A burst of failures.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Incident {
    /// First failure, RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    pub start: String,
    /// Last failure, RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    pub end: String,
    /// Failures in it.
    pub count: u64,
    /// Causes with counts, most first.
    #[serde(with = "counts")]
    #[schemars(with = "Vec<Count<String>>")]
    pub causes: Vec<(CauseId, u64)>,
    /// Endpoints with counts, most first.
    #[serde(with = "counts")]
    #[schemars(with = "Vec<Count<String>>")]
    pub endpoints: Vec<(String, u64)>,
    /// Clients hit, as in `distinct`.
    pub clients: u64,
    /// How many distinct `causes`, `hosts`, `endpoints`, `clients`, `addresses`, `users` and `tokens` the
    /// failures in it have.
    #[serde(default)]
    pub distinct: BTreeMap<String, u64>,
    /// Which of these numbers are bounds; all others are exact.
    #[serde(default)]
    pub bounds: BTreeMap<String, Bound>,
    /// First success of a hit endpoint after the end, RFC 3339; `None` when none follows.
    #[schemars(extend("format" = "date-time"))]
    pub recovery: Option<String>,
    /// What changed just before.
    pub before: Vec<Evidence>,
    /// Credentials that were sent again and again in it.
    #[serde(default)]
    pub storms: Vec<Evidence>,
}

/// The life of one token in the capture.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Lifeline {
    /// `tok:` and 12 hex digits.
    pub fingerprint: String,
    /// `jwt`, `opaque` and so on.
    pub kind: String,
    /// Algorithm.
    pub alg: Option<String>,
    /// Key id.
    pub kid: Option<String>,
    /// Issuer.
    pub iss: Option<String>,
    /// Subject as pseudonym.
    pub user: Option<String>,
    /// RFC 3339, or `None` and the raw value in `iat_raw`.
    #[schemars(extend("format" = "date-time"))]
    pub iat: Option<String>,
    /// Raw value that is no number of seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iat_raw: Option<String>,
    /// RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    pub exp: Option<String>,
    /// Raw value that is no number of seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exp_raw: Option<String>,
    /// When an answer of the capture handed it out.
    #[schemars(extend("format" = "date-time"))]
    pub issued: Option<String>,
    /// First use.
    #[schemars(extend("format" = "date-time"))]
    pub first_use: Option<String>,
    /// Last use.
    #[schemars(extend("format" = "date-time"))]
    pub last_use: Option<String>,
    /// Last time it was let in.
    #[schemars(extend("format" = "date-time"))]
    pub last_success: Option<String>,
    /// First refusal.
    #[schemars(extend("format" = "date-time"))]
    pub first_refusal: Option<String>,
    /// Last refusal.
    #[schemars(extend("format" = "date-time"))]
    pub last_refusal: Option<String>,
    /// Uses in all.
    pub uses: u64,
    /// Refusals.
    pub refusals: u64,
    /// Refreshes seen by its client while it was in use.
    pub refreshes: u64,
    /// Mark of the token that took its place.
    pub replaced_by: Option<String>,
    /// Root causes of its refusals with counts, most first.
    #[serde(with = "counts")]
    #[schemars(with = "Vec<Count<String>>")]
    pub causes: Vec<(CauseId, u64)>,
}

/// The clock of one host or issuer against the capture.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ClockRow {
    /// Host; for an issuer its name.
    pub host: String,
    /// Median of server minus capture, seconds.
    #[serde(serialize_with = "rounded")]
    #[schemars(with = "f64")]
    pub skew_s: f64,
    /// Half the span between the 10th and 90th percentile, seconds.
    #[serde(serialize_with = "rounded")]
    #[schemars(with = "f64")]
    pub spread_s: f64,
    /// Answers that were used; for an issuer, tokens.
    pub samples: u64,
    /// What it was read from: `date` (uncached `Date` fields), `message` (the server printed its time),
    /// `issue` (the clock of an issuer, from `iat` and `exp` of tokens at their issue).
    #[serde(default)]
    pub source: String,
}

/// One sentence of the post-mortem.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct StoryItem {
    /// When, RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    pub time: Option<String>,
    /// What happened.
    pub text: String,
    /// By what it is known.
    pub evidence: Vec<Evidence>,
}

/// Counts under one key of `--group-by`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct GroupRow {
    /// Values in the order of the keys.
    pub key: Vec<String>,
    /// Failures.
    pub count: u64,
    /// Share of all failures, 0 to 1.
    #[serde(serialize_with = "rounded")]
    #[schemars(with = "f64")]
    pub share: f64,
}

/// What a host accepts.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Expectation {
    /// Host; `None` when given for all.
    pub host: Option<String>,
    /// `issuer`, `audience`, `algorithm`, `kid`, `leeway` and so on.
    pub what: String,
    /// The value.
    pub value: String,
    /// `learned` or `given`.
    pub basis: String,
    /// First instant.
    #[schemars(extend("format" = "date-time"))]
    pub first: Option<String>,
    /// Last instant.
    #[schemars(extend("format" = "date-time"))]
    pub last: Option<String>,
}

/// A key that was given.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct KeyRow {
    /// Option and ordinal, or file name.
    pub name: String,
    /// RFC 7638 thumbprint of a public key.
    pub thumbprint: Option<String>,
    /// Why it could not be used.
    pub unusable: Option<String>,
    /// What is to be said of it although it was used.
    #[serde(default)]
    pub remark: Option<String>,
}

/// Something assumed.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize, Deserialize, JsonSchema)]
pub struct Assumption {
    /// Input it holds for; `None` for all.
    pub source: Option<String>,
    /// What was assumed.
    pub what: String,
    /// The option that changes it.
    pub option: String,
}

/// One exchange as a line of `-f jsonl`; field by field as in the contract.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Line {
    /// `authopsy.exchange/1`.
    #[schemars(extend("const" = "authopsy.exchange/1"))]
    pub schema: String,
    /// 16 hex digits over source, position, time, method and URL path.
    #[schemars(regex(pattern = "^[0-9a-f]{16}$"))]
    pub id: String,
    /// Source name.
    pub source: String,
    /// Member of an archive.
    pub member: Option<String>,
    /// Index of the record, from 0.
    pub entry: Option<u64>,
    /// First line, from 1.
    pub line: Option<u64>,
    /// Byte offset where neither exists.
    pub byte: Option<u64>,
    /// RFC 3339, as precise as the input.
    #[schemars(extend("format" = "date-time"))]
    pub time: Option<String>,
    /// RFC 3339: the instant at which the token was judged.
    #[schemars(extend("format" = "date-time"))]
    pub judged_at: Option<String>,
    /// Server clock minus capture clock, seconds.
    #[serde(serialize_with = "rounded_or_null")]
    #[schemars(with = "Option<f64>")]
    pub skew_s: Option<f64>,
    /// Who recorded it.
    pub observer: super::exchange::Observer,
    /// Method.
    pub method: Option<String>,
    /// URL, secrets masked.
    pub url: Option<String>,
    /// Host.
    pub host: Option<String>,
    /// Endpoint.
    pub endpoint: String,
    /// Client.
    pub client: ClientLine,
    /// User as pseudonym.
    pub user: Option<String>,
    /// Request id.
    pub request_id: Option<String>,
    /// Trace id.
    pub trace_id: Option<String>,
    /// Status.
    pub status: Option<u16>,
    /// `grpc-status`.
    pub grpc_status: Option<u16>,
    /// Class.
    pub class: Class,
    /// Root cause; null for class `ok`.
    pub cause: Option<CauseId>,
    /// How sure.
    pub confidence: Option<Confidence>,
    /// Other defects.
    pub also: Vec<super::finding::Finding>,
    /// Credentials, the judged one first.
    pub credentials: Vec<CredentialLine>,
    /// What the server said.
    pub server: ServerLine,
    /// The same exchange as other observers saw it.
    pub views: Vec<ViewLine>,
    /// Evidence of the root.
    pub evidence: Vec<Evidence>,
}

/// The same exchange in another input.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct ViewLine {
    /// Source name.
    pub source: String,
    /// Member of an archive.
    pub member: Option<String>,
    /// Place in it; nothing where it is one of several that cannot be told apart.
    #[serde(flatten)]
    pub position: Position,
    /// RFC 3339, by the clock of its observer.
    #[schemars(extend("format" = "date-time"))]
    pub time: Option<String>,
    /// Who recorded it.
    pub observer: super::exchange::Observer,
    /// Status.
    pub status: Option<u16>,
    /// The cause its words name; null when they name none.
    pub says: Option<CauseId>,
    /// The words, masked.
    pub text: Option<String>,
    /// Where they stand.
    #[serde(rename = "where")]
    pub place: Option<String>,
}

/// A client in a line.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct ClientLine {
    /// `cli:` and 8 hex digits.
    pub id: String,
    /// Address.
    pub ip: Option<String>,
    /// User agent.
    pub user_agent: Option<String>,
}

/// A credential in a line.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct CredentialLine {
    /// Kind.
    pub kind: String,
    /// Scheme.
    pub scheme: Option<String>,
    /// Place.
    #[serde(rename = "where")]
    pub place: String,
    /// State.
    pub state: String,
    /// Mark.
    pub fingerprint: Option<String>,
    /// Algorithm.
    pub alg: Option<String>,
    /// Key id.
    pub kid: Option<String>,
    /// Issuer.
    pub iss: Option<String>,
    /// Audience.
    pub aud: Option<Vec<String>>,
    /// RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    pub iat: Option<String>,
    /// Raw value that is no number of seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iat_raw: Option<String>,
    /// RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    pub nbf: Option<String>,
    /// Raw value that is no number of seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nbf_raw: Option<String>,
    /// RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    pub exp: Option<String>,
    /// Raw value that is no number of seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exp_raw: Option<String>,
}

/// The server's word in a line or example.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct ServerLine {
    /// The cause its words name; null when they name none.
    pub says: Option<CauseId>,
    /// The words, masked.
    pub text: Option<String>,
    /// Where they stand.
    #[serde(rename = "where")]
    pub place: Option<String>,
    /// Who spoke.
    pub dialect: Option<String>,
    /// `agrees`, `contradicts` or `silent`.
    pub agrees: String,
}

/// Rounds as outputs do: four decimals, enough for a tenth of a millisecond and for a hundredth of a percent.
pub fn round(value: f64) -> f64 {
    // Adding zero turns -0.0 into 0.0.
    (value * 1e4).round() / 1e4 + 0.0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn rounded<S: Serializer>(value: &f64, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_f64(round(*value))
}

#[expect(clippy::ref_option, reason = "the signature that serde asks for")]
fn rounded_or_null<S: Serializer>(value: &Option<f64>, to: S) -> Result<S::Ok, S::Error> {
    value.map(round).serialize(to)
}

/// A counted list on the wire: objects, so that fields can be added.
mod counts {
    use schemars::JsonSchema;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    /// One name of a counted list.
    #[derive(Serialize, Deserialize, JsonSchema)]
    pub(super) struct Count<T> {
        /// The name.
        name: T,
        /// How many.
        count: u64,
    }

    #[expect(clippy::ptr_arg, reason = "the signature that serde asks for")]
    pub(super) fn serialize<T: Serialize, S: Serializer>(
        list: &Vec<(T, u64)>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(list.iter().map(|(name, count)| Count { name, count: *count }))
    }

    pub(super) fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Vec<(T, u64)>, D::Error> {
        let list = Vec::<Count<T>>::deserialize(from)?;
        Ok(list.into_iter().map(|c| (c.name, c.count)).collect())
    }
}
