//! Arms of conditionals that one kernel compiles: what the version macros of an out-of-tree module decide.
//!
//! Macros that are not known (`HAVE_VM_FLAGS_SET` of a configure script) are neither true nor false: both arms count.

use std::collections::BTreeMap;

use super::conditional::{Conditional, conditionals};
use super::lex::{directive_end, identifier_end, identifiers, skip_blank};
use super::operator::{Arithmetic, Binary};
use super::span::Span;

/// Macros whose values are known. Those of distributions are undefined in any other kernel.
#[derive(Clone, Debug, Default)]
pub struct KnownMacros {
    /// Values; `None` for a macro that is known to be undefined.
    values: BTreeMap<String, Option<i64>>,
}

/// Macros that only the kernels of a distribution define.
const OF_DISTRIBUTIONS: &[&str] = &[
    "RHEL_RELEASE_CODE",
    "RHEL_RELEASE_VERSION",
    "RHEL_MAJOR",
    "RHEL_MINOR",
    "SLE_VERSION",
    "SLE_VERSION_CODE",
    "CONFIG_SUSE_VERSION",
];

/// Number that `KERNEL_VERSION()` gives; `None` if it is too large. A sublevel has one byte.
pub fn kernel_version(version: i64, patchlevel: i64, sublevel: i64) -> Option<i64> {
    let release = version.checked_mul(1 << 16)?.checked_add(patchlevel.checked_mul(1 << 8)?)?;
    release.checked_add(sublevel.min(255))
}

impl KnownMacros {
    /// Macros of a kernel of this `LINUX_VERSION_CODE`, which is no distribution's.
    pub fn of_version(code: i64) -> KnownMacros {
        let mut known = KnownMacros::default();
        OF_DISTRIBUTIONS.iter().for_each(|name| known.undefine(name));
        known.define("LINUX_VERSION_CODE", code);
        known.define("__KERNEL__", 1);
        known
    }

    /// Sets the value of a macro.
    pub fn define(&mut self, name: &str, value: i64) {
        self.values.insert(name.to_owned(), Some(value));
    }

    /// Says that a macro is not defined.
    pub fn undefine(&mut self, name: &str) {
        self.values.insert(name.to_owned(), None);
    }

    /// Value of the condition of a directive, if it is known. The argument begins with `#`.
    pub(super) fn holds(&self, directive: &[u8]) -> Option<bool> {
        let text = String::from_utf8_lossy(directive).replace("\\\n", " ");
        let text = text.trim_start_matches('#').trim_start();
        let (keyword, rest) = text.split_at(identifier_end(text.as_bytes(), 0));
        let rest = super::mask::blank_non_code(rest.as_bytes());
        let name = || String::from_utf8_lossy(&rest).trim().to_owned();
        match keyword {
            "if" | "elif" => {
                Expression { known: self, text: &rest, at: 0, depth: 0, is_odd: false }.whole().map(|value| value != 0)
            }
            "ifdef" | "elifdef" => self.is_defined(&name()),
            "ifndef" | "elifndef" => self.is_defined(&name()).map(|defined| !defined),
            "else" => Some(true),
            _ => None,
        }
    }

    /// Whether it is known if a macro is defined.
    pub(super) fn is_known(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// Number of known macros.
    pub(super) fn count(&self) -> usize {
        self.values.len()
    }

    /// Whether a text names a known macro, as far as a condition may.
    pub(super) fn names_one(&self, text: &[u8]) -> bool {
        /// Number of names up to which a search for each is faster. A large module derives thousands.
        const FEW: usize = 32;
        if self.values.len() <= FEW {
            return self.values.keys().any(|name| memchr::memmem::find(text, name.as_bytes()).is_some());
        }
        let mut at = 0;
        while let Some(hash) = memchr::memchr(b'#', &text[at..]) {
            let end = directive_end(text, at + hash);
            if identifiers(&text[at + hash..end]).any(|name| self.values.contains_key(name)) {
                return true;
            }
            at = end;
        }
        false
    }

    fn is_defined(&self, name: &str) -> Option<bool> {
        self.values.get(name).map(Option::is_some)
    }

    /// Finds what is not compiled in a text. Macros that the text derives from known ones are known in it.
    pub fn arms(&self, text: &[u8]) -> Arms {
        let mut arms = Arms::default();
        if self.names_one(text) {
            let mut known = self.clone();
            // What the text leaves undefined may be defined in what it includes.
            known.derive(std::iter::once(text), |_| true);
            known.collect(text, &conditionals(text).0, &mut arms);
        }
        arms
    }

    pub(super) fn collect(&self, text: &[u8], conditionals: &[Conditional], arms: &mut Arms) {
        for conditional in conditionals {
            if conditional.is_include_guard(text) {
                self.collect(text, &conditional.arms[0].inner, arms);
                continue;
            }
            // Whether an arm before may be compiled, and whether one surely is.
            let (mut may_be, mut is) = (false, false);
            for arm in &conditional.arms {
                // A conditional that begins before the text has no condition for its first arm.
                let holds = if is { Some(false) } else { self.holds(arm.directive.of(text)) };
                if holds == Some(false) {
                    arms.dead.push(arm.body);
                    continue;
                }
                may_be |= holds.is_none();
                is |= holds == Some(true);
                if may_be { &mut arms.open } else { &mut arms.chosen }.push(arm.body);
                self.collect(text, &arm.inner, arms);
            }
            if !may_be {
                arms.directives.extend(conditional.arms.iter().map(|arm| arm.directive));
                arms.directives.push(conditional.end);
            }
        }
    }
}

/// Parts of a text that a kernel does not compile.
#[derive(Clone, Debug, Default)]
pub struct Arms {
    /// Bodies of arms, in order.
    pub dead: Vec<Span>,
    /// Bodies of arms that may be compiled: a condition is not known.
    pub(super) open: Vec<Span>,
    /// Bodies of arms that are known to be compiled.
    pub(super) chosen: Vec<Span>,
    /// Directives of conditionals of which one arm is known to be chosen, or none.
    directives: Vec<Span>,
}

impl Arms {
    /// The text with spaces in place of what is not compiled. Every other byte keeps its place.
    pub fn blanked(&self, text: &[u8]) -> Vec<u8> {
        let mut blanked = text.to_vec();
        for span in self.dead.iter().chain(&self.directives) {
            let bytes = blanked.get_mut(span.start as usize..span.end as usize).into_iter().flatten();
            bytes.filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
        }
        blanked
    }

    /// Whether an offset lies in an arm that is not compiled.
    pub fn is_dead(&self, offset: u32) -> bool {
        self.dead.iter().any(|span| span.contains(offset))
    }
}

/// Maximum nesting of parentheses and operators of a condition.
const DEPTH_LIMIT: usize = 64;

/// Reads an expression of `#if`. Each step returns `None` for a value that is not known, and reads on.
struct Expression<'t> {
    known: &'t KnownMacros,
    text: &'t [u8],
    at: usize,
    depth: usize,
    /// Whether a part was not read. It may decide, whatever the rest says.
    is_odd: bool,
}

/// Binary operators of two characters and one, weakest first. Those of a level bind equally.
const OPERATORS: &[&[&str]] = &[
    &["||"],
    &["&&"],
    &["|"],
    &["^"],
    &["&"],
    &["==", "!="],
    &["<=", ">=", "<", ">"],
    &["<<", ">>"],
    &["+", "-"],
    &["*", "/", "%"],
];

impl Expression<'_> {
    /// Value of the whole text. It is not known if a part was not read: `LINUX_VERSION_CODE ? 1 : 0`.
    fn whole(&mut self) -> Option<i64> {
        let value = self.any();
        value.filter(|_| !self.is_odd && skip_blank(self.text, self.at) >= self.text.len())
    }

    fn any(&mut self) -> Option<i64> {
        self.binary(0)
    }

    fn binary(&mut self, level: usize) -> Option<i64> {
        let Some(operators) = OPERATORS.get(level) else { return self.unary() };
        let mut left = self.binary(level + 1);
        while let Some(operator) = self.operator(operators) {
            let right = self.binary(level + 1);
            left = combine(operator, left, right);
        }
        left
    }

    /// Takes one of the operators, if it comes next.
    fn operator(&mut self, operators: &[&str]) -> Option<Binary> {
        self.at = skip_blank(self.text, self.at);
        let rest = self.text.get(self.at..)?;
        let found = operators.iter().find(|operator| rest.starts_with(operator.as_bytes()))?;
        // `<` is no `<<`, and `&` no `&&`.
        let is_longer = found.len() == 1 && matches!(rest[0], b'<' | b'>' | b'&' | b'|') && rest.get(1) == rest.first();
        if is_longer {
            return None;
        }
        self.at += found.len();
        Binary::read(found)
    }

    fn takes(&mut self, byte: u8) -> bool {
        self.at = skip_blank(self.text, self.at);
        let is_next = self.text.get(self.at) == Some(&byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn unary(&mut self) -> Option<i64> {
        self.depth += 1;
        if self.depth > DEPTH_LIMIT {
            self.give_up();
            return None;
        }
        let value = if self.takes(b'!') {
            self.unary().map(|value| i64::from(value == 0))
        } else if self.takes(b'-') {
            self.unary().and_then(i64::checked_neg)
        } else if self.takes(b'~') {
            self.unary().map(|value| !value)
        } else if self.takes(b'(') {
            let value = self.any();
            self.takes(b')');
            value
        } else {
            self.primary()
        };
        self.depth -= 1;
        value
    }

    /// Skips the rest, which has something that is not read: `?`, a character, the path of a header.
    fn give_up(&mut self) {
        self.is_odd = true;
        self.at = self.text.len();
    }

    fn primary(&mut self) -> Option<i64> {
        let start = skip_blank(self.text, self.at);
        let end = identifier_end(self.text, start);
        self.at = end;
        let word = std::str::from_utf8(&self.text[start..end]).ok()?;
        match word {
            "" => {
                self.give_up();
                None
            }
            "defined" => {
                let name = self.name_of_defined()?;
                self.known.is_defined(&name).map(i64::from)
            }
            _ if word.starts_with(|first: char| first.is_ascii_digit()) => integer(word),
            _ => {
                let arguments = self.arguments();
                match (self.known.values.get(word), arguments) {
                    // An undefined macro is 0, in `defined(X) && X(..)` too.
                    (Some(None), _) => Some(0),
                    (value, None) => value.copied().flatten(),
                    (_, Some(arguments)) => call(word, &arguments),
                }
            }
        }
    }

    fn name_of_defined(&mut self) -> Option<String> {
        let has_parenthesis = self.takes(b'(');
        let start = skip_blank(self.text, self.at);
        let end = identifier_end(self.text, start);
        self.at = end;
        if has_parenthesis {
            self.takes(b')');
        }
        Some(String::from_utf8_lossy(&self.text[start..end]).into_owned())
    }

    /// Arguments in parentheses; `None` if none follow.
    fn arguments(&mut self) -> Option<Vec<Option<i64>>> {
        if !self.takes(b'(') {
            return None;
        }
        let mut arguments = Vec::new();
        while self.at < self.text.len() && !self.takes(b')') {
            arguments.push(self.any());
            if !self.takes(b',') && self.text.get(self.at) != Some(&b')') {
                self.give_up();
            }
        }
        Some(arguments)
    }
}

fn combine(operator: Binary, left: Option<i64>, right: Option<i64>) -> Option<i64> {
    let truth = |holds: Option<bool>| holds.map(i64::from);
    let [is_left, is_right] = [left, right].map(|side| side.map(|value| value != 0));
    match operator {
        Binary::Either if [is_left, is_right].contains(&Some(true)) => Some(1),
        Binary::Either => truth(is_left.zip(is_right).map(|(left, right)| left || right)),
        Binary::Both if [is_left, is_right].contains(&Some(false)) => Some(0),
        Binary::Both => truth(is_left.zip(is_right).map(|(left, right)| left && right)),
        Binary::Arithmetic(operator) => calculate(operator, left?, right?),
        // An unsigned operand would make a large number of a negative one.
        Binary::Comparison(_) if left? < 0 || right? < 0 => None,
        Binary::Comparison(comparison) => truth(left.zip(right).map(|(left, right)| comparison.holds(left, right))),
        Binary::Comma => None,
    }
}

fn calculate(operator: Arithmetic, left: i64, right: i64) -> Option<i64> {
    let is_negative = left < 0 || right < 0;
    match operator {
        Arithmetic::Plus => left.checked_add(right),
        Arithmetic::Minus => left.checked_sub(right),
        Arithmetic::And => Some(left & right),
        Arithmetic::Or => Some(left | right),
        // An unsigned operand would make a large number of a negative one.
        _ if is_negative => None,
        Arithmetic::ShiftLeft => left.checked_shl(u32::try_from(right).ok()?),
        Arithmetic::ShiftRight => left.checked_shr(u32::try_from(right).ok()?),
        Arithmetic::Times => left.checked_mul(right),
        Arithmetic::Divided => left.checked_div(right),
        Arithmetic::Remainder => left.checked_rem(right),
        Arithmetic::Xor => Some(left ^ right),
    }
}

/// Value of a version macro.
fn call(name: &str, arguments: &[Option<i64>]) -> Option<i64> {
    match (name, arguments) {
        ("KERNEL_VERSION", [Some(version), Some(patchlevel), Some(sublevel)]) => {
            kernel_version(*version, *patchlevel, *sublevel)
        }
        ("RHEL_RELEASE_VERSION", [Some(major), Some(minor)]) => major.checked_mul(1 << 8)?.checked_add(*minor),
        ("SLE_VERSION", [Some(version), Some(patchlevel), Some(sublevel)]) => {
            kernel_version(*version, *patchlevel, *sublevel)
        }
        _ => None,
    }
}

/// Value of a number as C writes it.
pub(super) fn integer(word: &str) -> Option<i64> {
    let digits = word.trim_end_matches(['u', 'U', 'l', 'L']);
    match digits.strip_prefix("0x").or(digits.strip_prefix("0X")) {
        Some(hexadecimal) => i64::from_str_radix(hexadecimal, 16).ok(),
        None if digits.len() > 1 && digits.starts_with('0') => i64::from_str_radix(&digits[1..], 8).ok(),
        None => digits.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn live(text: &str) -> String {
        let mut known = KnownMacros::of_version(kernel_version(7, 3, 4).expect("small"));
        known.define("HAVE_ONE", 1);
        known.undefine("HAVE_NONE");
        let blanked = known.arms(text.as_bytes()).blanked(text.as_bytes());
        assert_eq!(blanked.len(), text.len());
        String::from_utf8_lossy(&blanked).split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn many_names_are_looked_for_in_conditions() {
        let mut known = KnownMacros::default();
        (0..100).for_each(|number| known.define(&format!("HAVE_{number}"), 1));
        assert!(known.names_one(b"int a;\n#if defined(A) && \\\n\tdefined(HAVE_99)\n#endif\n"));
        assert!(!known.names_one(b"int HAVE_99;\n#if HAVE_100\n#endif\n"));
    }

    #[test]
    fn one_arm_of_a_known_conditional_is_left() {
        let cases = [
            ("#if LINUX_VERSION_CODE >= KERNEL_VERSION(6,17,0)\nnew\n#else\nold\n#endif\n", "new"),
            ("#if KERNEL_VERSION(7, 4, 0) > LINUX_VERSION_CODE\nold\n#else\nnew\n#endif\n", "old"),
            (
                "#if (LINUX_VERSION_CODE < KERNEL_VERSION(5,0,0)) /* long ago */\na\n#elif 1\nb\n#else\nc\n#endif\nd",
                "b d",
            ),
            ("#if defined(RHEL_RELEASE_CODE) && RHEL_RELEASE_CODE >= RHEL_RELEASE_VERSION(9, 4)\nrhel\n#endif\nx", "x"),
            ("#ifdef HAVE_ONE\na\n#else\nb\n#endif\n#ifndef HAVE_NONE\nc\n#endif\n", "a c"),
            ("#if LINUX_VERSION_CODE >= \\\n KERNEL_VERSION(7,0,0)\na\n#endif\n", "a"),
            (
                "#if LINUX_VERSION_CODE > KERNEL_VERSION(7,0,0)\n#if LINUX_VERSION_CODE > KERNEL_VERSION(8,0,0)\na\n#else\nb\n#endif\n#endif\n",
                "b",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(live(text), expected, "{text}");
        }
    }

    #[test]
    fn both_arms_of_an_unknown_conditional_are_left() {
        let unknown = "#if HAVE_TWO\na\n#else\nb\n#endif\n#ifdef CONFIG_X /* LINUX_VERSION_CODE */\nc\n#endif\n";
        assert_eq!(live(unknown), unknown.split_whitespace().collect::<Vec<_>>().join(" "));
        let half = "#if defined(HAVE_TWO) || LINUX_VERSION_CODE < KERNEL_VERSION(6,0,0)\na\n#elif LINUX_VERSION_CODE < KERNEL_VERSION(6,0,0)\nb\n#endif\n";
        assert!(live(half).contains("a #elif") && !live(half).contains(" b "), "{}", live(half));
        assert_eq!(live("#if HAVE_TWO && LINUX_VERSION_CODE < 1\na\n#endif\nb"), "b");
    }

    #[test]
    fn conditions_may_calculate() {
        for holds in [
            "LINUX_VERSION_CODE / 65536 == 7",
            "((LINUX_VERSION_CODE >> 8) & 0xff) == 3",
            "LINUX_VERSION_CODE % 256 == 4 && (1 | 2) == 3 && (1 ^ 3) == 2",
            "(LINUX_VERSION_CODE & 1 || 1) && 1 | 0",
            "(LINUX_VERSION_CODE & ~0xff) == KERNEL_VERSION(7, 3, 0)",
        ] {
            assert_eq!(live(&format!("#if {holds}\na\n#else\nb\n#endif\n")), "a", "{holds}");
        }
    }

    #[test]
    fn odd_conditions_are_unknown_and_end() {
        for odd in [
            "",
            " LINUX_VERSION_CODE ? 1 : 0",
            " (LINUX_VERSION_CODE ? 1 : 0)",
            " LINUX_VERSION_CODE 1",
            " 1 / 0",
            " LINUX_VERSION_CODE < 1 && __has_include(<linux/foo.h>) || defined(BACKPORT)",
            " 0 && 'a' == 97 || LINUX_VERSION_CODE",
            " LINUX_VERSION_CODE - 0x80000u > 0",
            " KERNEL_VERSION(",
            " KERNEL_VERSION(9223372036854775807, 9223372036854775807, 255)",
            &format!(" LINUX_VERSION_CODE {}", "(".repeat(100_000)),
        ] {
            let text = format!("#if{odd}\na\n#endif\n");
            let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(live(&text) == words, "{}", odd.get(..80).unwrap_or(odd));
        }
    }
}
