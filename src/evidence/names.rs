//! Which names carry credentials: request fields, cookies, parameters.

/// What a request field is for, by its name alone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Field {
    /// `Authorization`.
    Authorization,
    /// A near miss of `Authorization`.
    Misspelt,
    /// `Proxy-Authorization`.
    ProxyAuthorization,
    /// `Cookie`.
    Cookie,
    /// An API key's own field.
    ApiKey,
    /// A token's own field (`X-Access-Token`).
    Token,
    /// `DPoP`.
    DpopProof,
    /// `Sec-WebSocket-Protocol`, in which browsers smuggle tokens.
    WebSocketProtocol,
    /// The signature of the request itself: `X-Hub-Signature-256`, `X-Signature`, `X-Shopify-Hmac-Sha256`.
    Signature,
    /// A field that may hold something secret and is never the credential (CSRF, forwarded).
    Never,
    /// Any other.
    Other,
}

const API_KEYS: &[&str] = &[
    "x-api-key",
    "api-key",
    "apikey",
    "x-apikey",
    "x-api-token",
    "api-token",
    "x-auth-key",
    "x-key",
    "x-functions-key",
    "ocp-apim-subscription-key",
    "x-rapidapi-key",
    "x-mashape-key",
    "x-goog-api-key",
    "x-algolia-api-key",
    "x-hasura-admin-secret",
    "x-admin-secret",
    "x-parse-rest-api-key",
    "x-parse-master-key",
    "xi-api-key",
    "dd-api-key",
    "dd-application-key",
    "fastly-key",
    "x-honeycomb-team",
    "x-typesense-api-key",
    "apca-api-secret-key",
    "x-client-secret",
    "cf-access-client-secret",
    "x-secret-key",
    "x-subscription-token",
    "x-cons-api-key",
];

const TOKENS: &[&str] = &[
    "x-access-token",
    "access-token",
    "x-auth-token",
    "auth-token",
    "x-authorization",
    "authorization-token",
    "x-token",
    "token",
    "x-jwt",
    "jwt",
    "x-jwt-token",
    "x-jwt-assertion",
    "x-user-token",
    "x-id-token",
    "id-token",
    "x-session-token",
    "x-session-id",
    "x-session",
    "session-token",
    "private-token",
    "job-token",
    "deploy-token",
    "x-vault-token",
    "x-consul-token",
    "x-shopify-access-token",
    "x-figma-token",
    "circle-token",
    "x-plex-token",
    "x-emby-token",
    "x-mediabrowser-token",
    "x-parse-session-token",
    "x-amz-security-token",
    "x-amzn-oidc-data",
    "x-amzn-oidc-accesstoken",
    "x-ms-token-aad-access-token",
    "x-ms-token-aad-id-token",
    "x-zumo-auth",
    "cf-access-jwt-assertion",
    "cf-access-token",
    "x-goog-iap-jwt-assertion",
    "x-serverless-authorization",
    "x-firebase-appcheck",
    "x-stack-access-token",
    "x-supabase-auth",
    "x-subject-token",
    "x-requestor-token",
    "x-gitlab-token",
    "x-authentication-token",
    "x-authentication",
    "x-auth",
];

/// Names that hold `auth` or a token and are no credential of this request.
const NEVER: &[&str] = &[
    "authority",
    "www-authenticate",
    "proxy-authenticate",
    "authentication-info",
    "x-authorization-time",
    "x-authorization-date",
    "x-auth-date",
    "x-auth-time",
    "x-auth-user",
    "x-auth-email",
    "x-auth-request-user",
    "authentication-control",
    "authentication-results",
    "author",
    "requestverificationtoken",
    "x-request-verification-token",
];

impl Field {
    /// Tells what a field is for.
    pub(super) fn of(name: &str) -> Self {
        let is = |wanted: &str| name.eq_ignore_ascii_case(wanted);
        match name.len() {
            13 if is("authorization") => Self::Authorization,
            6 if is("cookie") => Self::Cookie,
            19 if is("proxy-authorization") => Self::ProxyAuthorization,
            4 if is("dpop") => Self::DpopProof,
            22 if is("sec-websocket-protocol") => Self::WebSocketProtocol,
            _ if !could_matter(name) => Self::Other,
            _ => Self::of_rare(name),
        }
    }

    fn of_rare(name: &str) -> Self {
        let lower = name.trim().to_ascii_lowercase();
        let bare = lower.as_str();
        let forwarded = bare.starts_with("x-forwarded-")
            || bare.starts_with("x-auth-request-")
            || bare.starts_with("x-original-");
        if forwarded
            || bare.contains("csrf")
            || bare.contains("xsrf")
            || NEVER.contains(&bare)
            || bare.starts_with("sec-")
            || bare.starts_with("access-control-")
        {
            return Self::Never;
        }
        if API_KEYS.contains(&bare) || bare.ends_with("-api-key") || bare.ends_with("-apikey") {
            return Self::ApiKey;
        }
        if TOKENS.contains(&bare)
            || bare.ends_with("-access-token")
            || bare.ends_with("-auth-token")
        {
            return Self::Token;
        }
        if bare.starts_with("x-amz-") || bare.starts_with("x-goog-") {
            return Self::Never;
        }
        if is_signature(bare) {
            return Self::Signature;
        }
        if is_near_authorization(bare) || (bare == "authorization" && name.len() != 13) {
            return Self::Misspelt;
        }
        Self::Other
    }

    /// Returns whether a preflight that names the field shows that a credential will be sent.
    pub(super) fn can_carry(self) -> bool {
        matches!(
            self,
            Self::Authorization
                | Self::Misspelt
                | Self::ProxyAuthorization
                | Self::ApiKey
                | Self::Token
                | Self::DpopProof
        )
    }
}

/// Leaves out, in one pass, the names that every request has.
///
/// Every listed name and every near miss of `authorization` holds one of these runs of three letters.
fn could_matter(name: &str) -> bool {
    let mut last = [0_u8; 3];
    !name.starts_with(':')
        && name.bytes().any(|b| {
            last = [last[1], last[2], b.to_ascii_lowercase()];
            matches!(
                &last,
                b"aut"
                    | b"uth"
                    | b"riz"
                    | b"isa"
                    | b"key"
                    | b"tok"
                    | b"jwt"
                    | b"srf"
                    | b"ecr"
                    | b"ssi"
                    | b"bea"
                    | b"oid"
                    | b"yco"
                    | b"ppc"
                    | b"sig"
                    | b"mac"
            )
        })
}

/// Returns whether a name, in lower case, is that of a signature over the request.
fn is_signature(name: &str) -> bool {
    name.ends_with("-signature")
        || name.contains("-signature-")
        || name.ends_with("-hmac")
        || name.contains("-hmac-")
}

/// Returns whether a name, in lower case, is meant to be `authorization`.
fn is_near_authorization(name: &str) -> bool {
    const MEANT: &[&str] = &[
        "authentication",
        "authentification",
        "authenticate",
        "authenticationtoken",
        "authorize",
        "authorise",
        "authorized",
        "authorizationheader",
        "authorization-header",
        "auth",
        "bearer",
        "bearerauth",
        "http-authorization",
        "http_authorization",
        "x-http-authorization",
        "header-authorization",
        "authtoken",
    ];
    if MEANT.contains(&name) {
        return true;
    }
    (9..=17).contains(&name.len()) && strsim::osa_distance(name, "authorization") <= 3
}

const SESSION_COOKIES: &[&str] = &[
    "session",
    "sessionid",
    "session_id",
    "session-id",
    "sid",
    "ssid",
    "jsessionid",
    "jsessionidsso",
    "phpsessid",
    "asp.net_sessionid",
    ".aspxauth",
    "connect.sid",
    "laravel_session",
    "ci_session",
    "auth",
    "auth_token",
    "authtoken",
    "auth-token",
    "authorization",
    "token",
    "access_token",
    "accesstoken",
    "access-token",
    "id_token",
    "idtoken",
    "refresh_token",
    "refreshtoken",
    "jwt",
    "jwt_token",
    "bearer",
    "user_session",
    "user_token",
    "remember_token",
    "remember_user_token",
    "rememberme",
    "remember_me",
    "login_token",
    "logintoken",
    "keycloak_identity",
    "keycloak_session",
    "idsrv",
    "idsrv.session",
    "fedauth",
    "cf_authorization",
    "beaker.session.id",
    "cgisessid",
    "cfid",
    "cftoken",
    "grafana_session",
    "appsession",
    "okta-oauth-state",
    "xsession",
    "_session_id",
    "sess",
    "kc_session",
    "iplanetdirectorypro",
    "smsession",
    "ltpatoken2",
    "mellon-cookie",
    "_shibsession",
    "sessid",
    "psession",
    "express.sid",
    "koa.sess",
    "koa:sess",
    "rack.session",
    "django_session",
    "flask_session",
];

/// Names that look like a session and count or protect something else.
const COUNTING: &[&str] =
    &["csrf", "xsrf", "_ga", "_gid", "_fb", "_hj", "amplitude", "intercom", "analytics", "optanon"];

/// Returns whether a cookie of this name stands for a login.
pub(super) fn is_session_cookie(name: &str) -> bool {
    let mut lower = [0_u8; 64];
    let Some(slot) = lower.get_mut(..name.len()) else { return false };
    slot.copy_from_slice(name.as_bytes());
    slot.make_ascii_lowercase();
    let Ok(lower) = std::str::from_utf8(slot) else { return false };
    let bare = lower.trim_start_matches("__secure-").trim_start_matches("__host-");
    if COUNTING.iter().any(|part| bare.contains(part)) {
        return false;
    }
    // A name under `__Host-` is bound to one secure host: the application's own, and no counter's.
    SESSION_COOKIES.contains(&bare)
        || lower.starts_with("__host-")
        || bare.starts_with(".aspnetcore.")
        || bare.starts_with(".aspnet.")
        || bare.starts_with("appservice")
        || bare.starts_with("wordpress_logged_in")
        || bare.starts_with("wordpress_sec")
        || bare.starts_with("next-auth.session-token")
        || bare.starts_with("authjs.session-token")
        || bare.starts_with("better-auth.session")
        || bare.starts_with("awselbauthsessioncookie")
        || bare.starts_with("_oauth2_proxy")
        || bare.starts_with("mod_auth_openidc")
        || (bare.starts_with("sb-") && bare.contains("auth-token"))
        || bare.ends_with("_session")
        || bare.ends_with("-session")
        || bare.ends_with("_sessionid")
        || bare.ends_with("authcookie")
        || bare.ends_with("sessid")
        || bare.ends_with("access_token")
        || bare.ends_with("accesstoken")
        || bare.ends_with(".idtoken")
        || bare.ends_with("refreshtoken")
}

/// How secret the value of a parameter or member is, by its name.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Secrecy {
    /// Not by its name.
    Open,
    /// Secret in a URL or a form; in prose and JSON the same word names other things (`code`).
    InUrls,
    /// Secret anywhere.
    Always,
}

/// Tells how secret the value of a parameter is.
pub(super) fn secrecy(name: &str) -> Secrecy {
    let mut squeezed = [0_u8; 32];
    let mut length = 0;
    for b in name.bytes().filter(u8::is_ascii_alphanumeric) {
        let Some(slot) = squeezed.get_mut(length) else { break };
        *slot = b.to_ascii_lowercase();
        length += 1;
    }
    let squeezed = squeezed.get(..length).unwrap_or_default();
    let Ok(name) = std::str::from_utf8(squeezed) else { return Secrecy::Open };
    match name {
        "token" | "jwt" | "key" | "code" | "sig" | "signature" | "auth" | "session" | "sid"
        | "pin" | "otp" | "credential" | "credentials" | "pass" | "ticket" | "hash" | "hmac"
        | "usercode" | "nonce" | "authorization" | "bearer" | "cookie" | "setcookie" | "mac" => {
            Secrecy::InUrls
        }
        "pwd" | "passwd" | "passphrase" | "passcode" | "authkey" | "assertion"
        | "clientassertion" | "samlresponse" | "samlrequest" | "samlart" | "devicecode"
        | "codeverifier" | "privatekey" | "jsessionid" | "phpsessid" | "xamzcredential"
        | "xgoogcredential" | "subscriptionkey" | "masterkey" | "connectionstring" => {
            Secrecy::Always
        }
        _ if ["password", "secret", "apikey", "accesskey", "secretkey", "sessionid", "sessid"]
            .iter()
            .any(|end| name.ends_with(end)) =>
        {
            Secrecy::Always
        }
        _ if name.ends_with("token") || name.ends_with("signature") => Secrecy::Always,
        _ => Secrecy::Open,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_misses_of_authorization_are_recognised() {
        let near = [
            "Authorizaton",
            "Authorisation",
            "Autorization",
            "Authentication",
            "Authorizations",
            "Authorization ",
            "authorizaiton",
            "Athorization",
            "Authoriztion",
            "HTTP_AUTHORIZATION",
        ];
        for name in near {
            assert_eq!(Field::of(name), Field::Misspelt, "{name}");
        }
    }

    #[test]
    fn names_that_only_look_alike_are_left_alone() {
        let other = [
            "Authority",
            ":authority",
            "WWW-Authenticate",
            "X-Authorization-Time",
            "X-CSRF-Token",
            "X-XSRF-TOKEN",
            "X-Forwarded-Access-Token",
            "X-Amz-Date",
            "Sec-WebSocket-Key",
            "Author",
            "Accept-Authorization-Hint",
            "Content-Location",
            "Access-Control-Request-Headers",
            "X-Request-Id",
        ];
        for name in other {
            assert!(matches!(Field::of(name), Field::Never | Field::Other), "{name}");
        }
    }

    #[test]
    fn legitimate_fields_of_their_own_are_no_misspelling() {
        for name in ["X-Access-Token", "X-Auth-Token", "Private-Token", "X-Authorization"] {
            assert_eq!(Field::of(name), Field::Token, "{name}");
        }
        for name in ["X-API-Key", "apikey", "Ocp-Apim-Subscription-Key", "Acme-Api-Key"] {
            assert_eq!(Field::of(name), Field::ApiKey, "{name}");
        }
    }

    #[test]
    fn no_listed_name_is_left_out_by_the_quick_pass() {
        for name in API_KEYS.iter().chain(TOKENS) {
            assert!(could_matter(name), "{name}");
        }
    }

    #[test]
    fn signatures_of_requests_are_no_tokens() {
        for name in
            ["X-Hub-Signature-256", "X-Signature", "Stripe-Signature", "X-Shopify-Hmac-Sha256"]
        {
            assert_eq!(Field::of(name), Field::Signature, "{name}");
        }
        for name in ["X-Design", "Signature-Input", "X-Machine-Id", "X-Amz-Signature"] {
            assert_ne!(Field::of(name), Field::Signature, "{name}");
        }
    }

    #[test]
    fn session_cookies_are_told_from_counters() {
        for name in
            ["JSESSIONID", "connect.sid", ".AspNetCore.Cookies", "__Host-bff", "myapp_session"]
        {
            assert!(is_session_cookie(name), "{name}");
        }
        for name in
            ["_ga", "csrftoken", "XSRF-TOKEN", "locale", "_ga_session", "theme", "__Host-csrf"]
        {
            assert!(!is_session_cookie(name), "{name}");
        }
    }

    #[test]
    fn a_name_tells_how_secret_its_value_is() {
        assert_eq!(secrecy("client_secret"), Secrecy::Always);
        assert_eq!(secrecy("X-Amz-Signature"), Secrecy::Always);
        assert_eq!(secrecy("code"), Secrecy::InUrls);
        assert_eq!(secrecy("token_type"), Secrecy::Open);
        assert_eq!(secrecy("page"), Secrecy::Open);
    }
}
