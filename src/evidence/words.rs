//! Telling words of a path, all looked for in one pass.

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

/// Letters by which words are looked for: none is shorter.
const KEY: usize = 3;

/// Chains of words that may begin alike; a power of two.
const CHAINS: usize = 1 << 10;

/// The words by how they begin. An automaton that finds them is as fast, but to make it took a twentieth of the
/// time in which the program starts, and this is made before.
struct Begins {
    /// The last word of each chain, from 1; 0 for none.
    last: [u8; CHAINS],
    /// For each word the one before it in its chain.
    before: [u8; WORDS.len()],
}

static BEGINS: Begins = Begins::of_all();

impl Begins {
    const fn of_all() -> Self {
        let mut begins = Self { last: [0; CHAINS], before: [0; WORDS.len()] };
        let mut at = 0;
        while at < WORDS.len() {
            let word = WORDS[at].0.as_bytes();
            let chain = chain_of([word[0], word[1], word[2]]);
            begins.before[at] = begins.last[chain];
            #[expect(clippy::cast_possible_truncation, reason = "there are some fifty words")]
            let number = at as u8 + 1;
            begins.last[chain] = number;
            at += 1;
        }
        begins
    }
}

/// Returns the chain of what begins with these letters, which is that of the same in any case.
const fn chain_of(letters: [u8; KEY]) -> usize {
    let [a, b, c] = letters;
    let word = u32::from_le_bytes([a | 0x20, b | 0x20, c | 0x20, 0]);
    // By the golden ratio, as in Knuth, TAOCP 3, section 6.4.
    (word.wrapping_mul(0x9E37_79B1) >> (32 - CHAINS.ilog2())) as usize
}

/// The telling words that stand in a path.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Words(u8);

impl Words {
    /// Looks for all of them in one pass, in any case and over each other.
    pub(super) fn of(path: &str) -> Self {
        let (mut bits, mut rest) = (0, path.as_bytes());
        while let Some(key) = rest.first_chunk::<KEY>() {
            let mut number = BEGINS.last.get(chain_of(*key)).copied().unwrap_or(0);
            while let Some(index) = usize::from(number).checked_sub(1) {
                let Some((word, tells)) = WORDS.get(index) else { break };
                let here = rest.get(..word.len());
                if here.is_some_and(|here| here.eq_ignore_ascii_case(word.as_bytes())) {
                    bits |= 1 << *tells as u8;
                }
                number = BEGINS.before.get(index).copied().unwrap_or(0);
            }
            rest = rest.get(1..).unwrap_or_default();
        }
        Self(bits)
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
    use aho_corasick::AhoCorasickBuilder;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_automaton_finds_the_same(
            picks in prop::collection::vec((0..WORDS.len(), 0..9_usize, 0..9_usize, any::<u64>()), 0..6),
            between in "[-/_:.a-zA-Zé]{0,2}",
        ) {
            // Words and pieces of them, in letters of either case.
            let piece = |(word, from, to, case): &(usize, usize, usize, u64)| {
                let letters = WORDS[*word].0.chars().skip(*from / 4).take(if *to > 4 { 99 } else { *to });
                let cased = |(nth, c): (usize, char)| {
                    if case >> (nth % 64) & 1 == 1 { c.to_ascii_uppercase() } else { c }
                };
                letters.enumerate().map(cased).collect::<String>()
            };
            let path = picks.iter().map(piece).collect::<Vec<_>>().join(&between);
            let automaton = AhoCorasickBuilder::new()
                .ascii_case_insensitive(true)
                .build(WORDS.iter().map(|(word, _)| word))
                .unwrap();
            let found = automaton.find_overlapping_iter(&path);
            let wanted = found.fold(0, |bits, hit| bits | 1 << WORDS[hit.pattern()].1 as u8);
            prop_assert_eq!(Words::of(&path), Words(wanted), "{}", path);
        }
    }

    #[test]
    fn words_are_found_in_any_case_and_over_each_other() {
        let words = Words::of("/Account/LogIn/refresh");
        assert!(words.login() && words.login_page() && words.refresh());
        assert!(Words::of("/connect/revocation").logout());
        assert_eq!(Words::of("/orders/42"), Words(0));
    }
}
