//! The post-mortem in order, and the one sentence that says what happened.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;

use foldhash::fast::FixedState;

use super::{Judged, note};
use crate::model::{
    Affected, At, CauseRow, Class, Client, Fingerprint, Report, StoryItem, Time, Token, Totals,
};
use crate::world::{Sight, World};

/// Names of hosts and endpoints that are longer are only counted in the sentence, in bytes.
const LONG: usize = 80;

/// Bits of a mark that are not shown.
const HIDDEN: u32 = 80;

/// A moment whose words are not made yet; two of equal words are equal. There are as many as refused tokens,
/// and few are told: none is larger than it must be.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Moment<'a> {
    /// Refusals of one cause and token.
    Refused(&'a Alike<'a>),
    Expires(Shown),
    LetInLast(Shown),
    Ending(&'static str),
    RefreshRefused,
    Renewed {
        login: bool,
        access: Option<Shown>,
    },
}

/// Failures of one cause and token: most stand alone.
#[derive(Debug)]
struct Alike<'j> {
    /// The earliest.
    first: &'j Judged<'j>,
    /// Number of the endpoint of some of them.
    place: u32,
    /// Numbers of all other endpoints, as many as there are beside any of them; `None` for none.
    #[expect(clippy::box_collection, reason = "nearly all have none, and a set takes six words")]
    others: Option<Box<HashSet<u32, FixedState>>>,
    count: u64,
}

impl<'j> Alike<'j> {
    fn of(first: &'j Judged<'j>) -> Self {
        Self { first, place: first.place(), others: None, count: 0 }
    }

    fn add(&mut self, item: &'j Judged<'j>) {
        if item.bucket.first < self.first.bucket.first {
            self.first = item;
        }
        if item.place() != self.place {
            self.others.get_or_insert_default().insert(item.place());
        }
        self.count += item.bucket.count;
    }

    /// Returns how many endpoints there are beside the first.
    fn others(&self) -> usize {
        self.others.as_ref().map_or(0, |others| others.len())
    }

    /// Returns all that its words are made of; the endpoint by its number.
    fn told(&self) -> (&str, u32, usize, Option<Shown>, u64) {
        let Self { first, count, .. } = self;
        (first.cause(), first.place(), self.others(), first.token().map(Shown::of), *count)
    }
}

impl PartialEq for Alike<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.told() == other.told()
    }
}

impl Eq for Alike<'_> {}

impl PartialOrd for Alike<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Alike<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.told().cmp(&other.told())
    }
}

/// What is shown of a mark: its first 48 bits.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Shown(u64);

impl Shown {
    fn of(mark: Fingerprint) -> Self {
        Self((mark.number() >> HIDDEN) as u64)
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Fingerprint::new(u128::from(self.0) << HIDDEN).fmt(f)
    }
}

/// Tells the first `most` moments that explain the failures, one sentence each, in order; returns with them
/// how many there are in all.
pub(super) fn tell(
    world: &World<'_>,
    judged: &[Judged<'_>],
    most: usize,
) -> (Vec<StoryItem>, usize) {
    let show = |at| Time { at, digits: 3, zone_assumed: false }.to_string();
    let failures = judged.iter().filter(|j| j.timed && j.class == Class::Failure);
    let mut groups: HashMap<(&str, Option<Fingerprint>), Alike<'_>, FixedState> =
        HashMap::default();
    for item in failures {
        groups.entry((item.cause(), item.token())).or_insert_with(|| Alike::of(item)).add(item);
    }
    let groups: Vec<Alike<'_>> = groups.into_values().collect();
    let mut told: Vec<(At, Moment<'_>)> = Vec::with_capacity(groups.len());
    let mut clients: HashMap<Option<u32>, &Client, FixedState> = HashMap::default();
    for alike in &groups {
        let Alike { first, .. } = alike;
        told.push((first.bucket.first, Moment::Refused(alike)));
        if first.cause().starts_with("time.")
            && let Some(exp) = first.decoded().and_then(Token::expires)
            && let Some(mark) = first.token()
        {
            told.push((exp, Moment::Expires(Shown::of(mark))));
            let last = world.sights(mark).filter_map(|sight| match sight {
                Sight::LetIn(usage) => usage.times.last(),
                Sight::Refused(..) => None,
            });
            told.extend(last.max().map(|last| (last, Moment::LetInLast(Shown::of(mark)))));
        }
        clients.insert(first.client(), &first.facts().client);
    }
    for client in clients.into_values().filter(|client| world.has_flow(client)) {
        let endings = world.endings(client, None).into_iter();
        let endings = endings.filter(|ending| !ending.what.contains("logged in"));
        told.extend(endings.map(|ending| (ending.at, Moment::Ending(ending.what))));
        let refused = world.refused_refreshes(client, None).into_iter();
        told.extend(refused.map(|refused| (refused.at, Moment::RefreshRefused)));
        let renewals = world.renewals(client, None).into_iter();
        told.extend(renewals.map(|renewal| {
            let (login, access) = (renewal.login, renewal.access.map(Shown::of));
            (renewal.at, Moment::Renewed { login, access })
        }));
    }
    told.sort_unstable();
    told.dedup();
    let all = told.len();
    let told = earliest(told, most, Moment::words);
    let told = told.into_iter().map(|(at, text)| StoryItem {
        time: Some(show(at)),
        text,
        evidence: vec![note("read off the capture".into(), "history")],
    });
    (told.collect(), all)
}

/// Returns the first `most` in order of time, then of their words, which are made for few more than these.
fn earliest<M>(
    mut all: Vec<(At, M)>,
    most: usize,
    words: impl Fn(&M) -> String,
) -> Vec<(At, String)> {
    if let Some(last) = most.checked_sub(1).filter(|last| *last < all.len()) {
        let (_, (until, _), _) = all.select_nth_unstable_by_key(last, |(at, _)| *at);
        let until = *until;
        all.retain(|(at, _)| *at <= until);
    }
    let told: BTreeSet<(At, String)> = all.iter().map(|(at, what)| (*at, words(what))).collect();
    told.into_iter().take(most).collect()
}

impl Moment<'_> {
    fn words(&self) -> String {
        match self {
            Self::Refused(alike) => {
                let (cause, _, others, token, count) = alike.told();
                let title = super::causes_title(cause);
                let times = if count == 1 { "once".to_owned() } else { format!("{count} times") };
                let who = token.map_or_else(String::new, |mark| format!(", {mark}"));
                let others = match others {
                    0 => String::new(),
                    1 => " and one more endpoint".to_owned(),
                    n => format!(" and {n} more endpoints"),
                };
                let endpoint = alike.first.facts().endpoint.to_string();
                format!("{title} (`{cause}`): {}{others}{who}, {times}", spot(&endpoint))
            }
            Self::Expires(mark) => format!("{mark} expires"),
            Self::LetInLast(mark) => format!("{mark} is let in for the last time"),
            Self::Ending(what) => (*what).to_owned(),
            Self::RefreshRefused => "the token endpoint refuses a refresh".to_owned(),
            Self::Renewed { login, access } => {
                let what = if *login { "a login" } else { "a refresh" };
                let new = access.map_or_else(|| "a token".to_owned(), |mark| mark.to_string());
                format!("{what} gives {new}")
            }
        }
    }
}

/// Returns a sentence or two: what failed, where, since when, for whom, why.
pub(super) fn summary(report: &Report) -> String {
    let totals = &report.totals;
    let read = count(totals.exchanges, "exchange");
    if totals.exchanges == 0 {
        return "No exchange was read.".into();
    }
    let unseen = report.left_out.get(super::REFUSALS).copied().unwrap_or(0);
    let left = (unseen > 0)
        .then(|| format!("{} left out for want of room.", count(unseen, "more refusal")));
    if totals.failure == 0 {
        let none = match unseen {
            0 => format!("No auth failure in {read}."),
            _ => format!("No auth failure is known in {read}."),
        };
        return [Some(none), steps(totals), others(totals), left]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(" ");
    }
    let affected = &report.affected;
    let when = affected.first.as_deref().zip(affected.last.as_deref());
    let when = when.map_or_else(String::new, |(first, last)| period(first, last));
    let least = if unseen > 0 { "At least " } else { "" };
    let what = format!("{least}{} of {read} failed to authenticate", totals.failure);
    let left = left.map_or_else(String::new, |left| format!(" {left}"));
    let causes: Vec<_> = report.causes.iter().filter(|c| c.class == Class::Failure).collect();
    format!("{what}{}{when}{}.{}{left}", place(affected), whom(affected), why(&causes))
}

/// Says where: the two hosts that were hit most, where none is known the one endpoint.
fn place(affected: &Affected) -> String {
    let (at, names, one) = match affected.hosts.as_slice() {
        [] => (" at ", affected.endpoints.as_slice(), "endpoint"),
        hosts => (" on ", hosts, "host"),
    };
    let all = affected.distinct(&format!("{one}s"));
    // A name that fills lines tells less than the number.
    let mut named = names.iter().map(|(name, _)| spot(name)).take_while(|name| name.len() <= LONG);
    match (all, named.next(), named.next()) {
        (0, ..) => String::new(),
        (1, Some(name), _) => format!("{at}{name}"),
        (2, Some(a), Some(b)) if one == "host" => format!("{at}{a} and {b}"),
        (_, Some(a), Some(b)) if one == "host" => {
            format!("{at}{a}, {b} and {}", count(all.saturating_sub(2), &format!("more {one}")))
        }
        (_, Some(a), _) => {
            format!("{at}{a} and {}", count(all.saturating_sub(1), &format!("more {one}")))
        }
        (_, None, _) => format!("{at}{}", count(all, one)),
    }
}

/// Returns an endpoint as a sentence names it: an unknown method is not said.
fn spot(endpoint: &str) -> &str {
    endpoint.strip_prefix("- ").unwrap_or(endpoint)
}

/// Says why in a few words: the cause, or how many there are and which is the most frequent.
fn why(causes: &[&CauseRow]) -> String {
    let (blind, known): (Vec<&CauseRow>, Vec<&CauseRow>) =
        causes.iter().copied().partition(|cause| cause.id == "unknown");
    let blind: u64 = blind.iter().map(|cause| cause.count).sum();
    let rest = match blind {
        0 => String::new(),
        n => format!(" Of {} the cause is not visible.", count(n, "failure")),
    };
    match known.as_slice() {
        [] if blind > 0 => " Why is not visible in it.".to_owned(),
        [] => String::new(),
        [only] if blind == 0 => format!(" The cause: {}.", lower(&only.title)),
        [only] => {
            format!(" The cause of {}: {}.{rest}", count(only.count, "failure"), lower(&only.title))
        }
        [top, others @ ..] if others.iter().all(|cause| cause.count == top.count) => {
            format!(" {} causes with {} each.{rest}", known.len(), count(top.count, "failure"))
        }
        [top, ..] => format!(
            " {} causes; most often ({}): {}.{rest}",
            known.len(),
            count(top.count, "time"),
            lower(&top.title)
        ),
    }
}

/// Says whose requests failed: `, for 3 clients at 1 address and 2 users`; nothing where none is known.
///
/// Clients are told apart by address and user agent, so several may stand behind one address.
fn whom(affected: &Affected) -> String {
    let some = |name: &str, one: &str| {
        Some(affected.distinct(name)).filter(|n| *n > 0).map(|n| count(n, one))
    };
    let (clients, addresses) = (affected.distinct("clients"), affected.distinct("addresses"));
    let clients = some("clients", "client").map(|text| match addresses {
        0 => text,
        1 if clients > 1 => format!("{text} at 1 address"),
        n if n < clients => format!("{text} at {n} addresses"),
        _ => text,
    });
    match (clients, some("users", "user")) {
        (Some(clients), Some(users)) => format!(", for {clients} and {users}"),
        (Some(one), None) | (None, Some(one)) => format!(", for {one}"),
        (None, None) => String::new(),
    }
}

/// Says when in whole seconds: `, at T UTC`, `, from T to T UTC`; the day stands once where it is one.
fn period(first: &str, last: &str) -> String {
    let whole = |time: &str| time.get(..19).map(|t| t.replacen('T', " ", 1));
    let (Some(from), Some(to)) = (whole(first), whole(last)) else {
        return format!(", from {first} to {last}");
    };
    match (from == to, from.get(..10) == to.get(..10)) {
        (true, _) => format!(", at {from} UTC"),
        (false, true) => format!(", from {from} to {} UTC", to.get(11..).unwrap_or(&to)),
        (false, false) => format!(", from {from} to {to} UTC"),
    }
}

/// Returns `1 exchange`, `2 exchanges`.
fn count(n: u64, one: &str) -> String {
    format!("{n} {one}{}", if n == 1 { "" } else { "s" })
}

fn steps(totals: &Totals) -> Option<String> {
    match totals.expected {
        0 => None,
        1 => Some("1 refusal was a step of a normal protocol.".into()),
        n => Some(format!("{n} refusals were steps of a normal protocol.")),
    }
}

fn others(totals: &Totals) -> Option<String> {
    match totals.lookalike {
        0 => None,
        1 => Some("1 was refused for another reason than auth.".into()),
        n => Some(format!("{n} were refused for other reasons than auth.")),
    }
}

/// Lower-cases the first letter unless it begins a name (`JWT`, `Basic`).
fn lower(title: &str) -> String {
    let mut chars = title.chars();
    match (chars.next(), chars.next()) {
        (Some(a), Some(b))
            if b.is_lowercase() && !title.starts_with("Basic") && !title.starts_with("Digest") =>
        {
            a.to_lowercase().collect::<String>() + &title[a.len_utf8()..]
        }
        _ => title.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_earliest_moments_are_those_of_the_whole_list(
            all in prop::collection::hash_set((0i64..6, 0u8..20), 0..40), most in 0usize..45,
        ) {
            let words = |what: &u8| format!("moment {what}");
            let whole: BTreeSet<(At, String)> =
                all.iter().map(|(at, what)| (At(*at), words(what))).collect();
            let wanted: Vec<_> = whole.into_iter().take(most).collect();
            let all: Vec<(At, u8)> = all.into_iter().map(|(at, what)| (At(at), what)).collect();
            prop_assert_eq!(earliest(all, most, words), wanted);
        }
    }

    #[test]
    fn moments_are_equal_where_their_words_are() {
        let mark = |bits: u128| Shown::of(Fingerprint::new(bits));
        let (a, b) = (mark(0xabc << 80), mark((0xabc << 80) + 1));
        let all = [
            Moment::Expires(a),
            Moment::Expires(b),
            Moment::Expires(mark(1)),
            Moment::LetInLast(a),
        ];
        assert_eq!(mark(0xabc << 80).to_string(), Fingerprint::new(0xabc << 80).to_string());
        assert!(size_of::<(At, Moment<'_>)>() <= 32, "there are as many as refused tokens");
        for (x, y) in all.iter().flat_map(|x| all.iter().map(move |y| (x, y))) {
            assert_eq!(x == y, x.words() == y.words(), "{x:?} {y:?}");
            assert_eq!(x.cmp(y) == Ordering::Equal, x == y, "{x:?} {y:?}");
        }
    }
}
