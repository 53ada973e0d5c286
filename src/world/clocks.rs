//! Clocks: how far those of servers and issuers are ahead of the recorder of each capture.
//!
//! A recorder has one clock, so captures are kept apart; a server's log has the server's own clock and
//! is never corrected. An issuer's clock is another than the API's, and is learned from tokens that
//! were seen at their issue.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Sight, World};
use crate::model::{At, Client, Fingerprint, Seconds, Token};
use crate::tally::{Merge, Offsets, Pair, Tally};

/// How far a clock is ahead of the capture's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Skew {
    /// Median of this clock minus the capture's, corrected for times cut to whole seconds.
    pub median: Seconds,
    /// Half the span between the 10th and the 90th percentile, at least the half second of `Date`.
    pub spread: Seconds,
    /// Answers that were used; for an issuer, tokens.
    pub samples: u64,
    /// What it was read from.
    pub source: ClockSource,
}

/// What a clock was read from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ClockSource {
    /// Uncached `Date` fields.
    Date,
    /// Messages that print the server's time.
    Message,
    /// `iat` and `exp` of tokens at their issue.
    Issue,
}

/// `Date` and times in messages and tokens drop fractions (RFC 9110, section 5.6.7), so they lie half a
/// second early on average.
const CUT: f64 = 0.5;
/// No clock is off for a reader of whole seconds below this.
const RESOLUTION: f64 = 2.0;
/// A spread beyond this is none of a clock: answers of caches, of several nodes, or long waits.
const WIDEST: f64 = 5.0;
/// Fewer `Date` fields than this may all come from one cache that does not say so.
const LEAST_DATES: u64 = 3;

impl Skew {
    /// Returns whether the skew is more than the resolution and the spread of its samples explain.
    pub fn is_real(&self) -> bool {
        self.median.0.abs() > RESOLUTION && self.median.0.abs() > 2.0 * self.spread.0
    }

    /// Returns what two equal clocks may differ by in the eyes of this one; samples that scatter widely
    /// tell no margin.
    pub fn margin(&self) -> Seconds {
        Seconds(self.spread.0.min(WIDEST) + RESOLUTION)
    }

    fn of(offsets: &Offsets, source: ClockSource) -> Option<Self> {
        let at = |quantile| offsets.quantile(quantile).map(|s| s.0);
        let median = Seconds(((at(0.5)? + CUT) * 10.0).round() / 10.0);
        let spread = Seconds(((at(0.9)? - at(0.1)?) / 2.0).max(CUT));
        Some(Self { median, spread, samples: offsets.count(), source })
    }
}

impl ClockSource {
    /// Returns the word for reports: `date`, `message`, `issue`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Date => "date",
            Self::Message => "message",
            Self::Issue => "issue",
        }
    }

    /// Returns the place of its evidence.
    pub const fn place(self) -> &'static str {
        match self {
            Self::Date => "response.headers.date",
            Self::Message => "response.body",
            Self::Issue => "history",
        }
    }
}

/// All clocks.
#[derive(Debug, Default)]
pub(super) struct Clocks {
    pairs: BTreeMap<Pair, Skew>,
    hosts: BTreeMap<Arc<str>, Skew>,
    /// By capture and issuer.
    issuers: BTreeMap<(Arc<str>, String), Skew>,
    all_issuers: BTreeMap<String, Skew>,
    /// Who issued the tokens that do not say it.
    makers: BTreeMap<Fingerprint, String>,
}

impl Clocks {
    pub(super) fn learn(tally: &Tally) -> Self {
        let mut clocks = Self::default();
        let mut hosts: BTreeMap<Arc<str>, (Offsets, Offsets)> = BTreeMap::new();
        for (pair, offsets) in tally.offsets.dates.iter() {
            hosts.entry(Arc::clone(&pair.1)).or_default().0.merge(offsets.clone());
        }
        for (pair, offsets) in tally.offsets.told.iter() {
            hosts.entry(Arc::clone(&pair.1)).or_default().1.merge(offsets.clone());
            if tally.offsets.dates.get(pair).is_none() {
                clocks.pairs.extend(chosen(None, Some(offsets)).map(|skew| (pair.clone(), skew)));
            }
        }
        for (pair, offsets) in tally.offsets.dates.iter() {
            let skew = chosen(Some(offsets), tally.offsets.told.get(pair));
            clocks.pairs.extend(skew.map(|skew| (pair.clone(), skew)));
        }
        for (host, (dates, told)) in hosts {
            clocks.hosts.extend(chosen(Some(&dates), Some(&told)).map(|skew| (host, skew)));
        }
        clocks.issuers(tally);
        clocks
    }

    fn issuers(&mut self, tally: &Tally) {
        let token = |mark: Option<Fingerprint>| {
            let mark = mark?;
            let token = tally.token(mark)?;
            token.iat.as_ref().or(token.exp.as_ref()).map(|_| (mark, token))
        };
        let mut pairs: BTreeMap<(Arc<str>, String), Offsets> = BTreeMap::new();
        let mut all: BTreeMap<String, Offsets> = BTreeMap::new();
        for (_, issue) in tally.issues.iter() {
            let made = token(issue.issued.access).or_else(|| token(issue.issued.id));
            let Some((mark, token)) = made else { continue };
            let host = || issue.endpoint.host.as_deref().map(str::to_owned);
            let Some(maker) = token.iss.clone().or_else(host) else { continue };
            if token.iss.is_none() {
                // Of two makers of one token the first by name: the order of reading must not show.
                let known = self.makers.entry(mark).or_insert_with(|| maker.clone());
                if maker < *known {
                    known.clone_from(&maker);
                }
            }
            if let (Some(tenths), Some(capture)) = (issue.ahead, &issue.client.capture) {
                let offset = Seconds(f64::from(tenths) / 10.0);
                pairs.entry((Arc::clone(capture), maker.clone())).or_default().push(offset);
                all.entry(maker).or_default().push(offset);
            }
        }
        let skew = |offsets: &Offsets| Skew::of(offsets, ClockSource::Issue);
        self.issuers = pairs.iter().filter_map(|(k, o)| Some((k.clone(), skew(o)?))).collect();
        self.all_issuers = all.iter().filter_map(|(k, o)| Some((k.clone(), skew(o)?))).collect();
    }

    /// Returns the clock of a host against the recorder of this client's requests: of this capture, else
    /// of all captures where the few samples of this one agree.
    pub(super) fn of_host(&self, client: &Client, host: &Arc<str>) -> Option<Skew> {
        let capture = client.capture.as_ref()?;
        let own = self.pairs.get(&(Arc::clone(capture), Arc::clone(host)));
        if let Some(own) = own.filter(|own| own.is_enough()) {
            return Some(*own);
        }
        let all = self.hosts.get(host).filter(|all| all.is_enough())?;
        let agrees = |own: &Skew| (own.median.0 - all.median.0).abs() <= all.margin().0;
        own.is_some_and(agrees).then_some(*all)
    }
}

impl Skew {
    fn is_enough(&self) -> bool {
        self.source != ClockSource::Date || self.samples >= LEAST_DATES
    }
}

/// Returns the clock to judge by: the verifier's own word, where it is more than one, goes before
/// `Date`, which may be that of a proxy in front of it.
fn chosen(dates: Option<&Offsets>, told: Option<&Offsets>) -> Option<Skew> {
    let date = dates.and_then(|o| Skew::of(o, ClockSource::Date));
    let told = told.and_then(|o| Skew::of(o, ClockSource::Message));
    let sure = told.filter(|skew| skew.samples > 1);
    sure.or(date.filter(Skew::is_enough)).or(told).or(date)
}

impl World<'_> {
    /// Returns the skew of a host's clock against the recorder of this client's requests; `None` in a
    /// server's log, whose clock is the server's own, and where too few answers tell.
    pub fn skew(&self, client: &Client, host: Option<&Arc<str>>) -> Option<Skew> {
        self.clocks.of_host(client, host?)
    }

    /// Returns the skew of the clock of a token's issuer against the recorder of this client's requests.
    pub fn issuer_skew(&self, client: &Client, token: &Token) -> Option<Skew> {
        let capture = Arc::clone(client.capture.as_ref()?);
        let maker = self.maker(token)?.to_owned();
        self.clocks.issuers.get(&(capture, maker)).copied()
    }

    /// Returns when a client used a token first, let in or refused.
    pub fn first_sight(&self, mark: Fingerprint, client: &Client) -> Option<At> {
        let who = self.who(client);
        let first = |sight: Sight<'_>| match sight {
            Sight::LetIn(usage) if self.who(&usage.client) == who => usage.times.first(),
            Sight::Refused(group, facts) if self.who(&facts.client) == who => group.times.first(),
            _ => None,
        };
        self.sights(mark).filter_map(first).min()
    }

    /// Returns who issued a token: its `iss`, else the host that was seen to hand it out.
    pub fn maker<'a>(&'a self, token: &'a Token) -> Option<&'a str> {
        let seen = || self.clocks.makers.get(&token.fingerprint?).map(String::as_str);
        token.iss.as_deref().or_else(seen)
    }

    /// Returns the clocks of all hosts, over all captures.
    pub const fn skews(&self) -> &BTreeMap<Arc<str>, Skew> {
        &self.clocks.hosts
    }

    /// Returns the clocks of all issuers, over all captures.
    pub const fn issuer_skews(&self) -> &BTreeMap<String, Skew> {
        &self.clocks.all_issuers
    }
}
