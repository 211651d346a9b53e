//! Conditions of `#if` as trees: what they ask, whatever their spelling.

use std::collections::BTreeMap;
use std::fmt;

use super::compiled::integer;
use super::lex::{identifier_end, is_identifier_byte, skip_blank};

/// Maximum nesting of a condition that is read.
const DEPTH: usize = 32;

/// A condition. `!` stands only before leaves, and lists are flat and sorted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Condition {
    /// A question, and whether the answer is yes: `CONFIG_MMU` is defined, `VERSION > 2`. `VERSION <= 2` is the other answer to that.
    Leaf(String, bool),
    /// All of them hold.
    All(Vec<Condition>),
    /// Any of them holds.
    Any(Vec<Condition>),
}

impl Condition {
    /// Reads a condition as it is written.
    pub fn read(text: &str) -> Condition {
        let tokens = tokens(text);
        let mut reader = Reader { tokens: &tokens, at: 0, depth: 0, is_odd: false };
        let condition = reader.any();
        // What is not read as a whole is one question.
        if reader.is_odd || reader.at < tokens.len() { leaf(&tokens) } else { condition }
    }

    /// The condition that all of these hold.
    pub fn all(list: Vec<Condition>) -> Condition {
        joined(true, list)
    }

    /// The opposite.
    pub fn negated(self) -> Condition {
        match self {
            Condition::Leaf(text, holds) => Condition::Leaf(text, !holds),
            Condition::All(list) => joined(false, list.into_iter().map(Condition::negated).collect()),
            Condition::Any(list) => joined(true, list.into_iter().map(Condition::negated).collect()),
        }
    }

    /// Whether it holds in any configuration, or in none; `None` if it asks for something.
    pub fn is_constant(&self) -> Option<bool> {
        self.holds(&BTreeMap::new())
    }

    /// Whether it holds, given the answers to some questions; `None` if they do not decide.
    pub fn holds(&self, answers: &BTreeMap<String, bool>) -> Option<bool> {
        let of_list = |list: &[Condition], decides: bool| {
            let all: Vec<Option<bool>> = list.iter().map(|condition| condition.holds(answers)).collect();
            match all {
                _ if all.contains(&Some(decides)) => Some(decides),
                _ if all.contains(&None) => None,
                _ => Some(!decides),
            }
        };
        match self {
            Condition::Leaf(text, holds) if text.starts_with(|first: char| first.is_ascii_digit()) => {
                let number = integer(text)?;
                Some((number != 0) == *holds)
            }
            Condition::Leaf(text, holds) => Some(*answers.get(text)? == *holds),
            Condition::All(list) => of_list(list, false),
            Condition::Any(list) => of_list(list, true),
        }
    }

    /// All questions that it asks.
    pub fn questions(&self) -> Vec<&str> {
        match self {
            Condition::Leaf(question, _) => vec![question],
            Condition::All(list) | Condition::Any(list) => list.iter().flat_map(Condition::questions).collect(),
        }
    }

    /// Whether it holds only if this macro is not defined.
    pub fn excludes(&self, name: &str) -> bool {
        self.answers().iter().any(|(question, holds)| question == name && !holds)
    }

    /// The questions that have to be answered in one way, with the answers.
    pub fn answers(&self) -> Vec<(String, bool)> {
        match self {
            Condition::Leaf(text, holds) => vec![(text.clone(), *holds)],
            Condition::All(list) => list.iter().flat_map(Condition::answers).collect(),
            Condition::Any(_) => Vec::new(),
        }
    }
}

/// A list that is flat, sorted and without repetitions.
fn joined(is_all: bool, list: Vec<Condition>) -> Condition {
    let mut flat = Vec::new();
    for condition in list {
        match (condition, is_all) {
            (Condition::All(inner), true) | (Condition::Any(inner), false) => flat.extend(inner),
            (other, _) => flat.push(other),
        }
    }
    if let Some(at) = flat.iter().position(|condition| condition.is_constant() == Some(!is_all)) {
        return flat.swap_remove(at);
    }
    flat.sort();
    flat.dedup();
    // What always holds, or never, says nothing beside others.
    if flat.len() > 1 {
        flat.retain(|condition| condition.is_constant().is_none());
    }
    match flat.len() {
        0 => Condition::Leaf(u8::from(is_all).to_string(), true),
        1 => flat.remove(0),
        _ if is_all => Condition::All(flat),
        _ => Condition::Any(flat),
    }
}

/// The opposite of a comparison: `V >= 2` for `V < 2`.
fn opposite(text: &str) -> Option<String> {
    let signs = [("<", ">="), (">", "<="), ("<=", ">"), (">=", "<"), ("==", "!="), ("!=", "==")];
    let words: Vec<&str> = text.split(' ').collect();
    let compared: Vec<usize> =
        (0..words.len()).filter(|at| signs.iter().any(|(sign, _)| *sign == words[*at])).collect();
    let [at] = compared.as_slice() else { return None };
    let (_, turned) = signs.into_iter().find(|(sign, _)| *sign == words[*at])?;
    let mut words = words;
    words[*at] = turned;
    Some(words.join(" "))
}

fn leaf(tokens: &[&str]) -> Condition {
    let text = tokens.join(" ");
    match opposite(&text).filter(|_| tokens.iter().any(|token| ["<", "<=", "!="].contains(token))) {
        Some(opposite) => Condition::Leaf(opposite, false),
        None => Condition::Leaf(text, true),
    }
}

/// Words, numbers and operators.
fn tokens(text: &str) -> Vec<&str> {
    let bytes = text.as_bytes();
    let (mut tokens, mut at) = (Vec::new(), skip_blank(bytes, 0));
    while at < bytes.len() {
        let word = identifier_end(bytes, at);
        let two = text.get(at..at + 2).filter(|two| ["||", "&&", "==", "!=", "<=", ">=", "<<", ">>"].contains(two));
        let end = match two {
            _ if word > at => word,
            Some(_) => at + 2,
            None => at + text[at..].chars().next().map_or(1, char::len_utf8),
        };
        tokens.push(&text[at..end]);
        at = skip_blank(bytes, end);
    }
    tokens
}

struct Reader<'t> {
    tokens: &'t [&'t str],
    at: usize,
    depth: usize,
    /// Whether it nests too deep, or ends too early.
    is_odd: bool,
}

impl<'t> Reader<'t> {
    fn any(&mut self) -> Condition {
        self.list("||", false, Reader::all)
    }

    fn all(&mut self) -> Condition {
        self.list("&&", true, Reader::question)
    }

    fn list(&mut self, separator: &str, is_all: bool, read: fn(&mut Reader<'t>) -> Condition) -> Condition {
        let mut list = vec![read(self)];
        while self.tokens.get(self.at) == Some(&separator) {
            self.at += 1;
            list.push(read(self));
        }
        joined(is_all, list)
    }

    /// A question up to `&&`, `||` or the end of its parentheses.
    fn question(&mut self) -> Condition {
        self.depth += 1;
        self.is_odd |= self.depth > DEPTH;
        let question = if self.is_odd { leaf(&[]) } else { self.operand() };
        self.depth -= 1;
        question
    }

    fn operand(&mut self) -> Condition {
        let start = self.at;
        match self.tokens.get(start).copied() {
            // `!V > 1` compares `!V`.
            Some("!") => {
                self.at += 1;
                let is_compared =
                    |question: &Condition| matches!(question, Condition::Leaf(text, _) if opposite(text).is_some());
                let is_bare = self.tokens.get(self.at).is_some_and(|token| *token != "(" && *token != "!");
                let inner = self.question();
                match self.ends_here() && !(is_bare && is_compared(&inner)) {
                    true => inner.negated(),
                    false => self.whole(start),
                }
            }
            Some("(") => {
                self.at += 1;
                let inner = self.any();
                self.is_odd |= self.tokens.get(self.at) != Some(&")");
                self.at += 1;
                if self.ends_here() { inner } else { self.whole(start) }
            }
            Some("defined" | "IS_ENABLED") => {
                let has_parenthesis = self.tokens.get(start + 1) == Some(&"(");
                let at = start + 1 + usize::from(has_parenthesis);
                let name = self.tokens.get(at).filter(|name| name.bytes().all(is_identifier_byte));
                self.at = at + 1 + usize::from(has_parenthesis);
                match name {
                    Some(name) if self.ends_here() => leaf(&[name]),
                    _ => self.whole(start),
                }
            }
            _ => self.whole(start),
        }
    }

    fn ends_here(&self) -> bool {
        self.tokens.get(self.at).is_none_or(|token| ["&&", "||", ")"].contains(token))
    }

    /// The question that begins at a token, as one leaf.
    fn whole(&mut self, start: usize) -> Condition {
        let (mut depth, mut end) = (0usize, start);
        while let Some(token) = self.tokens.get(end) {
            match *token {
                "(" => depth += 1,
                ")" if depth > 0 => depth -= 1,
                "&&" | "||" | ")" if depth == 0 => break,
                _ => {}
            }
            end += 1;
        }
        self.is_odd |= end == start;
        self.at = end;
        leaf(&self.tokens[start..end])
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |list: &[Condition], separator: &str| {
            let part = |condition: &Condition| match condition {
                Condition::Leaf(..) => condition.to_string(),
                _ => format!("({condition})"),
            };
            list.iter().map(part).collect::<Vec<_>>().join(separator)
        };
        match self {
            Condition::Leaf(text, true) => out.write_str(text),
            Condition::Leaf(text, false) => match opposite(text) {
                Some(opposite) => out.write_str(&opposite),
                None if text.bytes().all(is_identifier_byte) => write!(out, "!{text}"),
                None => write!(out, "!({text})"),
            },
            Condition::All(all) => out.write_str(&list(all, " && ")),
            Condition::Any(any) => out.write_str(&list(any, " || ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_alike_if_they_ask_the_same() {
        let same = [
            ("CONFIG_A", "defined(CONFIG_A)"),
            ("IS_ENABLED(CONFIG_A)", "defined CONFIG_A"),
            ("defined(A) || defined(B)", "B||A"),
            ("!(A || B)", "!B && !A"),
            ("((A && B))", "A && (B)"),
            ("A || (B || C)", "C || A || B"),
            ("V>1", "V > 1"),
            ("!(V < 2)", "V >= 2"),
            ("!!A", "A"),
            ("1 && A", "A || 0x0"),
            ("0 || 0", "0"),
        ];
        for (one, other) in same {
            assert_eq!(Condition::read(one), Condition::read(other), "{one}");
        }
        let differ = [
            ("!(A || B)", "!A || B"),
            ("A && B || C", "A && (B || C)"),
            ("!(V > 1)", "!V > 1"),
            ("IS_ENABLED_A", "A"),
            ("defined(A) == 1", "A"),
            ("é(", "é"),
        ];
        for (one, other) in differ {
            assert_ne!(Condition::read(one), Condition::read(other), "{one}");
        }
        Condition::read(&"(".repeat(100_000));
        Condition::read(&"!".repeat(100_000));
    }

    #[test]
    fn answers_decide_conditions() {
        let condition = Condition::read("A && (B || V > 2)");
        let answers = |list: &[(&str, bool)]| list.iter().map(|(name, holds)| ((*name).to_owned(), *holds)).collect();
        assert_eq!(condition.holds(&answers(&[("A", false)])), Some(false));
        assert_eq!(condition.holds(&answers(&[("A", true), ("B", true)])), Some(true));
        assert_eq!(condition.holds(&answers(&[("A", true)])), None);
        assert_eq!(condition.answers(), [("A".to_owned(), true)]);
        assert_eq!(condition.negated().to_string(), "!A || (!B && V <= 2)");
    }
}
