//! Texts without which a pattern cannot match: one of them is looked for before the pattern is compiled.

use std::cmp::Reverse;

use regex_syntax::ast::{Ast, RepetitionKind, RepetitionRange, parse::Parser};

/// Bytes of a run of letters that hardly another text holds.
const LONG_RUN: usize = 12;
/// Bytes of one of several words that are the same: most are names or numbers of errors.
const LONG_CHOICE: usize = 8;
/// Alternatives of one pattern that are looked for.
const MOST: usize = 64;

/// Returns texts of which every match of `pattern` holds one, in the form of codes; `None` where there
/// are none.
///
/// The longest is chosen, as the rarest; of alternatives the shortest counts. Flags change nothing but
/// the case, which the form has no more.
///
/// Most patterns hold a long run that stands for itself, or a choice of words. To take these apart took a sixth of
/// the time in which the program starts.
pub(super) fn texts(pattern: &str, form: impl Fn(&str) -> String) -> Option<Vec<String>> {
    let plain = formed(&plain_texts(pattern).unwrap_or_default(), &form);
    let long = |texts: &Vec<String>| match texts.as_slice() {
        [run] => run.len() >= LONG_RUN,
        choices => shortest(choices) >= LONG_CHOICE,
    };
    if plain.as_ref().is_some_and(long) {
        return plain;
    }
    let ast = Parser::new().parse(pattern).ok()?;
    best(&ast, &form)
}

/// Returns the longest run of letters outside of groups and classes that stand for themselves, or the words of a
/// choice like `AADSTS(?:50011|500112)`, of a pattern without alternatives outside of groups; `None` where a closer
/// look is needed.
fn plain_texts(pattern: &str) -> Option<Vec<String>> {
    let mut longest = vec![String::new()];
    let mut offer = |texts: Vec<String>| {
        let rank = |texts: &[String]| (shortest(texts), Reverse(texts.len()));
        if rank(&texts) > rank(&longest) {
            longest = texts;
        }
    };
    let (mut start, mut last) = (0, 0);
    let mut depth = 0_u32;
    let mut letters = pattern.char_indices();
    while let Some((at, letter)) = letters.next() {
        // A letter that may be absent is no part of the run that it ends.
        let end = if matches!(letter, '?' | '*' | '{') { last } else { at };
        let run = pattern.get(start.min(end)..end)?;
        match letter {
            '(' if depth == 0
                && let Some((choices, length)) = plain_choices(pattern.get(at..)?) =>
            {
                offer(choices.iter().map(|choice| [run, choice].concat()).collect());
                // Its bracket is read.
                letters.by_ref().take(length - 1).for_each(drop);
            }
            '(' if pattern.get(at..)?.starts_with("(?") && !is_known_group(pattern.get(at..)?) => {
                return None;
            }
            '(' => depth += 1,
            ')' => depth = depth.checked_sub(1)?,
            '|' if depth == 0 => return None,
            '\\' => {
                // What follows these names a character.
                if matches!(letters.next()?.1, 'x' | 'u' | 'U' | 'p' | 'P') {
                    return None;
                }
            }
            '[' => skip_class(&mut letters)?,
            '{' => drop(letters.find(|(_, letter)| *letter == '}')?),
            '?' | '*' | '+' | '.' | '^' | '$' | '|' => {}
            _ if depth > 0 => {}
            _ => {
                last = at;
                continue;
            }
        }
        offer(vec![run.to_owned()]);
        start = letters.offset();
        last = start;
    }
    offer(vec![pattern.get(start..)?.to_owned()]);
    Some(longest)
}

/// Returns the words of `(?:a|b)` with which a pattern begins, one of which must be there, and how many bytes it
/// takes; `None` where it begins with something else.
fn plain_choices(pattern: &str) -> Option<(Vec<&str>, usize)> {
    let (choices, behind) = pattern.strip_prefix("(?:")?.split_once(')')?;
    let is_needed = !behind.starts_with(['?', '*', '{']);
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'|';
    let words: Vec<&str> = choices.split('|').collect();
    (is_needed && choices.bytes().all(is_plain) && words.len() <= MOST)
        .then(|| (words, pattern.len() - behind.len()))
}

/// Returns whether a group sets no flag that changes what letters mean.
fn is_known_group(group: &str) -> bool {
    ["(?:", "(?P<", "(?<", "(?i)", "(?i:"].iter().any(|known| group.starts_with(known))
}

/// Passes over a class whose bracket is read; `None` where one stands in another.
fn skip_class(letters: &mut std::str::CharIndices<'_>) -> Option<()> {
    let mut is_first = true;
    loop {
        match letters.next()?.1 {
            '^' if is_first => continue,
            ']' if !is_first => return Some(()),
            '[' => return None,
            '\\' => drop(letters.next()?),
            _ => {}
        }
        is_first = false;
    }
}

fn best(ast: &Ast, form: &impl Fn(&str) -> String) -> Option<Vec<String>> {
    if let Some(whole) = exact(ast) {
        return formed(&whole, form);
    }
    match ast {
        Ast::Group(group) => best(&group.ast, form),
        Ast::Repetition(repetition) if is_needed(&repetition.op.kind) => {
            best(&repetition.ast, form)
        }
        Ast::Alternation(alternation) => {
            let each: Option<Vec<_>> = alternation.asts.iter().map(|a| best(a, form)).collect();
            Some(each?.into_iter().flatten().collect()).filter(|all: &Vec<_>| all.len() <= MOST)
        }
        Ast::Concat(concat) => {
            let mut found: Vec<Vec<String>> = Vec::new();
            let mut run = vec![String::new()];
            for part in &concat.asts {
                // Most parts are letters, and most of these have no alternative.
                if let Ast::Literal(literal) = part {
                    for text in &mut run {
                        text.push(literal.c);
                    }
                    continue;
                }
                match exact(part) {
                    Some(next) if run.len() * next.len() <= MOST => join(&mut run, &next),
                    Some(next) => {
                        found.extend(formed(&run, form));
                        run = next;
                    }
                    None => {
                        found.extend(formed(&run, form));
                        found.extend(best(part, form));
                        run = vec![String::new()];
                    }
                }
            }
            found.extend(formed(&run, form));
            found.into_iter().max_by_key(|texts| (shortest(texts), Reverse(texts.len())))
        }
        _ => None,
    }
}

/// Returns every text that a part can be, where those are few.
fn exact(ast: &Ast) -> Option<Vec<String>> {
    let all = match ast {
        Ast::Empty(_) => vec![String::new()],
        Ast::Literal(literal) => vec![literal.c.to_string()],
        Ast::Group(group) => exact(&group.ast)?,
        Ast::Repetition(repetition) if repetition.op.kind == RepetitionKind::ZeroOrOne => {
            let mut all = exact(&repetition.ast)?;
            all.push(String::new());
            all
        }
        Ast::Alternation(alternation) => {
            let each: Option<Vec<_>> = alternation.asts.iter().map(exact).collect();
            each?.into_iter().flatten().collect()
        }
        Ast::Concat(concat) => {
            let mut all = vec![String::new()];
            for part in &concat.asts {
                if let Ast::Literal(literal) = part {
                    for text in &mut all {
                        text.push(literal.c);
                    }
                    continue;
                }
                let next = exact(part)?;
                if all.len() * next.len() > MOST {
                    return None;
                }
                join(&mut all, &next);
            }
            all
        }
        _ => return None,
    };
    (all.len() <= MOST).then_some(all)
}

/// Lets each of `heads` go on with each of `tails`.
fn join(heads: &mut Vec<String>, tails: &[String]) {
    // A pattern is read letter by letter, and most letters have no alternative.
    if let [tail] = tails {
        for head in heads {
            head.push_str(tail);
        }
        return;
    }
    let all = heads.iter().flat_map(|head| tails.iter().map(move |tail| format!("{head}{tail}")));
    *heads = all.collect();
}

const fn is_needed(kind: &RepetitionKind) -> bool {
    match kind {
        RepetitionKind::OneOrMore => true,
        RepetitionKind::ZeroOrOne | RepetitionKind::ZeroOrMore => false,
        RepetitionKind::Range(
            RepetitionRange::Exactly(least)
            | RepetitionRange::AtLeast(least)
            | RepetitionRange::Bounded(least, _),
        ) => *least > 0,
    }
}

/// Brings texts to the form in which they are looked for; the form of what is searched may lack blanks
/// and full stops at its ends.
fn formed(texts: &[String], form: &impl Fn(&str) -> String) -> Option<Vec<String>> {
    let bare = |text: &String| form(text).trim_matches([' ', '.']).to_owned();
    let texts: Vec<String> = texts.iter().map(bare).collect();
    (shortest(&texts) > 0).then_some(texts)
}

fn shortest(texts: &[String]) -> usize {
    texts.iter().map(String::len).min().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PIECES: [&str; 40] = [
        "a",
        "b",
        "ab",
        "é",
        " ",
        "a?",
        "b*",
        "é?",
        "a+",
        "b{0,2}",
        "a{1}",
        ".",
        "^",
        "$",
        "\\b",
        "\\d",
        "\\.",
        "\\\\",
        "(?:a|b)",
        "(?:b|ab)",
        "(?:|a)",
        "(?:a|b)*",
        "(?:ab|ba)+",
        "(?:ab)?",
        "(a)",
        "(?P<x>b(a)?)",
        "[ab]",
        "[^]a]",
        "[]a]",
        "[a\\]b]",
        "|",
        "(?i)",
        "(?i:a)",
        "(?x)",
        "(?x: a)",
        "(?:[)a])",
        "(?:\\)a)",
        "[[a]b]",
        "\\x61",
        "\\pL",
    ];

    proptest! {
        #[test]
        fn whatever_matches_a_pattern_holds_its_longest_run(
            pieces in prop::collection::vec(prop::sample::select(&PIECES[..]), 0..9),
            texts in prop::collection::vec("[ab .é\\\\7)\\]]{0,12}", 20),
        ) {
            let pattern = pieces.concat();
            let (Some(runs), Ok(regex)) = (plain_texts(&pattern), regex::Regex::new(&pattern)) else {
                return Ok(());
            };
            let insensitive = pattern.contains("(?i");
            for text in texts.iter().filter(|text| regex.is_match(text)) {
                let holds = runs.iter().any(|run| {
                    text.contains(run)
                        || insensitive && text.to_lowercase().contains(&run.to_lowercase())
                });
                prop_assert!(holds, "{:?} of {:?} in {:?}", runs, pattern, text);
            }
        }
    }

    #[test]
    fn a_long_run_is_taken_without_a_closer_look() {
        for (pattern, run) in [
            (
                r"^cannot handle token with nbf prior to (?P<expected>\S+)",
                "cannot handle token with nbf prior to ",
            ),
            (r"^missing required '(?P<expected>[^']+)' claims?", "missing required '"),
            ("(?i)服务器时间[:：]", "服务器时间"),
            (r"ab(?:cd|ef)ghijk{0,2}", "ghij"),
        ] {
            assert_eq!(plain_texts(pattern), Some(vec![run.to_owned()]), "{pattern}");
        }
        for pattern in
            [r"ab\x41bc", r"ab\pLbc", "abc|def", "(?x)a b c", "abc)", "[abc", "[[:alpha:]]abc"]
        {
            assert_eq!(plain_texts(pattern), None, "{pattern}");
        }
    }

    #[test]
    fn a_choice_of_words_is_taken_with_what_stands_before_it() {
        for (pattern, wanted) in [
            (r"^AADSTS(?:50011|500112)\b", "AADSTS50011|AADSTS500112"),
            (
                r"^(?:[\w.]+#)?(?:ExpiredToken|TokenRefreshRequired)(?:Exception|Error)?$",
                "ExpiredToken|TokenRefreshRequired",
            ),
            (r"ab?(?:cd|efg)hij", "hij"),
            (r"a(?:bcd|efg)(?:h|i)", "abcd|aefg"),
            (r"a(?:bcd|efg){0,2}h", "a"),
            (r"(?:a|)b", "b"),
            (r"(?:abc|a(?:d))ef", "ef"),
        ] {
            let texts = plain_texts(pattern).unwrap();
            assert_eq!(texts.join("|"), wanted, "{pattern}");
        }
    }

    fn of(pattern: &str) -> Option<String> {
        texts(pattern, str::to_lowercase).map(|texts| texts.join("|"))
    }

    #[test]
    fn the_longest_text_that_must_occur_is_taken() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(of(r"^JWT expired (?:\d+ ms ago )?at (?P<expected>\S+)"), some("jwt expired"));
        assert_eq!(of(r"(?:token|session) (?P<x>\w+) is (over|gone)"), some("is over|is gone"));
        assert_eq!(of(r"\bAADSTS(?:50011|500112)\b"), some("aadsts50011|aadsts500112"));
        assert_eq!(of("^Invalid App ?Key$"), some("invalid app key|invalid appkey"));
        assert_eq!(of(r"(?:abcd){2,} x"), some("abcd"));
        assert_eq!(of("服务器时间"), some("服务器时间"));
        assert_eq!(of(r"expired \. "), some("expired"));
    }

    #[test]
    fn what_may_be_absent_is_not_required() {
        for pattern in [
            r"^\d+$",
            "(?:expired)?",
            "(?:expired)*",
            "(?:expired){0,2}",
            "\\d|expired",
            "[expird]+",
        ] {
            assert_eq!(of(pattern), None, "{pattern}");
        }
    }
}
