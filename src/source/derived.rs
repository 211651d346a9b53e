//! Macros that a module derives from the version of its kernel: `#define HAVE_LENS` below `#if LINUX_VERSION_CODE >= ...`.

use std::collections::BTreeMap;

use super::compiled::{Arms, KnownMacros};
use super::conditional::conditionals;
use super::lex::{identifier_end, skip_blank};
use super::span::Span;

/// Number of rounds in which macros are derived from derived ones.
const ROUNDS: usize = 4;

/// Definitions of one macro, all together.
#[derive(Debug, Default)]
struct Definitions {
    /// Values in arms that are compiled; `None` for one that is no number.
    live: Vec<Option<i64>>,
    /// Whether a known condition decides about one of them.
    is_derived: bool,
    /// Whether an unknown condition decides about one of them, or an `#undef` takes it back.
    is_open: bool,
}

impl KnownMacros {
    /// Adds the macros that conditionals of these texts define or leave undefined, as far as all conditions around their definitions are
    /// known. Names that `is_set_elsewhere` stay unknown unless they are defined here.
    pub fn derive<'t>(
        &mut self,
        texts: impl Iterator<Item = &'t [u8]> + Clone,
        is_set_elsewhere: impl Fn(&str) -> bool,
    ) {
        for _ in 0..ROUNDS {
            let mut all: BTreeMap<String, Definitions> = BTreeMap::new();
            for text in texts.clone().filter(|text| self.names_one(text)) {
                collect(self, text, &mut all);
            }
            let before = self.count();
            for (name, found) in all {
                if found.is_open || !found.is_derived || self.is_known(&name) {
                    continue;
                }
                match found.live.as_slice() {
                    [] if !is_set_elsewhere(&name) => self.undefine(&name),
                    [Some(value), others @ ..] if others.iter().all(|other| other == &Some(*value)) => {
                        self.define(&name, *value);
                    }
                    _ => {}
                }
            }
            if self.count() == before {
                break;
            }
        }
    }
}

/// Adds the definitions of one text.
fn collect(known: &KnownMacros, text: &[u8], all: &mut BTreeMap<String, Definitions>) {
    let (conditionals, directives) = conditionals(text);
    let mut arms = Arms::default();
    known.collect(text, &conditionals, &mut arms);
    let (mut dead, mut chosen, mut open) =
        (Sweep::over(&arms.dead), Sweep::over(&arms.chosen), Sweep::over(&arms.open));
    for directive in directives {
        let Some(Directive { name, value, is_undef }) = Directive::of(directive.of(text)) else { continue };
        let found = all.entry(name).or_default();
        let is_dead = dead.reaches(directive.start);
        found.is_derived |= is_dead | chosen.reaches(directive.start);
        if !is_dead && (is_undef | open.reaches(directive.start)) {
            found.is_open = true;
        } else if !is_dead {
            found.live.push(value);
        }
    }
}

/// Asks which offsets lie in spans, both in the order of the text. Spans may contain others.
struct Sweep<'s> {
    left: &'s [Span],
    /// Where the last of the spans that have begun ends.
    end: u32,
}

impl<'s> Sweep<'s> {
    fn over(spans: &'s [Span]) -> Sweep<'s> {
        Sweep { left: spans, end: 0 }
    }

    /// Whether a span contains an offset. No later question is about an offset before it.
    fn reaches(&mut self, offset: u32) -> bool {
        while let [first, rest @ ..] = self.left
            && first.start <= offset
        {
            self.end = self.end.max(first.end);
            self.left = rest;
        }
        offset < self.end
    }
}

/// A `#define` of a macro without parameters, or an `#undef`.
struct Directive {
    name: String,
    value: Option<i64>,
    is_undef: bool,
}

impl Directive {
    fn of(text: &[u8]) -> Option<Directive> {
        if text.first() != Some(&b'#') {
            return None;
        }
        let start = skip_blank(text, 1);
        let end = identifier_end(text, start);
        let name = skip_blank(text, end);
        let name_end = identifier_end(text, name);
        if name == name_end || text.get(name_end) == Some(&b'(') {
            return None;
        }
        let rest = text[name_end..].split(|byte| *byte == b'\n').next().unwrap_or_default();
        let rest = String::from_utf8_lossy(&super::mask::blank_non_code(rest)).trim().to_owned();
        let is_undef = match &text[start..end] {
            b"define" => false,
            b"undef" => true,
            _ => return None,
        };
        let name = String::from_utf8_lossy(&text[name..name_end]).into_owned();
        // `#define X` can be asked for by `#ifdef` alone, whatever its value.
        let value = if rest.is_empty() { Some(1) } else { rest.trim_matches(['(', ')']).parse().ok() };
        Some(Directive { name, value, is_undef })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::kernel_version;

    fn derived(texts: &[&str]) -> KnownMacros {
        let mut known = KnownMacros::of_version(kernel_version(7, 3, 4).expect("small"));
        known.derive(texts.iter().map(|text| text.as_bytes()), |name| name == "HAVE_BY_CONFIGURE");
        known
    }

    fn value(known: &KnownMacros, name: &str) -> &'static str {
        let ask = format!("#ifdef {name}\n");
        match known.holds(ask.trim_end().as_bytes()) {
            Some(true) => "defined",
            Some(false) => "undefined",
            None => "unknown",
        }
    }

    #[test]
    fn versions_decide_about_definitions() {
        let compat = "#ifndef _COMPAT_H\n#define _COMPAT_H\n#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)\n#define HAVE_NEW 1\n#else\n\
                      #define HAVE_OLD\n#define HAVE_BY_CONFIGURE\n#endif\n#ifdef HAVE_NEW\n#define HAVE_NEWER\n#endif\n\
                      #ifdef CONFIG_LENS\n#define HAVE_LENS\n#endif\n#define PLAIN 1\n#endif\n";
        let known = derived(&[compat]);
        let expected = [
            ("HAVE_NEW", "defined"),
            ("HAVE_NEWER", "defined"),
            ("HAVE_OLD", "undefined"),
            ("HAVE_BY_CONFIGURE", "unknown"),
            ("HAVE_LENS", "unknown"),
            ("PLAIN", "unknown"),
        ];
        for (name, state) in expected {
            assert_eq!(value(&known, name), state, "{name}");
        }
    }

    #[test]
    fn definitions_that_differ_decide_nothing() {
        let first = "#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 0, 0)\n#define HAVE_A\n#define HAVE_B\n#endif\n";
        let second = "#ifdef CONFIG_A\n#define HAVE_A\n#endif\n#if LINUX_VERSION_CODE > 1\n#define HAVE_C 1\n#else\n#define HAVE_C 0\n#endif\n";
        let third = "#if LINUX_VERSION_CODE > 1\n#define HAVE_D 1\n#undef HAVE_D\n#endif\n";
        let known = derived(&[first, second, third]);
        for (name, state) in
            [("HAVE_A", "unknown"), ("HAVE_B", "undefined"), ("HAVE_C", "defined"), ("HAVE_D", "unknown")]
        {
            assert_eq!(value(&known, name), state, "{name}");
        }
    }
}
