//! One look at everything that was let in, by all cores.
//!
//! What is written of a use, its client, credential and token lies in a dozen places of memory, and to wait
//! for those takes longer than anything that is done with them. So each use is looked at once: what its
//! profile and the tables of the index need is read off a few hundred uses while they are near, and put
//! down side by side. Their parts are fetched one kind after the other, in loops so short that a core waits
//! for a dozen at once. What several cores found follows each other in the order of the uses.

use std::collections::HashSet;

use foldhash::quality::FixedState;
use rayon::prelude::*;

use super::Entry;
use super::clients::{Glimpse, Marker, Seeds};
use super::clocks::Clocks;
use super::debuts::MakeDebuts;
use super::look::{Hosts, Look};
use super::mark_of;
use super::profile::Profiles;
use super::thresholds::Thresholds;
use super::veils::Veils;
use crate::model::{Credential, Endpoint, Fingerprint, Scheme, Token};
use crate::tally::{Tally, Use};

/// Uses that are near at once: what is written of each takes a kilobyte and stands on a dozen pages of
/// memory, and a core has a megabyte and some thousand pages at hand.
pub(super) const NEAR: usize = 128;
/// Uses that one core looks at before it takes others.
pub(super) const PIECE: usize = 4096;

/// What is known before a use is looked at.
#[derive(Debug)]
pub(super) struct Ground<'g, 't> {
    pub(super) tally: &'t Tally,
    pub(super) clocks: &'g Clocks,
    /// Endpoints that refused.
    pub(super) guarded: &'g HashSet<&'t Endpoint, FixedState>,
}

/// What some of the uses tell, side by side and in their order.
#[derive(Debug)]
pub(super) struct Gist<'t> {
    marker: Marker,
    /// Their clients, one a use.
    pub(super) clients: Vec<Glimpse<'t>>,
    /// What is asked of them again and again, one a use.
    pub(super) looks: Vec<Look<'t>>,
    /// The hosts that those name.
    pub(super) hosts: Hosts<'t>,
    /// Credentials let in.
    pub(super) entries: Vec<Entry<'t>>,
    /// Where those were let in.
    pub(super) thresholds: Thresholds<'t>,
    pub(super) profiles: Profiles<'t>,
    pub(super) debuts: MakeDebuts<'t>,
    pub(super) veils: Veils,
}

impl<'t> Gist<'t> {
    /// Looks at uses, on all threads of the pool; returns pieces in their order.
    pub(super) fn of(ground: &Ground<'_, 't>, seeds: &Seeds, uses: &[&'t Use]) -> Vec<Self> {
        let look = |(at, piece): (usize, &[&'t Use])| {
            let mut gist = Self::new(seeds, piece.len());
            for (start, near) in (at * PIECE..).step_by(NEAR).zip(piece.chunks(NEAR)) {
                gist.add(ground, start, near);
                gist.make_room(piece.len());
            }
            gist
        };
        uses.par_chunks(PIECE).enumerate().map(look).collect()
    }

    fn new(seeds: &Seeds, uses: usize) -> Self {
        Self {
            marker: Marker::of(seeds),
            clients: Vec::with_capacity(uses),
            looks: Vec::with_capacity(uses),
            hosts: Hosts::default(),
            entries: Vec::with_capacity(uses),
            thresholds: Thresholds::default(),
            profiles: Profiles::default(),
            debuts: MakeDebuts::default(),
            veils: Veils::default(),
        }
    }

    /// Makes room for the entries of so many uses in all, as those that were looked at let expect, and a
    /// little more: a list that grows by and by leaves twice its memory behind.
    fn make_room(&mut self, uses: usize) {
        let (seen, here) = (self.looks.len().max(1), self.entries.len());
        let expected = here.saturating_mul(uses.saturating_sub(seen)) / seen;
        if self.entries.capacity() < here.saturating_add(expected) {
            self.entries.reserve_exact(expected.saturating_add(expected / 8));
        }
    }

    fn add(&mut self, ground: &Ground<'_, 't>, start: usize, near: &[&'t Use]) {
        let credentials = near.iter().map(|usage| usage.credential.as_deref());
        let credentials: Vec<Option<&'t Credential>> = credentials.collect();
        let marks = credentials.iter().map(|credential| credential.and_then(mark_of));
        let marks: Vec<Option<Fingerprint>> = marks.collect();
        let tokens = marks.iter().map(|mark| ground.tally.token((*mark)?));
        let tokens: Vec<Option<&'t Token>> = tokens.collect();
        self.clients.extend(near.iter().map(|usage| self.marker.look(&usage.client)));
        let all = || near.iter().copied().zip(&marks).zip(&tokens);
        for ((usage, mark), token) in all() {
            let first = usage.times.first();
            let subject = token.and_then(|t| t.sub.as_deref());
            let host = self.hosts.number(usage.host.as_ref());
            self.looks.push(Look::new(*mark, first, subject, host));
            self.debuts.note(*token, first);
        }
        for ((place, ((usage, mark), token)), credential) in (start..).zip(all()).zip(&credentials)
        {
            let Some(credential) = credential else { continue };
            let scheme = credential.scheme.as_ref().map_or("", Scheme::as_str);
            let first = self.entries.len();
            for (endpoint, times) in usage.endpoints.iter() {
                let door = self.thresholds.pass(endpoint, scheme, *mark, ground.guarded);
                self.entries.push(Entry::of(place, door, times));
            }
            self.veils.note_use(usage);
            let entries = self.entries.get(first..).unwrap_or_default();
            let guarded = entries.iter().filter(|entry| self.thresholds.is_guarded(entry.door));
            self.profiles.note(ground, usage, *token, guarded.map(|entry| entry.times));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::super::debuts::Debuts;
    use super::*;
    use crate::model::{
        At, Client, Fault, Kind, Make, Names, NumericDate, Oddity, Place, State, Unit,
    };

    /// A token of which everything that a profile looks at depends on the number.
    fn token(n: u8) -> Token {
        let n = u64::from(n);
        let word = |kind: &str, n: u64| format!("{kind}{n}");
        let names = |kind: &str, few: u64| -> Names {
            (0..few).map(|n| word(kind, n)).collect::<Vec<_>>().into()
        };
        let make = Make {
            form: if n % 5 == 4 { crate::model::Form::Opaque } else { crate::model::Form::Jws },
            faults: if n % 7 == 3 { vec![Fault::NoAlg] } else { Vec::new() },
            alg: Some(word("alg", n % 2)),
            kid: (n % 3 > 0).then(|| word("kid", n % 3)),
            iss: (n % 4 > 0).then(|| word("iss", n % 4)),
            aud: (0..n % 3).map(|n| word("aud", n)).collect(),
            aud_is_list: n % 2 == 0,
            scopes: names("scope", n % 4),
            claims: names("claim", 3 + n % 4),
            ..Make::default()
        };
        let date = |secs: u64| Some(NumericDate::of_secs(secs));
        Token {
            fingerprint: Some(Fingerprint::new(u128::from(n) << 70)),
            sub: (n % 3 != 1).then(|| word("sub:", n % 5).into()),
            exp: if n % 6 == 0 { None } else { date(10 + n) },
            nbf: if n % 2 == 0 { date(8 + n) } else { None },
            iat: Some(NumericDate::new(
                NumericDate::of_secs(n).at,
                if n % 2 == 0 { Unit::Seconds } else { Unit::Millis },
                true,
                n.to_string(),
            )),
            ..Token::of(make)
        }
    }

    fn usage((host, token, odd): (u8, u8, u8), seen: &[(u8, i64)], names: &[Arc<str>]) -> Box<Use> {
        let place = if odd % 5 == 0 {
            Place::Query("t".into())
        } else {
            Place::Header("authorization".into())
        };
        let credential = Credential {
            kind: [Kind::Jwt, Kind::Opaque, Kind::Basic][usize::from(odd % 3)],
            scheme: (odd % 4 > 0).then_some(Scheme::Bearer),
            place,
            state: State::Present,
            fingerprint: None,
            token: (token < 9).then_some(Fingerprint::new(u128::from(token) << 70)),
            oddities: (odd % 7 == 0).then(|| Oddity::Placeholder("x".into())).into_iter().collect(),
            user: None,
        };
        let name = |n: u8| names.get(usize::from(n)).cloned();
        let client = Client { capture: None, ip: name(odd % 3), user_agent: name(token % 2) };
        let host = name(3 + host);
        let mut usage = Use {
            client,
            host: host.clone(),
            credential: Some(Arc::new(credential)),
            at_issuer: odd % 11 == 10,
            ..Use::default()
        };
        for (path, at) in seen {
            let path: Arc<str> = ["/a", "/b/***", "/c"][usize::from(*path) % 3].into();
            let endpoint = Endpoint { method: None, host: host.clone(), path };
            usage.endpoints.slot(&endpoint).unwrap().push(At::from_secs(*at));
            usage.times.push(At::from_secs(*at));
        }
        Box::new(usage)
    }

    /// What the looks of a piece show, with the hosts by name.
    fn looked<'a>(gist: &'a Gist<'_>) -> impl Iterator<Item = String> + 'a {
        let host = |number: u32| gist.hosts.name(number);
        gist.looks.iter().map(move |look| {
            format!("{:?}", (look.mark(), look.first(), look.subject(), host(look.host)))
        })
    }

    /// The same read off a use.
    fn told(tally: &Tally, usage: &Use) -> String {
        let mark = usage.credential.as_deref().and_then(mark_of);
        let subject = mark.and_then(|mark| tally.token(mark)?.sub.as_deref());
        format!("{:?}", (mark, usage.times.first(), subject, usage.host.as_ref()))
    }

    /// The entries of a piece, with their endpoints by name.
    fn entered<'a>(gist: &'a Gist<'_>) -> impl Iterator<Item = String> + 'a {
        gist.entries.iter().map(|entry| {
            let door = gist.thresholds.name(entry.door);
            format!("{:?}", (entry.place, door, entry.times, entry.ends))
        })
    }

    proptest! {
        #[test]
        fn pieces_tell_in_their_order_what_the_whole_tells(
            made in prop::collection::vec(
                ((0u8..2, 0u8..12, 0u8..23), prop::collection::vec((0u8..3, 0i64..30), 0..4)),
                0..24,
            ),
            cut in 0usize..24,
        ) {
            let names: Vec<Arc<str>> = ["192.0.2.1", "192.0.2.2", "agent", "one", "two"].map(Arc::from).into();
            let mut tally = Tally::default();
            for n in 0..9 {
                tally.tokens.slot(u128::from(n) << 70).unwrap().0 = Some(Arc::new(token(n)));
            }
            let made: Vec<Box<Use>> =
                made.iter().map(|(kind, seen)| usage(*kind, seen, &names)).collect();
            let uses: Vec<&Use> = made.iter().map(|usage| &**usage).collect();
            let door = |path: &str| Endpoint {
                method: None,
                host: Some("one".into()),
                path: path.into(),
            };
            let doors = ["/a", "/b/***"].map(door);
            let guarded: HashSet<&Endpoint, FixedState> = doors.iter().collect();
            let clocks = Clocks::learn(&tally);
            let ground = Ground { tally: &tally, clocks: &clocks, guarded: &guarded };
            let clients = super::super::clients::Clients::default();
            let [mut whole, mut first, mut second] = [(); 3].map(|()| Gist::new(clients.seeds(), 0));
            let (left, right) = uses.split_at(cut.min(uses.len()));
            whole.add(&ground, 0, &uses);
            first.add(&ground, 0, left);
            second.add(&ground, left.len(), right);
            prop_assert_eq!(
                format!("{:?}", whole.clients),
                format!("{:?}", [&*first.clients, &second.clients].concat())
            );
            prop_assert_eq!(
                looked(&whole).collect::<Vec<_>>(),
                looked(&first).chain(looked(&second)).collect::<Vec<_>>()
            );
            prop_assert_eq!(
                looked(&whole).collect::<Vec<_>>(),
                made.iter().map(|usage| told(&tally, usage)).collect::<Vec<_>>()
            );
            prop_assert_eq!(
                entered(&whole).collect::<Vec<_>>(),
                entered(&first).chain(entered(&second)).collect::<Vec<_>>()
            );
            first.profiles.merge(std::mem::take(&mut second.profiles));
            prop_assert_eq!(
                std::mem::take(&mut first.profiles).all(),
                std::mem::take(&mut whole.profiles).all()
            );
            let (mut debuts, mut wanted) = (Debuts::default(), Debuts::default());
            for usage in &made {
                let mark = usage.credential.as_deref().and_then(mark_of);
                let token = mark.and_then(|mark| tally.token(mark));
                if let (Some(token), Some(first)) = (token, usage.times.first()) {
                    wanted.note(&token.make, first);
                }
            }
            for piece in [first.debuts, second.debuts] {
                debuts.merge(piece);
            }
            prop_assert_eq!(debuts, wanted);
            first.veils.merge(std::mem::take(&mut second.veils));
            prop_assert_eq!(first.veils, whole.veils);
            for (usage, client) in made.iter().zip(&whole.clients) {
                prop_assert!(clients.is_of(client, &usage.client), "a mark is that of the names");
            }
        }
    }
}
