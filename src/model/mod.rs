//! The nouns of the domain: pure data, no input or output, no clock, no parsing of files.
//!
//! A type lives here only when two rooms need it. Everything after [`Exchange`] owns its data and
//! holds no secret: raw credentials exist only inside [`Secret`] and inside an `Exchange`.

mod access;
mod answer;
mod brief;
mod by_cause;
mod cause;
mod credential;
mod exchange;
mod explained;
mod finding;
mod fingerprint;
mod names;
mod numeric_date;
mod pseudonym;
mod record;
mod report;
mod rows;
mod secret;
mod seldom;
mod signing;
mod sketch;
mod time;
mod token;
mod told;
mod unescape;
mod verdict;

pub use access::AccessLine;
pub use answer::{Answer, Challenge, Outcome, Sign, Statement, Weight};
pub use brief::equal;
pub use by_cause::ByCause;
pub use cause::{CauseId, Class, Confidence};
pub use credential::{Blank, Credential, Kind, Oddity, Place, Scheme, State};
pub use exchange::{Body, Exchange, Header, Observer, Position, Text, Visibility};
pub use explained::{Check, Explained, ExplainedCredential, ExplainedFinding, TokenField};
pub use finding::{Evidence, Finding, Judgement};
pub use fingerprint::{Fingerprint, KeyHasher};
pub use names::Names;
pub use numeric_date::{NumericDate, Unit};
pub use pseudonym::{name_persons, pseudonym};
pub use record::{
    Client, CookieRules, Denial, Endpoint, Facts, Grant, Issued, Leg, Origin, Record, Redirect,
};
pub use report::{
    Affected, Assumption, Bound, CaseAdvice, CauseRow, ClientLine, ClockRow, CredentialLine,
    ExampleRow, Expectation, GroupRow, Incident, InputRow, KeyRow, Lifeline, Line, MessageRow,
    Period, PlaceRow, Report, ServerLine, SkipRow, StoryItem, Timeline, TimelineBucket, Totals,
    ViewLine, round,
};
pub use rows::Rows;
pub use secret::Secret;
pub use seldom::Seldom;
pub use signing::{Departure, Signing};
pub use sketch::Sketch;
pub use time::{At, Seconds, Time};
pub use token::{Fault, Form, Make, Makes, Segment, Signature, Token, Use};
pub use told::{Disagreement, Told};
pub(crate) use unescape::Copy;
pub use verdict::{KeyName, NearMiss, Verdict};
