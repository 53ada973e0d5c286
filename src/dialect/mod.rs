//! Response to answer: what the server said.
//!
//! The general reading (`general`) knows words and grammar of refusals in several languages; the
//! [`Catalogue`] knows speakers. Codes weigh more than words, fields more than free text.

use crate::model::{Answer, Exchange, Outcome, Sign, Statement, Weight};

mod body;
mod catalogue;
mod challenge;
mod clock;
mod fields;
mod general;
mod glance;
mod keys;
mod markup;
mod outcome;
mod pattern;
mod plain_toml;
mod read;
mod required;
mod runs;
mod settle;
mod signs;
mod speaker;
mod structure;
mod tree;
#[cfg(test)]
mod trial;
mod value;
mod words;

pub use catalogue::{Catalogue, DialectError};
pub use read::{Heard, Understood};

/// Reads what an exchange's response says of auth.
///
/// Statements are sorted, strongest first: by weight, then those that name a cause, then by place.
///
/// ```
/// # use authopsy::dialect::{self, Catalogue};
/// # use authopsy::model::{Body, Exchange, Text};
/// let exchange = Exchange {
///     status: Some(401),
///     response_body: Body { text: Text::Plain(r#"{"error":"token_expired"}"#.into()), ..Body::default() },
///     ..Exchange::default()
/// };
/// let answer = dialect::read(&exchange, Catalogue::embedded());
/// assert_eq!(answer.statements[0].causes[0], "time.expired");
/// ```
pub fn read(exchange: &Exchange<'_>, catalogue: &Catalogue) -> Answer {
    Heard::of(exchange).understand(catalogue).answer
}

/// Returns whether a word in the raw bytes of a body of success may speak of auth; what has none is read no
/// further.
pub fn speaks_of_auth(raw: &[u8]) -> bool {
    signs::occur(raw)
}

/// Returns whether the body of a success is, by its type or its length, one in which nobody looks for an error
/// or a login page: code, styles, pictures.
pub fn is_passed_over(exchange: &Exchange<'_>) -> bool {
    body::is_passed_over(exchange)
}

/// Returns whether a body is a page by its type.
pub fn is_page(exchange: &Exchange<'_>) -> bool {
    body::is_page(exchange)
}

/// Returns whether the body of a success is data in which no structure shows an error, whatever its words are;
/// `false` also where that takes a better look.
pub fn is_data(exchange: &Exchange<'_>) -> bool {
    body::is_data_at_a_glance(exchange) && fields::grpc_status(exchange).is_none()
}

/// Returns whether a text holds a word for passwords.
pub fn names_password(text: &[u8]) -> bool {
    outcome::names_password(text)
}

/// Adds what the status alone says, when it says something.
fn status_statement(status: u16) -> Option<Statement> {
    use crate::model::CauseId;
    let causes: &[&'static str] = match status {
        401 | 407 => &[],
        403 => &["authz.role"],
        419 => &["session.expired", "other.csrf"],
        429 => &["other.rate_limit"],
        431 | 494 => &["header.too_large"],
        440 => &["session.expired"],
        498 => &["time.expired"],
        511 => &["authz.policy"],
        _ => return None,
    };
    Some(Statement {
        causes: causes.iter().copied().map(CauseId::of).collect(),
        weight: Weight::Status,
        text: status.to_string(),
        place: "status".to_owned(),
        dialect: None,
        expected: None,
        seen_by: None,
    })
}

/// Returns the sign of an error that the words alone show.
const fn said() -> Outcome {
    Outcome::Refused(Sign::Said)
}
