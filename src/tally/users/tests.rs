//! Uses that wait, held against each by itself.

use proptest::prelude::*;

use super::super::crowd::Comers;
use super::super::limits::Limits;
use super::super::marks::Who;
use super::super::uses::Shown;
use super::super::visits::{agent_mark, place_mark, spot_mark};
use super::*;
use crate::model::{Fingerprint, Kind, Place as Stood, State};

/// A client with a token, where, by which agent, answered by which node, and when in seconds.
type Made = ((u8, u128), usize, usize, usize, i64);

fn made() -> impl Strategy<Value = Vec<Made>> {
    // Many who come once or twice, or a few who come often.
    prop_oneof![Just((40, 30)), Just((2, 2))].prop_flat_map(|(clients, tokens)| {
        let who = (0_u8..clients, 0_u128..tokens);
        prop::collection::vec((who, 0_usize..3, 0_usize..3, 0_usize..3, 0_i64..200), 1..400)
    })
}

/// Notes uses in one tally each by itself, in the other in pieces, of which `gather` takes what waits.
fn note(
    uses: &[Made],
    piece: usize,
    [slow, quick]: [&mut Tally; 2],
    mut gather: impl FnMut(&mut Tally, Comers),
) {
    let endpoints =
        ["/a", "/b", "/c"].map(|path| Endpoint { path: path.into(), ..Endpoint::default() });
    let agents: [Option<Arc<str>>; 3] = [None, Some("curl/8".into()), Some("okhttp/4".into())];
    let nodes = [None, Some("a"), Some("b")];
    let mut crowd = Crowd::default();
    for some in uses.chunks(piece) {
        let mut part = quick.part();
        for ((client, token), place, agent, node, second) in some {
            let (ip, agent) = (format!("192.0.2.{client}"), agents[*agent].as_ref());
            let credential = Arc::new(Credential {
                kind: Kind::Opaque,
                scheme: None,
                place: Stood::Header("authorization".into()),
                state: State::Present,
                fingerprint: Some(Fingerprint::new(*token)),
                token: None,
                oddities: Box::default(),
                user: None,
            });
            let event = Event {
                capture: None,
                ip: Some(&ip),
                agent,
                who: Who {
                    spot: spot_mark(None, Some(&ip)),
                    agent: agent_mark(agent.map(|name| &**name)),
                },
                endpoint: &endpoints[*place],
                host: 0,
                credential: Shown { shared: Some(&credential), ..Shown::of(&credential) },
                at_issuer: false,
                node: nodes[*node],
                at: (*second > 0).then_some(At(second * 1_000_000_000)),
            };
            part.await_use(&event, place_mark(&endpoints[*place]), &mut crowd);
            slow.note_use(&event);
        }
        let comers = part.join(&"a.log".into(), &mut crowd);
        quick.merge(part);
        gather(quick, comers);
    }
}

proptest! {
    #[test]
    fn uses_that_wait_are_what_each_of_them_is_by_itself(
        uses in made(), piece in 1_usize..200, room in 100_000_u64..2_000_000,
    ) {
        let limits = Limits::with_room(room);
        let (mut slow, mut quick) = (Tally::within(limits), Tally::within(limits));
        note(&uses, piece, [&mut slow, &mut quick], Tally::admit);
        slow.uses.prune();
        quick.uses.prune();
        prop_assert_eq!(quick.uses, slow.uses);
    }

    #[test]
    fn uses_that_wait_to_the_end_are_what_each_of_them_is_by_itself(
        uses in made(), piece in 1_usize..200, room in 1_usize..100,
    ) {
        let (mut slow, mut quick) = (Tally::default(), Tally::default());
        slow.uses.limit(room);
        quick.uses.limit(room);
        let mut waiting = Comers::default();
        note(&uses, piece, [&mut slow, &mut quick], |quick, comers| {
            quick.gather_comers(&mut waiting, comers);
            assert!(!waiting.users.are_more_than(2, room), "no more wait than may");
        });
        quick.enter(waiting);
        slow.uses.prune();
        quick.uses.prune();
        prop_assert_eq!(quick.uses, slow.uses);
    }
}
