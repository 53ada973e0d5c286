//! The input formats that can be read.

use std::io::Write;

use super::Error;
use crate::render::{Look, text};

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
    ("gzip, zlib, zstd, zip", "unwrapped by content, whatever the file is called"),
];

/// Writes the list.
///
/// # Errors
/// Those of `out`.
pub fn run(look: Look, out: &mut dyn Write) -> Result<(), Error> {
    text::list(FORMATS, look, out)?;
    Ok(())
}
