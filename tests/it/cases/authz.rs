//! Somebody is known and may not: a scope, a role, a stronger login, a consent, a policy.

use serde_json::json;

use super::{Case, call, fresh, get, is, looks};
use crate::story::at;

pub(super) fn cases() -> Vec<Case> {
    let mut all = rights();
    all.extend(step_up());
    all.extend(consent());
    all.extend(policy());
    all
}

fn rights() -> Vec<Case> {
    vec![
        is(
            "authz.scope",
            "a resource names the scope invalid for which the token is too weak",
            call("/v1/mail").gets(403).answers("WWW-Authenticate", r#"Bearer error="invalid_scope""#),
        ),
        is(
            "authz.scope",
            "the call lies outside the scopes",
            call("/v1/mail").says(403, json!({"reason": "This lies outside the authorized scopes"})),
        ),
        is(
            "authz.scope",
            "the token lacks a scope, said by the challenge",
            call("/v1/mail").gets(403).answers(
                "WWW-Authenticate",
                r#"Bearer error="insufficient_scope", scope="mail.send""#,
            ),
        ),
        is(
            "authz.scope",
            "the token lacks a scope, said in prose",
            call("/v1/mail").says(403, json!({"reason": "Your token is missing the scope mail:send"})),
        ),
        looks(
            "authz.scope",
            "oauth.invalid_scope",
            "a scope is refused where tokens are made",
            at(0.0, "POST", "/oauth/token")
                .form("grant_type=client_credentials&client_id=a&client_secret=zq81LmXv27TnCw04RbEd&scope=mail.fly")
                .says(400, json!({"error": "invalid_scope"})),
        ),
        looks(
            "authz.scope",
            "ok",
            "a project grew beyond its scope",
            call("/v1/projects/4").says(422, json!({"error": "out of scope", "detail": "Task is outside the scope of the project"})),
        ),
        is(
            "authz.role",
            "only owners may",
            call("/v1/team").says(403, json!({"message": "Only workspace owners can rename it"})),
        ),
        is(
            "authz.role",
            "the same in a code",
            call("/v1/team").says(403, json!({"error": {"type": "permission_denied"}})),
        ),
        looks(
            "authz.role",
            "ok",
            "a role of a play is not cast",
            call("/v1/plays/3").says(404, json!({"message": "Role 'Hamlet' not found"})),
        ),
        looks(
            "authz.role",
            "other.waf",
            "a filter refuses in a page of its own",
            call("/v1/team").shows(
                403,
                "text/html",
                "<h1>Request blocked</h1><p>The web application firewall stopped this request. Incident 7731-22.</p>",
            ),
        ),
    ]
}

fn step_up() -> Vec<Case> {
    vec![
        is(
            "authz.step_up",
            "the challenge of RFC 9470",
            call("/v1/transfer").gets(401).answers(
                "WWW-Authenticate",
                r#"Bearer error="insufficient_user_authentication", acr_values="gold""#,
            ),
        ),
        is(
            "authz.step_up",
            "a second factor is asked for",
            call("/v1/transfer").says(403, json!({"title": "Two-factor authentication is required for transfers"})),
        ),
        is(
            "authz.step_up",
            "the login is too old for this",
            call("/v1/transfer").says(401, json!({"error": "reauthentication_required", "detail": "Please confirm your password again to continue"})),
        ),
        looks(
            "authz.step_up",
            "login.bad_code",
            "the second factor itself was wrong",
            at(0.0, "POST", "/login/verify")
                .json(&json!({"otp": "123456"}))
                .says(401, json!({"title": "Two-factor code is incorrect"})),
        ),
        looks(
            "authz.step_up",
            "ok",
            "a setting says that a second factor is required",
            call("/v1/settings").says(200, json!({"mfa_required": true})),
        ),
        looks(
            "authz.step_up",
            "time.expired",
            "the token ran out and its server asks for a login",
            get("/v1/transfer")
                .bearer("o9Zq81LmXv27TnCw04RbEd6Hs3")
                .says(401, json!({"title": "Your access token has expired, sign in again"})),
        ),
        looks(
            "authz.step_up",
            "ok",
            "a form wants two signatures",
            call("/v1/forms").says(400, json!({"title": "A second signature is required"})),
        ),
    ]
}

fn consent() -> Vec<Case> {
    vec![
        is(
            "authz.consent",
            "a callback says that the user has not agreed",
            get("https://app.example/cb?error=consent_required&state=otKq8Zb2Lx7Vn4Tc9Wd3Pz").gets(400),
        ),
        is(
            "authz.consent",
            "an administrator has to approve the application",
            at(0.0, "POST", "/oauth/token")
                .form("grant_type=authorization_code&code=zq81LmXv27TnCw04RbEd&client_id=a")
                .says(400, json!({"error": "consent_required", "error_description": "An administrator must approve this application first"})),
        ),
        is(
            "authz.consent",
            "an API says so in prose",
            call("/v1/contacts").says(403, json!({"message": "The user has not consented to sharing contacts with this app"})),
        ),
        looks(
            "authz.consent",
            "oauth.access_denied",
            "somebody was asked and said no",
            get("https://app.example/cb?error=access_denied&error_description=The+user+declined&state=otKq8Zb2Lx7Vn4Tc9Wd3Pz").gets(400),
        ),
        looks(
            "authz.consent",
            "ok",
            "a banner asks for cookies",
            get("/").shows(200, "text/html", "<p>We need your consent to set cookies</p>"),
        ),
        looks(
            "authz.consent",
            "ok",
            "a patient has not consented to a treatment",
            call("/v1/treatments").says(422, json!({"message": "The patient's consent form is missing"})),
        ),
    ]
}

fn policy() -> Vec<Case> {
    vec![
        is(
            "authz.policy",
            "the device is not managed",
            call("/v1/files").says(403, json!({"message": "Access blocked by conditional access: your device is not compliant"})),
        ),
        is(
            "authz.policy",
            "the organisation forbids this application",
            call("/v1/files").says(403, json!({"message": "Your organization's policy does not allow third-party apps"})),
        ),
        looks(
            "authz.policy",
            "other.ip_blocked",
            "an address alone decides",
            get("/v1/files").says(403, json!({"message": "Connections from 192.0.2.8 are not permitted"})),
        ),
        looks(
            "authz.policy",
            "ok",
            "an insurance policy is over",
            call("/v1/policies/8").says(409, json!({"message": "Policy 8 has been cancelled"})),
        ),
        looks(
            "authz.policy",
            "authz.role",
            "the person lacks a right",
            get("/v1/files").bearer(&fresh("b")).says(403, json!({"message": "You do not have permission to open this folder"})),
        ),
        looks(
            "authz.policy",
            "ok",
            "a page quotes the privacy policy",
            get("/legal").shows(200, "text/html", "<p>Under our privacy policy access may be denied</p>"),
        ),
    ]
}
