//! The Rust server of the lab: lab-rust NAME PORT. The crate jsonwebtoken behind tiny_http, RS256, errors as the crate words them.

use jsonwebtoken::{decode, Algorithm, DecodingKey, Validation};
use serde_json::{json, Value};
use tiny_http::{Header, Response, Server};

fn check(field: Option<&str>, key: &DecodingKey, rules: &Validation) -> Result<Value, String> {
    let field = field.ok_or("Missing credentials")?;
    let token = field.strip_prefix("Bearer ").ok_or("Missing credentials")?;
    decode::<Value>(token, key, rules).map(|data| data.claims).map_err(|error| error.to_string())
}

fn main() {
    let port = std::env::args().nth(2).expect("lab-rust NAME PORT");
    let keys = std::env::var("LAB_KEYS").expect("LAB_KEYS");
    let pem = std::fs::read(format!("{keys}/rsa-c.pub.pem")).expect("the public key");
    let key = DecodingKey::from_rsa_pem(&pem).expect("a PEM");
    let mut rules = Validation::new(Algorithm::RS256);
    rules.set_issuer(&["https://id.shop.example/"]);
    rules.set_audience(&["https://orders.shop.example"]);
    rules.validate_nbf = true;
    let server = Server::http(format!("127.0.0.1:{port}")).expect("a free port");
    for request in server.incoming_requests() {
        let field = request.headers().iter().find(|h| h.field.equiv("Authorization")).map(|h| h.value.as_str().to_owned());
        let (status, body) = match check(field.as_deref(), &key, &rules) {
            Err(error) => (401, json!({"error": error})),
            Ok(claims) if request.url().starts_with("/admin/users") && claims["roles"].is_null() => {
                (403, json!({"error": "Forbidden"}))
            }
            Ok(claims) => (200, json!({"sub": claims["sub"], "orders": []})),
        };
        let json = Header::from_bytes("Content-Type", "application/json").expect("a constant");
        let _ = request.respond(Response::from_string(body.to_string()).with_status_code(status).with_header(json));
    }
}
