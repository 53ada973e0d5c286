//! Renderers on a report made by hand.

use authopsy::render::{Look, Palette, Render, Text, by_name};

use crate::report::{calm, everything};

fn text(report: &authopsy::model::Report, look: Look) -> String {
    let mut out = Vec::new();
    Text::new(look).render(report, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn wide(width: usize) -> Look {
    Look { width, ..Look::default() }
}

#[test]
fn look_at_it() {
    let env = |k: &str| std::env::var_os(k).map(|v| v.into_string().unwrap());
    let Some(width) = env("LOOK") else { return };
    let palette = if env("INK").is_some() { Palette::COLOUR } else { Palette::PLAIN };
    let look = Look {
        palette,
        unicode: env("PLAIN").is_none(),
        verbose: env("V").is_some(),
        ..wide(width.parse().unwrap())
    };
    eprintln!("{}", text(&everything(), look));
    eprintln!("{}", text(&calm(), look));
    let _ = by_name;
}
