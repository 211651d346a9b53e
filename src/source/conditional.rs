//! Conditionals (`#if` to `#endif`) of a slice or a file: their arms and variants.

use std::collections::BTreeMap;

use super::condition::Condition;
use super::lex::{comment_end, directive_end, identifier_end, literal_end, skip_blank};
use super::span::Span;

/// Maximum nesting depth of conditionals. Of deeper ones the directives are blanked and every arm is kept.
const NESTING_LIMIT: usize = 32;

/// One `#if ... #endif`.
#[derive(Debug)]
pub struct Conditional {
    pub arms: Vec<Arm>,
    /// The `#endif` line; empty if the text ends first.
    pub end: Span,
}

impl Conditional {
    /// Whether it defines the macro that it asks for: `#ifndef _LAMP_H`, `#define _LAMP_H`. It stands around a header, or a fallback.
    pub(super) fn is_include_guard(&self, text: &[u8]) -> bool {
        let [arm] = self.arms.as_slice() else { return false };
        let Some(Condition::Leaf(name, false)) = &arm.condition else { return false };
        let define = skip_blank(text, arm.body.start as usize);
        let word = skip_blank(text, define + 1);
        let keyword_end = identifier_end(text, word);
        let defined = skip_blank(text, keyword_end);
        text.get(define) == Some(&b'#')
            && &text[word..keyword_end] == b"define"
            && &text[defined..identifier_end(text, defined)] == name.as_bytes()
    }
}

/// One arm, from the directive that opens it to the next directive of the same conditional.
#[derive(Debug)]
pub struct Arm {
    pub directive: Span,
    /// The condition of its own directive: `!CONFIG_MMU` for `#ifndef CONFIG_MMU`. An `#else` has none, and that of an `#if` before the
    /// text is not known.
    condition: Option<Condition>,
    /// Whether it is an `#else`.
    pub is_else: bool,
    pub body: Span,
    pub inner: Vec<Conditional>,
}

/// The conditions of `#if` that hold in a variant: `CONFIG_MMU`, `!CONFIG_MMU`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assumed(Vec<Condition>);

impl Assumed {
    fn add(&mut self, condition: Condition) {
        if condition.is_constant().is_none() && !self.0.contains(&condition) {
            self.0.push(condition);
        }
    }

    /// The conditions, each once, without those that always hold.
    pub fn conditions(&self) -> &[Condition] {
        &self.0
    }

    /// Whether no configuration can have both.
    pub fn contradicts(&self, other: &Assumed) -> bool {
        let mut answers: BTreeMap<String, bool> = BTreeMap::new();
        let all = || self.0.iter().chain(&other.0);
        for (question, holds) in all().flat_map(Condition::answers) {
            if answers.insert(question, holds).is_some_and(|known| known != holds) {
                return true;
            }
        }
        all().any(|condition| condition.holds(&answers) == Some(false))
    }
}

/// Role of a directive in a conditional.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keyword {
    /// `#if`, `#ifdef` or `#ifndef`.
    If,
    /// `#elif` or its kin.
    ElseIf,
    Else,
    End,
}

struct Directive {
    keyword: Keyword,
    condition: Option<Condition>,
    span: Span,
}

/// Spans of the directives of `text`, in order.
fn directive_spans(text: &[u8]) -> Vec<Span> {
    let mut spans = Vec::new();
    let (mut at, mut line_is_blank) = (0, true);
    while at < text.len() {
        match text[at] {
            b'\n' => line_is_blank = true,
            b' ' | b'\t' | b'\r' => {}
            b'#' if line_is_blank => {
                let end = directive_end(text, at);
                spans.push(Span::new(at, end));
                at = end;
                continue;
            }
            b'"' | b'\'' => {
                at = literal_end(text, at);
                line_is_blank = false;
                continue;
            }
            b'/' => {
                if let Some(end) = comment_end(text, at) {
                    at = end;
                    continue;
                }
                line_is_blank = false;
            }
            _ => line_is_blank = false,
        }
        at += 1;
    }
    spans
}

fn read(text: &[u8], start: usize, end: usize) -> Option<Directive> {
    let word = skip_blank(text, start + 1).min(end);
    let keyword_end = identifier_end(text, word).min(end);
    let condition = || {
        // A backslash continues the line.
        let rest = String::from_utf8_lossy(&text[keyword_end..end]).replace('\\', " ");
        (!rest.trim().is_empty()).then(|| Condition::read(&rest))
    };
    let (keyword, condition) = match &text[word..keyword_end] {
        b"if" | b"ifdef" => (Keyword::If, condition()),
        b"ifndef" => (Keyword::If, condition().map(Condition::negated)),
        b"elif" | b"elifdef" => (Keyword::ElseIf, condition()),
        b"elifndef" => (Keyword::ElseIf, condition().map(Condition::negated)),
        b"else" => (Keyword::Else, None),
        b"endif" => (Keyword::End, None),
        _ => return None,
    };
    Some(Directive { keyword, condition, span: Span::new(start, end) })
}

/// The conditionals of `text` as a tree, and its other directives. A stray `#else` or `#endif` belongs to a conditional that starts
/// before the text.
pub fn conditionals(text: &[u8]) -> (Vec<Conditional>, Vec<Span>) {
    nested(text, &directive_spans(text))
}

fn nested(text: &[u8], spans: &[Span]) -> (Vec<Conditional>, Vec<Span>) {
    let mut plain = Vec::new();
    let mut stack: Vec<Conditional> = Vec::new();
    let mut finished: Vec<Conditional> = Vec::new();
    let mut too_deep = 0usize;
    for span in spans {
        let Some(directive) = read(text, span.start as usize, span.end as usize) else {
            plain.push(*span);
            continue;
        };
        let start = directive.span.start as usize;
        let opens = directive.keyword == Keyword::If;
        if too_deep > 0 || (opens && stack.len() >= NESTING_LIMIT) {
            plain.push(directive.span);
            match directive.keyword {
                Keyword::If => too_deep += 1,
                Keyword::End => too_deep -= 1,
                Keyword::ElseIf | Keyword::Else => {}
            }
            continue;
        }
        if opens {
            stack.push(Conditional {
                arms: vec![arm(directive.span, directive.condition, false)],
                end: Span::default(),
            });
            continue;
        }
        let mut conditional = stack.pop().unwrap_or_else(|| Conditional {
            // The conditionals finished so far belong to the arm whose `#if` is before the text.
            arms: vec![Arm { inner: std::mem::take(&mut finished), ..arm(Span::new(0, 0), None, false) }],
            end: Span::default(),
        });
        close_arm(&mut conditional, start);
        if directive.keyword == Keyword::End {
            conditional.end = directive.span;
            attach(&mut stack, &mut finished, conditional);
        } else {
            conditional.arms.push(arm(directive.span, directive.condition, directive.keyword == Keyword::Else));
            stack.push(conditional);
        }
    }
    while let Some(mut conditional) = stack.pop() {
        close_arm(&mut conditional, text.len());
        conditional.end = Span::new(text.len(), text.len());
        attach(&mut stack, &mut finished, conditional);
    }
    (finished, plain)
}

fn arm(directive: Span, condition: Option<Condition>, is_else: bool) -> Arm {
    Arm { directive, condition, is_else, body: Span { start: directive.end, end: directive.end }, inner: Vec::new() }
}

fn close_arm(conditional: &mut Conditional, end: usize) {
    if let Some(arm) = conditional.arms.last_mut() {
        arm.body.end = end as u32;
    }
}

fn attach(stack: &mut [Conditional], finished: &mut Vec<Conditional>, conditional: Conditional) {
    match stack.last_mut().and_then(|outer| outer.arms.last_mut()) {
        Some(arm) => arm.inner.push(conditional),
        None => finished.push(conditional),
    }
}

impl Conditional {
    /// What holds if this arm is compiled, or none of them: no arm before it is.
    fn conditions(&self, chosen: Option<usize>) -> impl Iterator<Item = Condition> {
        let before = &self.arms[..chosen.unwrap_or(self.arms.len())];
        let own = chosen.and_then(|index| self.arms[index].condition.clone());
        before.iter().filter_map(|arm| arm.condition.clone()).map(Condition::negated).chain(own)
    }

    /// The arms that a compiler could choose; `None` stands for no arm.
    fn choices(&self) -> Vec<Option<usize>> {
        let mut choices = Vec::new();
        for (index, arm) in self.arms.iter().enumerate() {
            match arm.condition.as_ref().and_then(Condition::is_constant) {
                Some(false) => {}
                Some(true) => {
                    choices.push(Some(index));
                    return choices;
                }
                None => choices.push(Some(index)),
            }
        }
        if !self.arms.last().is_some_and(|arm| arm.is_else) {
            choices.push(None);
        }
        choices
    }

    fn variants(&self) -> usize {
        self.choices()
            .iter()
            .map(|choice| choice.map_or(1, |index| count(&self.arms[index].inner)))
            .sum::<usize>()
            .max(1)
    }
}

/// Number of variants needed to keep and omit each arm at least once.
pub fn count(conditionals: &[Conditional]) -> usize {
    conditionals.iter().map(Conditional::variants).max().unwrap_or(1)
}

/// Appends the spans that variant number `variant` omits: directives, and the arms not chosen. Appends to `assumed` the conditions that
/// hold in it.
pub fn left_out(conditionals: &[Conditional], variant: usize, out: &mut Vec<Span>, assumed: &mut Assumed) {
    for conditional in conditionals {
        out.extend(conditional.arms.iter().map(|arm| arm.directive));
        out.push(conditional.end);
        let mut rest = variant % conditional.variants();
        let mut chosen = None;
        for choice in conditional.choices() {
            let width = choice.map_or(1, |index| count(&conditional.arms[index].inner));
            if rest < width {
                chosen = choice;
                break;
            }
            rest -= width;
        }
        conditional.conditions(chosen).for_each(|condition| assumed.add(condition));
        for (index, arm) in conditional.arms.iter().enumerate() {
            if Some(index) == chosen {
                left_out(&arm.inner, rest, out, assumed);
            } else {
                out.push(arm.body);
            }
        }
    }
}

/// Appends the spans of all directives of conditionals. Only these are omitted if every arm is kept, as in a table's initialiser.
pub fn all_directives(conditionals: &[Conditional], out: &mut Vec<Span>) {
    for conditional in conditionals {
        out.extend(conditional.arms.iter().map(|arm| arm.directive));
        out.push(conditional.end);
        for arm in &conditional.arms {
            all_directives(&arm.inner, out);
        }
    }
}

/// The condition for compiling the byte at `offset`; `None` if it is always compiled. `directives` are all directives of the file. The include
/// guard of a header does not count.
pub fn condition_at(text: &[u8], directives: &[Span], offset: u32) -> Option<Condition> {
    let (tree, _) = nested(text, directives);
    let mut found = Vec::new();
    let mut level = &tree;
    while let Some((conditional, arm)) = level.iter().find_map(|conditional| {
        conditional.arms.iter().position(|arm| arm.body.contains(offset)).map(|arm| (conditional, arm))
    }) {
        if !conditional.is_include_guard(text) {
            found.extend(conditional.conditions(Some(arm)));
        }
        level = &conditional.arms[arm].inner;
    }
    Some(Condition::all(found)).filter(|condition| condition.is_constant() != Some(true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_named_as_written() {
        let text =
            b"#ifndef H\n#define H\n#ifdef CONFIG_MMU\na\n#else\nb\n#endif\n#if defined(CONFIG_X)\nc\n#endif\n#endif\n";
        let at = |byte: u8| {
            condition_at(text, &directive_spans(text), text.iter().rposition(|b| *b == byte).unwrap_or(0) as u32)
        };
        assert_eq!(condition_at(text, &directive_spans(text), 38), Some(Condition::read("CONFIG_MMU")));
        assert_eq!(at(b'b'), Some(Condition::read("!CONFIG_MMU")));
        assert_eq!(at(b'c'), Some(Condition::read("CONFIG_X")));
    }

    #[test]
    fn an_arm_is_compiled_if_none_before_it_is() {
        let text = b"#if A\na\n#elif B\nb\n#elif C\nc\n#else\nd\n#endif\n";
        let at = |byte: u8| {
            let offset = text.windows(2).position(|two| two == [byte, b'\n'] && byte.is_ascii_lowercase());
            condition_at(text, &directive_spans(text), offset.unwrap_or(0) as u32)
                .map(|condition| condition.to_string())
        };
        assert_eq!(at(b'b').as_deref(), Some("!A && B"));
        assert_eq!(at(b'd').as_deref(), Some("!A && !B && !C"));
        let (tree, _) = conditionals(text);
        let mut assumed = Assumed::default();
        left_out(&tree, 1, &mut Vec::new(), &mut assumed);
        assert_eq!(assumed.conditions(), [Condition::read("!A"), Condition::read("B")]);
    }

    #[test]
    fn a_guard_defines_the_whole_name_that_it_asks_for() {
        let condition = |text: &[u8]| {
            condition_at(text, &directive_spans(text), text.iter().rposition(|b| *b == b'x').unwrap_or(0) as u32)
        };
        assert_eq!(condition(b"#ifndef LAMP_H /* once */\n/* a lamp */\n# define LAMP_H\nx\n#endif\n"), None);
        assert_eq!(
            condition(b"#ifndef CONFIG_LAMP\n#define CONFIG_LAMP_OFF\nx\n#endif\n"),
            Some(Condition::read("!CONFIG_LAMP"))
        );
    }

    #[test]
    fn every_arm_is_kept_once_and_left_out_once() {
        let text = b"#ifdef A\n1\n#ifdef B\n2\n#else\n3\n#endif\n#endif\n";
        let (tree, _) = conditionals(text);
        assert_eq!(count(&tree), 3);
        let kept: Vec<String> = (0..3)
            .map(|variant| {
                let mut out = Vec::new();
                left_out(&tree, variant, &mut out, &mut Assumed::default());
                let visible = |at: usize| !out.iter().any(|span| span.contains(at as u32));
                (0..text.len())
                    .filter(|at| visible(*at) && text[*at].is_ascii_digit())
                    .map(|at| text[at] as char)
                    .collect()
            })
            .collect();
        assert_eq!(kept, ["12", "13", ""]);
    }
}
