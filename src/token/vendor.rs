//! Opaque tokens and keys known by the public prefix that their vendor gives them.

/// Who made a token and what kind it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Vendor {
    /// Vendor and kind, `GitHub personal access token`; an API key's name ends in `key`.
    pub name: &'static str,
    prefix: &'static str,
    /// Least characters after the prefix.
    rest: usize,
}

impl Vendor {
    /// Returns whether the vendor calls it a key.
    pub fn is_key(self) -> bool {
        self.name.ends_with("key")
    }
}

const fn of(prefix: &'static str, rest: usize, name: &'static str) -> Vendor {
    Vendor { name, prefix, rest }
}

/// Longer prefixes stand before shorter ones that they begin with.
const VENDORS: &[Vendor] = &[
    of("github_pat_", 20, "GitHub fine-grained personal access token"),
    of("ghp_", 20, "GitHub personal access token"),
    of("gho_", 20, "GitHub OAuth access token"),
    of("ghu_", 20, "GitHub App user token"),
    of("ghs_", 20, "GitHub App installation token"),
    of("ghr_", 20, "GitHub App refresh token"),
    of("glpat-", 16, "GitLab personal access token"),
    of("gldt-", 16, "GitLab deploy token"),
    of("glcbt-", 16, "GitLab CI job token"),
    of("gloas-", 16, "GitLab OAuth application secret"),
    of("glrt-", 16, "GitLab runner token"),
    of("glptt-", 16, "GitLab pipeline trigger token"),
    of("xoxb-", 10, "Slack bot token"),
    of("xoxp-", 10, "Slack user token"),
    of("xoxa-", 10, "Slack app token"),
    of("xoxe-", 10, "Slack configuration refresh token"),
    of("xoxe.", 10, "Slack configuration access token"),
    of("xoxs-", 10, "Slack session token"),
    of("xoxc-", 10, "Slack client token"),
    of("xapp-", 10, "Slack app-level token"),
    of("sk_live_", 10, "Stripe live secret key"),
    of("sk_test_", 10, "Stripe test secret key"),
    of("rk_live_", 10, "Stripe live restricted key"),
    of("rk_test_", 10, "Stripe test restricted key"),
    of("pk_live_", 10, "Stripe live publishable key"),
    of("pk_test_", 10, "Stripe test publishable key"),
    of("whsec_", 16, "webhook signing secret"),
    of("sk-ant-", 16, "Anthropic API key"),
    of("sk-or-", 16, "OpenRouter API key"),
    of("sk-proj-", 16, "OpenAI project API key"),
    of("sk-", 20, "OpenAI-style API key"),
    of("gsk_", 20, "Groq API key"),
    of("AIza", 30, "Google API key"),
    of("ya29.", 16, "Google OAuth access token"),
    of("1//", 20, "Google OAuth refresh token"),
    of("GOCSPX-", 16, "Google OAuth client secret"),
    of("EAA", 40, "Facebook access token"),
    of("IGQ", 40, "Instagram access token"),
    of("SG.", 20, "SendGrid API key"),
    of("npm_", 20, "npm access token"),
    of("pypi-", 20, "PyPI API token"),
    of("shpat_", 16, "Shopify admin access token"),
    of("shpca_", 16, "Shopify custom app access token"),
    of("shpss_", 16, "Shopify shared secret"),
    of("dop_v1_", 20, "DigitalOcean personal access token"),
    of("doo_v1_", 20, "DigitalOcean OAuth token"),
    of("dor_v1_", 20, "DigitalOcean refresh token"),
    of("hf_", 20, "Hugging Face access token"),
    of("AKIA", 16, "AWS access key"),
    of("ASIA", 16, "AWS temporary access key"),
    of("Atza|", 16, "Login with Amazon access token"),
    of("Atzr|", 16, "Login with Amazon refresh token"),
    of("hvs.", 16, "HashiCorp Vault service token"),
    of("hvb.", 16, "HashiCorp Vault batch token"),
    of("patd_", 16, "Pinterest access token"),
    of("pina_", 16, "Pinterest access token"),
    of("PMAK-", 16, "Postman API key"),
    of("dapi", 28, "Databricks personal access token"),
    of("lin_api_", 16, "Linear API key"),
    of("secret_", 30, "Notion integration token"),
    of("ntn_", 20, "Notion integration token"),
    of("figd_", 16, "Figma personal access token"),
    of("sbp_", 20, "Supabase access token"),
    of("sb_secret_", 16, "Supabase secret key"),
    of("sb_publishable_", 16, "Supabase publishable key"),
    of("sntrys_", 20, "Sentry organization token"),
    of("sntryu_", 20, "Sentry user token"),
    of("NRAK-", 16, "New Relic user key"),
    of("glsa_", 20, "Grafana service account token"),
    of("glc_", 20, "Grafana Cloud token"),
    of("dckr_pat_", 16, "Docker Hub personal access token"),
    of("rubygems_", 20, "RubyGems API key"),
    of("cio", 40, "Cargo registry API token"),
    of("ATATT3", 20, "Atlassian API token"),
    of("ATCTT3", 20, "Atlassian access token"),
    of("CFPAT-", 16, "Contentful personal access token"),
    of("nfp_", 20, "Netlify personal access token"),
    of("rnd_", 20, "Render API key"),
    of("ops_eyJ", 20, "1Password service account token"),
    of("ory_at_", 16, "Ory access token"),
    of("ory_rt_", 16, "Ory refresh token"),
    of("ory_st_", 16, "Ory session token"),
    of("sq0atp-", 16, "Square access token"),
    of("EAAA", 40, "Square access token"),
    of("sha256~", 30, "OpenShift OAuth token"),
    of("tvly-", 16, "Tavily API key"),
    of("v2.local.", 16, "PASETO v2 encrypted token"),
    of("v2.public.", 16, "PASETO v2 signed token"),
    of("v3.local.", 16, "PASETO v3 encrypted token"),
    of("v3.public.", 16, "PASETO v3 signed token"),
    of("v4.local.", 16, "PASETO v4 encrypted token"),
    of("v4.public.", 16, "PASETO v4 signed token"),
    of("kdc:", 20, "Kerberos ticket"),
];

/// Returns vendor and kind of a token that begins with a well-known prefix.
///
/// ```
/// # use authopsy::token::vendor_of;
/// let made_up = format!("ghp_{}", "a1B2".repeat(9));
/// assert_eq!(vendor_of(&made_up).unwrap().name, "GitHub personal access token");
/// assert_eq!(vendor_of("ghp_short"), None);
/// ```
pub fn vendor_of(text: &str) -> Option<Vendor> {
    let (lead, _) = text.as_bytes().split_first_chunk()?;
    let known = led_by(*lead).filter_map(|index| VENDORS.get(usize::from(*index))).find(|v| {
        text.strip_prefix(v.prefix).is_some_and(|rest| {
            rest.len() >= v.rest && rest.bytes().all(|b| b.is_ascii_graphic()) && is_mixed(rest)
        })
    });
    known
        .copied()
        .filter(|v| is_specific(v.prefix) || super::is_random(text))
        .or_else(|| okta(text))
}

/// What all prefixes have: three letters, by which most texts are told from all of them.
type Lead = [u8; 3];

/// Returns the places in [`VENDORS`] of prefixes that begin so, in their order.
fn led_by(lead: Lead) -> impl Iterator<Item = &'static u8> {
    let [first, ..] = lead;
    let (from, to) = BUCKETS.get(usize::from(first)).copied().unwrap_or_default();
    let bucket = BY_FIRST.get(usize::from(from)..usize::from(to)).unwrap_or_default();
    bucket.iter().filter(move |(other, _)| *other == lead).map(|(_, index)| index)
}

/// The leads of all prefixes with their places in [`VENDORS`], by their first letter.
#[expect(clippy::indexing_slicing, reason = "a wrong index does not compile")]
#[expect(clippy::cast_possible_truncation, reason = "there are fewer than 256 prefixes")]
const BY_FIRST: [(Lead, u8); VENDORS.len()] = {
    let mut sorted = [([0; 3], 0); VENDORS.len()];
    let (mut first, mut at) = (0, 0);
    while first < 128 {
        let mut index = 0;
        while index < VENDORS.len() {
            let prefix = VENDORS[index].prefix.as_bytes();
            if prefix[0] == first {
                sorted[at] = ([prefix[0], prefix[1], prefix[2]], index as u8);
                at += 1;
            }
            index += 1;
        }
        first += 1;
    }
    sorted
};

/// For each letter where the prefixes that it begins start and end in [`BY_FIRST`].
#[expect(clippy::indexing_slicing, reason = "a wrong index does not compile")]
#[expect(clippy::cast_possible_truncation, reason = "there are fewer than 256 prefixes")]
const BUCKETS: [(u8, u8); 128] = {
    let mut buckets = [(0, 0); 128];
    let mut at = 0;
    while at < BY_FIRST.len() {
        let first = BY_FIRST[at].0[0] as usize;
        if buckets[first].1 == 0 {
            buckets[first].0 = at as u8;
        }
        buckets[first].1 = at as u8 + 1;
        at += 1;
    }
    buckets
};

/// A name written in words has neither digits nor letters of both cases.
fn is_mixed(rest: &str) -> bool {
    let has = |class: fn(&u8) -> bool| rest.as_bytes().iter().any(class);
    has(u8::is_ascii_digit) || (has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase))
}

/// A prefix of letters alone also begins ordinary words; then the rest must look random.
fn is_specific(prefix: &str) -> bool {
    prefix.bytes().any(|b| !b.is_ascii_alphanumeric()) && prefix != "secret_"
}

/// Okta API tokens: `00` and 40 characters of base64url.
fn okta(text: &str) -> Option<Vendor> {
    let fits = text.len() == 42
        && text.starts_with("00")
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        && text.bytes().any(|b| b.is_ascii_uppercase())
        && text.bytes().any(|b| b.is_ascii_lowercase());
    fits.then_some(of("00", 40, "Okta API token"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What [`vendor_of`] says, by all prefixes one after the other.
    fn by_all(text: &str) -> Option<Vendor> {
        let known = VENDORS.iter().find(|v| {
            text.strip_prefix(v.prefix).is_some_and(|rest| {
                rest.len() >= v.rest && rest.bytes().all(|b| b.is_ascii_graphic()) && is_mixed(rest)
            })
        });
        known
            .copied()
            .filter(|v| is_specific(v.prefix) || crate::token::is_random(text))
            .or_else(|| okta(text))
    }

    proptest! {
        #[test]
        fn a_prefix_is_found_among_those_of_its_letters(
            nth in 0..VENDORS.len() + 1,
            cut in 0_usize..12,
            rest in "[a-zA-Z0-9_.é-]{0,48}",
        ) {
            let prefix = VENDORS.get(nth).map_or("00", |v| v.prefix);
            let text = format!("{}{rest}", prefix.get(..cut).unwrap_or(prefix));
            prop_assert_eq!(vendor_of(&text), by_all(&text));
        }
    }

    #[test]
    fn every_prefix_is_known_by_its_letters() {
        for vendor in VENDORS {
            let text = format!("{}{}", vendor.prefix, "a1B2c8Xq".repeat(6));
            assert_eq!(vendor_of(&text), by_all(&text), "{}", vendor.prefix);
            assert!(vendor_of(&text).is_some(), "{}", vendor.prefix);
        }
    }
}
