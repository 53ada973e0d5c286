//! The input formats that can be read.

use std::io::Write;

use super::Error;
use crate::input::line_formats;
use crate::render::{Look, text};

/// What can be wrapped around any of them.
const PACKED: &str = "gzip, zlib, zstd, zip";
/// Lines of text.
const TEXT: (&str, &str) =
    ("text", "request logs with a line of text a request, also several kinds in one file");

/// Formats, log writers and wrappers, with what is known of each.
const FORMATS: &[(&str, &str)] = &[
    ("har", "HTTP Archive of any exporter: whole, cut off, sanitized, or a bare list of entries"),
    ("json", "a JSON document that holds a list of request records"),
    ("jsonl", "request logs with one JSON object a line, of these and other loggers"),
    ("  api gateway", "AWS API Gateway access logs"),
    ("  azure", "Azure diagnostic logs of gateways and web apps"),
    ("  caddy", "Caddy access logs"),
    ("  cloudflare", "Cloudflare Logpush, HTTP requests"),
    ("  ecs", "Elastic Common Schema"),
    ("  envoy", "Envoy and Istio access logs in JSON"),
    ("  gcp", "Google Cloud load balancers and services (httpRequest)"),
    ("  kong", "Kong file and HTTP logs"),
    ("  kubernetes audit", "audit events of the Kubernetes API server"),
    ("  nginx", "nginx with a log_format in JSON"),
    ("  pino", "pino-http"),
    ("  traefik", "Traefik access logs in JSON"),
    ("  winston", "express-winston"),
    ("  zeek", "Zeek http.log in JSON"),
    ("  any other", "fields are found by their usual names; --map names the ones that differ"),
    (PACKED, "unwrapped by content, whatever the file is called"),
];

/// Writes the list.
///
/// # Errors
/// Those of `out`.
pub fn run(look: Look, out: &mut dyn Write) -> Result<(), Error> {
    let mut rows = FORMATS.to_vec();
    let texts: Vec<_> = line_formats().map(|(name, what)| (format!("  {name}"), what)).collect();
    let place = rows.iter().position(|(name, _)| *name == PACKED).unwrap_or(rows.len());
    let texts = texts.iter().map(|(name, what)| (name.as_str(), *what));
    rows.splice(place..place, std::iter::once(TEXT).chain(texts));
    text::list(&rows, look, out)?;
    Ok(())
}
