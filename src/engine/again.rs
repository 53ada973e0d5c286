//! Requests that were let in with a token or without, counted without a record of their own.
//!
//! The first request of each kind is gathered in full, and its record says what all others of its kind
//! come to. Tests hold both ways against each other.

use std::collections::HashMap;
use std::hash::BuildHasher;

use foldhash::{fast::FixedState, quality::RandomState};

use super::plain::{Kind, Site};
use crate::evidence::{self, Context, Likeness, Sent};
use crate::model::{Endpoint, Exchange, Observer, Record, Visibility};
use crate::tally::{Crowd, Passage, Tally, Told, Used, Visit, place_mark};

/// Kinds that are remembered; then all are forgotten, and it begins anew.
const MOST: usize = 8192;

/// What kinds of requests come to; what it remembers changes the speed, never the result.
#[derive(Debug, Default)]
pub(super) struct Again {
    /// By 128 bits of a hash with seeds of this process.
    kinds: HashMap<u128, Kind<Common>, FixedState>,
    seeds: [RandomState; 2],
    /// The kind of the request that was looked at last and was not known, and its token where it bore
    /// the field `Authorization`.
    unknown: Option<(u128, Option<Sent>)>,
}

/// What the requests of a kind have in common: all but client, time, token and ids.
#[derive(Debug)]
struct Common {
    /// Source name of the input.
    source: std::sync::Arc<str>,
    endpoint: Endpoint,
    place: u64,
    node: Option<String>,
    observer: Observer,
    sees_all: bool,
    /// None of them bears a credential.
    bare: bool,
}

impl Again {
    /// Hands over what a request adds to a tally when it is of a known kind; else returns `false`.
    pub(super) fn pass(
        &mut self,
        exchange: &Exchange<'_>,
        site: Site<'_>,
        context: &mut Context<'_>,
        tally: &mut Tally,
        crowd: &mut Crowd,
    ) -> bool {
        self.unknown = None;
        let Some(likeness) = evidence::likeness(exchange) else { return false };
        let mark = self.mark(&likeness);
        let common = match self.kinds.get(&mark) {
            Some(Kind::Same(common)) if common.source == *site.source => common,
            Some(Kind::Own) => return false,
            _ => {
                let sent = evidence::sent(exchange, context);
                // One whose value is odd may be told otherwise than the next of its kind.
                if sent.is_some() || !evidence::bears(exchange) {
                    self.unknown = Some((mark, sent));
                }
                return false;
            }
        };
        let Common { endpoint, .. } = &**common;
        let sent = if common.bare {
            None
        } else {
            match evidence::sent(exchange, context).filter(|sent| sent.leaves(endpoint)) {
                Some(sent) => Some(sent),
                None => return false,
            }
        };
        let agent = evidence::agent(exchange, context);
        let (Some(time), Some(status), Some(agent)) = (exchange.time, exchange.status, agent)
        else {
            return false;
        };
        let said = |text: &&str| !matches!(*text, "" | "-");
        let ids = evidence::ids(exchange, endpoint);
        let passage = Passage {
            source: site.source,
            time,
            url: &exchange.url,
            method: endpoint.method.as_deref(),
            status,
            observer: common.observer,
            visit: Visit {
                capture: None,
                ip: exchange.client_ip.as_deref().filter(said),
                agent: agent.as_ref(),
                place: common.place,
                endpoint,
                at: Some(time.at),
            },
            told: Told::Use(&Used {
                credential: sent.as_ref().and_then(Sent::credential),
                token: sent.as_ref().and_then(Sent::token),
                node: common.node.as_deref(),
                sees_all: common.sees_all,
                ids: &ids,
                member: site.member,
                position: site.position,
            }),
        };
        tally.pass(&passage, crowd);
        true
    }

    /// Learns from the record of the request that was looked at last.
    pub(super) fn learn(&mut self, record: &Record) {
        let Some((mark, sent)) = self.unknown.take() else { return };
        if self.kinds.len() >= MOST {
            self.kinds.clear();
        }
        let facts = &record.facts;
        if sent.as_ref().is_some_and(|sent| !sent.leaves(&facts.endpoint)) {
            return;
        }
        let kind = if Tally::is_mere_use(record) && facts.credentials.is_empty() == sent.is_none() {
            Kind::Same(Box::new(Common {
                source: facts.source.clone(),
                endpoint: facts.endpoint.clone(),
                place: place_mark(&facts.endpoint),
                node: facts.node.clone(),
                observer: facts.observer,
                sees_all: facts.visibility == Visibility::Full,
                bare: facts.credentials.is_empty(),
            }))
        } else {
            Kind::Own
        };
        self.kinds.insert(mark, kind);
    }

    fn mark(&self, likeness: &Likeness<'_>) -> u128 {
        let [high, low] = &self.seeds;
        u128::from(high.hash_one(likeness)) << 64 | u128::from(low.hash_one(likeness))
    }
}
