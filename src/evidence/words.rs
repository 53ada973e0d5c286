//! Telling words of a path, all looked for in one pass.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind};

/// What a word of a path tells.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Tells {
    Token,
    Login,
    Logout,
    Refresh,
    LoginPage,
    Graphql,
    Keys,
    Password,
}

const WORDS: &[(&str, Tells)] = &[
    ("oauth/token", Tells::Token),
    ("oauth2/token", Tells::Token),
    ("token.oauth2", Tells::Token),
    ("oauth/access_token", Tells::Token),
    ("openid-connect/token", Tells::Token),
    ("oauth2/v2.0/token", Tells::Token),
    ("login", Tells::Login),
    ("signin", Tells::Login),
    ("sign-in", Tells::Login),
    ("sign_in", Tells::Login),
    ("logon", Tells::Login),
    ("security_check", Tells::Login),
    ("session", Tells::Login),
    ("authenticate", Tells::Login),
    ("jwt", Tells::Login),
    ("auth-with-", Tells::Login),
    ("auth_with_", Tells::Login),
    ("/auth/", Tells::Login),
    ("/oauth", Tells::Login),
    ("token", Tells::Login),
    ("register", Tells::Login),
    ("accounts:", Tells::Login),
    ("logout", Tells::Logout),
    ("signout", Tells::Logout),
    ("sign-out", Tells::Logout),
    ("sign_out", Tells::Logout),
    ("logoff", Tells::Logout),
    ("end_session", Tells::Logout),
    ("endsession", Tells::Logout),
    ("revoke", Tells::Logout),
    ("revocation", Tells::Logout),
    ("refresh", Tells::Refresh),
    ("login", Tells::LoginPage),
    ("signin", Tells::LoginPage),
    ("sign-in", Tells::LoginPage),
    ("sign_in", Tells::LoginPage),
    ("logon", Tells::LoginPage),
    ("authorize", Tells::LoginPage),
    ("saml", Tells::LoginPage),
    ("/sso", Tells::LoginPage),
    ("openid-connect/auth", Tells::LoginPage),
    ("adfs/ls", Tells::LoginPage),
    ("oauth2/auth", Tells::LoginPage),
    ("oauth/auth", Tells::LoginPage),
    ("authn", Tells::LoginPage),
    ("session/new", Tells::LoginPage),
    ("sessions/new", Tells::LoginPage),
    ("/cas/", Tells::LoginPage),
    ("graphql", Tells::Graphql),
    ("jwk", Tells::Keys),
    ("certs", Tells::Keys),
    ("/keys", Tells::Keys),
    ("password", Tells::Password),
    ("passwd", Tells::Password),
];

static FINDER: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    AhoCorasickBuilder::new()
        .ascii_case_insensitive(true)
        .kind(Some(AhoCorasickKind::DFA))
        .build(WORDS.iter().map(|(word, _)| word))
        .ok()
});

/// The telling words that stand in a path.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Words(u8);

impl Words {
    /// Looks for all of them in one pass.
    pub(super) fn of(path: &str) -> Self {
        let Some(finder) = FINDER.as_ref() else { return Self(0) };
        let found = finder.find_overlapping_iter(path);
        Self(found.fold(0, |bits, hit| match WORDS.get(hit.pattern().as_usize()) {
            Some((_, tells)) => bits | 1 << *tells as u8,
            None => bits,
        }))
    }

    /// None of them stands there.
    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    fn tell(self, what: Tells) -> bool {
        self.0 & (1 << what as u8) != 0
    }

    /// A token endpoint by its usual path.
    pub(super) fn token(self) -> bool {
        self.tell(Tells::Token)
    }

    /// Something with logins or tokens.
    pub(super) fn login(self) -> bool {
        self.tell(Tells::Login)
    }

    /// A logout or a revocation.
    pub(super) fn logout(self) -> bool {
        self.tell(Tells::Logout)
    }

    /// A change or reset of a password.
    pub(super) fn password(self) -> bool {
        self.tell(Tells::Password)
    }

    /// A refresh of something.
    pub(super) fn refresh(self) -> bool {
        self.tell(Tells::Refresh)
    }

    /// A login page or an authorization endpoint.
    pub(super) fn login_page(self) -> bool {
        self.tell(Tells::LoginPage)
    }

    /// A GraphQL endpoint.
    pub(super) fn graphql(self) -> bool {
        self.tell(Tells::Graphql)
    }

    /// A place where keys are published.
    pub(super) fn keys(self) -> bool {
        self.tell(Tells::Keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_in_any_case_and_over_each_other() {
        let words = Words::of("/Account/LogIn/refresh");
        assert!(words.login() && words.login_page() && words.refresh());
        assert!(Words::of("/connect/revocation").logout());
        assert_eq!(Words::of("/orders/42"), Words(0));
    }
}
