//! What was gathered, by where its names lie in memory: there they stay while the world is learned.
//!
//! Names are kept once for all that share them, so most of what is looked up again and again is found by
//! three numbers, and its names need not be read. Addresses differ from run to run: nothing is ordered or
//! shown by them.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::FixedState;

use crate::model::{Client, Endpoint};

/// Where three names lie; two things with the same names there are equal, equal ones may lie elsewhere.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(super) struct Address([usize; 3]);

/// Values by address. An address may be met for the first time although its equal was met elsewhere.
pub(super) type Addresses<V> = HashMap<Address, V, FixedState>;

impl Address {
    /// Returns where the names of a client lie.
    pub(super) fn of_client(client: &Client) -> Self {
        let Client { capture, ip, user_agent } = client;
        Self([capture, ip, user_agent].map(|name| name.as_ref().map_or(0, start)))
    }

    /// Returns where the names of an endpoint lie.
    pub(super) fn of_endpoint(endpoint: &Endpoint) -> Self {
        let Endpoint { method, host, path } = endpoint;
        let [method, host] = [method, host].map(|name| name.as_ref().map_or(0, start));
        Self([method, host, start(path)])
    }
}

/// No two texts that are kept begin at one address: each has its counts before it, an empty one too.
fn start(name: &Arc<str>) -> usize {
    Arc::as_ptr(name).cast::<u8>().addr()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_that_of_all_names_and_an_unknown_one_has_none() {
        let [a, b, empty, other]: [Arc<str>; 4] = ["a", "a", "", ""].map(Arc::from);
        let of = |ip: Option<&Arc<str>>, user_agent: Option<&Arc<str>>| {
            let (ip, user_agent) = (ip.cloned(), user_agent.cloned());
            Address::of_client(&Client { capture: None, ip, user_agent })
        };
        assert_eq!(of(Some(&a), Some(&empty)), of(Some(&a), Some(&empty)));
        assert_ne!(of(Some(&a), None), of(Some(&b), None), "equal, and elsewhere");
        assert_ne!(of(Some(&a), None), of(None, Some(&a)));
        assert_ne!(of(Some(&empty), None), of(None, None));
        assert_ne!(of(Some(&empty), None), of(Some(&other), None));
        // Of each name there is one that differs.
        let client = |capture: &Arc<str>, user_agent: &Arc<str>| {
            let (capture, user_agent) = (Some(Arc::clone(capture)), Some(Arc::clone(user_agent)));
            Address::of_client(&Client { capture, ip: None, user_agent })
        };
        assert_ne!(client(&a, &a), client(&b, &a));
        assert_ne!(client(&a, &a), client(&a, &b));
        let asked = |method: &Arc<str>, host: &Arc<str>| {
            let (method, host) = (Some(Arc::clone(method)), Some(Arc::clone(host)));
            Address::of_endpoint(&Endpoint { method, host, path: Arc::clone(&a) })
        };
        assert_ne!(asked(&a, &a), asked(&b, &a));
        assert_ne!(asked(&a, &a), asked(&a, &b));
        let endpoint = |path: &Arc<str>| Endpoint { path: Arc::clone(path), ..Endpoint::default() };
        assert_eq!(Address::of_endpoint(&endpoint(&a)), Address::of_endpoint(&endpoint(&a)));
        assert_ne!(Address::of_endpoint(&endpoint(&a)), Address::of_endpoint(&endpoint(&b)));
    }
}
