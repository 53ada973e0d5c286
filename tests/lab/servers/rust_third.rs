//! The Rust servers of the third bench: lab-rust3 NAME PORT. jwt-simple behind axum's typed header, and behind actix-web-httpauth;
//! tower-http's own check of one bearer value.

use std::collections::HashSet;

use actix_web::{dev::ServiceRequest, web, App, HttpMessage, HttpResponse, HttpServer};
use actix_web_httpauth::{extractors::bearer, extractors::AuthenticationError, middleware::HttpAuthentication};
use axum::{extract::Request, http::StatusCode, middleware::Next, response::IntoResponse, response::Response, routing::get, Json, Router};
use axum_extra::{headers::authorization::Bearer, headers::Authorization, TypedHeader};
use jwt_simple::prelude::*;
use serde_json::{json, Value};
use tower_http::validate_request::ValidateRequestHeaderLayer;

fn file(name: &str) -> String {
    std::fs::read_to_string(format!("{}/{name}", std::env::var("LAB_KEYS").expect("LAB_KEYS"))).expect("a key")
}

fn rules() -> VerificationOptions {
    VerificationOptions {
        allowed_issuers: Some(HashSet::from(["https://id.shop.example/".to_owned()])),
        allowed_audiences: Some(HashSet::from(["https://orders.shop.example".to_owned()])),
        time_tolerance: Some(Duration::from_secs(0)),
        ..Default::default()
    }
}

type Claims = JWTClaims<Value>;

async fn guard(TypedHeader(field): TypedHeader<Authorization<Bearer>>, request: Request, next: Next) -> Response {
    let key = RS256PublicKey::from_pem(&file("rsa-g.pub.pem")).expect("a PEM");
    match key.verify_token::<Value>(field.token(), Some(rules())) {
        Err(error) => (StatusCode::UNAUTHORIZED, Json(json!({"status": 401, "reason": error.to_string()}))).into_response(),
        Ok(claims) if request.uri().path() == "/admin/users" && claims.custom["roles"].is_null() => StatusCode::FORBIDDEN.into_response(),
        Ok(_) => next.run(request).await,
    }
}

async fn axum_app(port: u16) {
    let orders = || async { Json(json!({"orders": []})) };
    let signed = Router::new().route("/orders", get(orders)).route("/me", get(orders)).route("/admin/users", get(orders))
        .layer(axum::middleware::from_fn(guard));
    #[allow(deprecated)]
    let fixed = Router::new().route("/fixed", get(orders)).layer(ValidateRequestHeaderLayer::bearer("sk_live_4eC39HqLyjWDarjtT1zdp7dc"));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.expect("a free port");
    axum::serve(listener, signed.merge(fixed)).await.expect("to serve");
}

async fn check(request: ServiceRequest, field: bearer::BearerAuth) -> Result<ServiceRequest, (actix_web::Error, ServiceRequest)> {
    let config = bearer::Config::default().realm("orders");
    match HS256Key::from_bytes(file("hs-g.secret").as_bytes()).verify_token::<Value>(field.token(), Some(rules())) {
        Ok(claims) => {
            request.extensions_mut().insert::<Claims>(claims);
            Ok(request)
        }
        Err(_) => Err((AuthenticationError::from(config).with_error(bearer::Error::InvalidToken).into(), request)),
    }
}

async fn users(claims: web::ReqData<Claims>) -> HttpResponse {
    if claims.custom["roles"].is_null() { HttpResponse::Forbidden().finish() } else { HttpResponse::Ok().json(json!({"users": []})) }
}

async fn actix_app(port: u16) -> std::io::Result<()> {
    HttpServer::new(|| {
        let orders = || async { HttpResponse::Ok().json(json!({"orders": []})) };
        App::new().wrap(HttpAuthentication::with_fn(check)).app_data(bearer::Config::default().realm("orders"))
            .route("/orders", web::get().to(orders)).route("/me", web::get().to(orders)).route("/admin/users", web::get().to(users))
    })
    .workers(1).bind(("127.0.0.1", port))?.run().await
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let port = args[2].parse().expect("a port");
    if args[1] == "axum" {
        tokio::runtime::Runtime::new().expect("a runtime").block_on(axum_app(port));
    } else {
        actix_web::rt::System::new().block_on(actix_app(port)).expect("to serve");
    }
}
