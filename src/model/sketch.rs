//! One line of a log that differs from lines before it in a few values, not yet an exchange.

use super::exchange::Position;
use super::time::Time;

/// A line by what it has of its own; what it has in common with others is only compared.
///
/// Two lines of one `like` are read to exchanges that differ in nothing but position, time, URL, client
/// address, user agent, ids and request fields, and in these as they stand here. So whoever knows what
/// one of them came to need not build the next.
#[derive(Clone, Copy, Debug)]
pub struct Sketch<'a> {
    /// Where the line stands in its input.
    pub position: Position,
    /// When the request was made or answered, as the format has it.
    pub time: Time,
    /// Name of the format, as in [`Exchange::format`](super::Exchange::format).
    pub format: &'static str,
    /// What stands for all else, to be compared.
    pub like: &'a [u8],
    /// Request target, a path.
    pub url: &'a str,
    /// Client address.
    pub client_ip: Option<&'a str>,
    /// User agent in a column of its own.
    pub user_agent: Option<&'a str>,
    /// Id of the request in a column of its own.
    pub request_id: Option<&'a str>,
    /// Id of the trace in a column of its own.
    pub trace_id: Option<&'a str>,
    /// Names and values of the request fields, none of them empty.
    pub request_headers: &'a [(&'a str, &'a str)],
    /// Names and values of the response fields, none of them empty.
    pub response_headers: &'a [(&'a str, &'a str)],
    /// Body of the answer, where it was logged; of JSON as it stands in the line.
    pub response_body: Option<&'a str>,
}
