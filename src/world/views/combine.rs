//! The facts of one exchange out of those of its views.

use std::sync::Arc;

use crate::model::{Credential, Facts, State, Visibility};

/// Returns the facts of `main` with what the others said and showed; each comes with its name.
///
/// Who asked, for what and when stays as `main` has it. A credential of another view is taken where
/// `main` could not show its own.
pub(super) fn combine(main: &Facts, others: &[(String, &Facts)]) -> Facts {
    let mut facts = main.clone();
    for (name, other) in others {
        facts.status = facts.status.or(other.status);
        facts.grpc_status = facts.grpc_status.or(other.grpc_status);
        if !facts.answer.outcome.is_refused() {
            Arc::make_mut(&mut facts.answer).outcome = other.answer.outcome;
        }
        let name: Arc<str> = name.as_str().into();
        for statement in &other.answer.statements {
            // The status is said already, and the same words once more are no news.
            let known = |s: &crate::model::Statement| {
                s.text == statement.text && s.causes == statement.causes
            };
            if statement.place != "status" && !facts.answer.statements.iter().any(known) {
                let mut statement = statement.clone();
                statement.seen_by.get_or_insert_with(|| Arc::clone(&name));
                Arc::make_mut(&mut facts.answer).statements.push(statement);
            }
        }
        if facts.answer.challenges.is_empty() {
            let challenges = &mut Arc::make_mut(&mut facts.answer).challenges;
            challenges.clone_from(&other.answer.challenges);
        }
        if !shows(&facts) && other.credentials.first().is_some_and(is_readable) {
            facts.credentials.clone_from(&other.credentials);
            facts.visibility = other.visibility;
            facts.after_exp = other.after_exp;
            facts.disagreement.clone_from(&other.disagreement);
        }
        facts.node = facts.node.or_else(|| other.node.clone());
        facts.cookies_sent = facts.cookies_sent.or(other.cookies_sent);
        facts.grant = facts.grant.or(other.grant);
    }
    Arc::make_mut(&mut facts.answer).statements.sort_by(|a, b| {
        b.weight.cmp(&a.weight).then_with(|| a.seen_by.is_some().cmp(&b.seen_by.is_some()))
    });
    facts
}

/// Whether a view shows what the request carried, be it nothing.
fn shows(facts: &Facts) -> bool {
    match facts.credentials.first() {
        None => facts.visibility == Visibility::Full,
        Some(credential) => matches!(credential.state, State::Present | State::Absent),
    }
}

fn is_readable(credential: &Arc<Credential>) -> bool {
    credential.state == State::Present
}
