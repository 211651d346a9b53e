//! Rules for calls that take state or release it.

use serde::Deserialize;

/// Kind of state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StateKind {
    /// A reference that keeps an object alive.
    Ref,
    /// Memory or another new object.
    Alloc,
    /// A shared count or bit.
    Counter,
    /// Membership in a list or tree.
    List,
    /// A lock.
    Lock,
}

impl StateKind {
    /// The kind with which a count of uses agrees: code may count in a `kref`, or in an `atomic_t`.
    pub fn counted(self) -> StateKind {
        if self == StateKind::Ref { StateKind::Counter } else { self }
    }

    /// Name in requirement kinds: `ref`, `alloc`, ...
    pub fn name(self) -> &'static str {
        match self {
            StateKind::Ref => "ref",
            StateKind::Alloc => "alloc",
            StateKind::Counter => "counter",
            StateKind::List => "list",
            StateKind::Lock => "lock",
        }
    }
}

/// Ways to find the object of a call without a fixed position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ObjectRule {
    /// The last argument.
    Last,
    /// The first argument if it is an address, else the result.
    Made,
}

/// Part of a call that names the object it takes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Object {
    /// The argument at this position, from 0.
    Argument(usize),
    /// Found by a rule.
    Rule(ObjectRule),
    /// The result of the call.
    #[default]
    Result,
}

/// A lock that a scope holds: `guard(mutex)(&lock)`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guard {
    /// Names of the lock in `guard()`.
    pub(super) names: Vec<String>,
    /// Call that takes the lock otherwise.
    pub take: String,
    /// Call that releases it otherwise.
    pub undo: String,
    /// Whether it is a read lock.
    #[serde(default)]
    pub shared: bool,
}

/// Calls that take one kind of state, and the calls that release it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateRule {
    /// Kind of the state.
    pub kind: StateKind,
    /// Names of the calls that take it; `{a,b}` stands for either.
    pub take: Vec<String>,
    /// Names of the calls that release it, in the same notation.
    pub undo: Vec<String>,
    /// Part of the call that names the object.
    #[serde(default)]
    pub object: Object,
    /// If this argument, from 0, is a constant, a repeated call changes nothing.
    pub same_again: Option<usize>,
    /// Whether others may hold it at the same time, as with a read lock.
    #[serde(default)]
    pub shared: bool,
    /// Whether the call returns zero if it takes the state, although its name says `try`.
    #[serde(default)]
    pub zero_takes: bool,
}

/// State that a call takes, according to a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taking<'r> {
    /// Kind of the state.
    pub kind: StateKind,
    /// Part of the call that names the object.
    pub object: &'r Object,
    /// If this argument, from 0, is a constant, a repeated call changes nothing.
    pub same_again: Option<usize>,
    /// Whether others may hold it at the same time.
    pub is_shared: bool,
    /// Whether the call returns zero if it takes the state, although its name says `try`.
    pub zero_takes: bool,
}

impl Default for Taking<'_> {
    /// A reference to the result of the call.
    fn default() -> Self {
        Taking { kind: StateKind::Ref, object: &Object::Result, same_again: None, is_shared: false, zero_takes: false }
    }
}

/// Words in the names of an opening and a closing call with the same prefix: `x_lock_y` and `x_unlock`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bracket {
    /// Kind of the state between the two calls.
    pub kind: StateKind,
    /// Word in the opening call.
    pub open: String,
    /// Word in the closing call.
    pub close: String,
    /// Whether it counts between a hook and the `close` of its mappings alone, not within one function.
    #[serde(default)]
    pub with_close: bool,
}

/// Expands alternatives in braces: `list_{add,del}` becomes `list_add` and `list_del`.
///
/// # Errors
/// A brace is unmatched.
pub(super) fn alternatives(name: &str) -> Result<Vec<String>, String> {
    let Some((before, rest)) = name.split_once('{') else {
        return if name.contains('}') { Err(format!("{name:?}: no brace is open")) } else { Ok(vec![name.to_owned()]) };
    };
    let (inner, behind) = rest.split_once('}').ok_or_else(|| format!("{name:?}: a brace is not closed"))?;
    let behind = alternatives(behind)?;
    let all = inner.split(',').flat_map(|one| behind.iter().map(move |rest| format!("{before}{one}{rest}")));
    Ok(all.collect())
}

/// Like [`StateRule`], but for suffixes of names.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pattern {
    /// Kind of the state.
    pub kind: StateKind,
    /// Suffixes of names that take it.
    pub take: Vec<String>,
    /// Suffixes of names that release it.
    pub undo: Vec<String>,
    /// Part of the call that names the object.
    #[serde(default)]
    pub object: Object,
    /// Whether the call takes state only if the function, or the close hook that it installs, releases such state.
    #[serde(default)]
    pub paired: bool,
    /// Whether others may hold it at the same time, as with a read lock.
    #[serde(default)]
    pub shared: bool,
}

impl Pattern {
    /// State that a call of such a name takes.
    pub fn taking(&self) -> Taking<'_> {
        Taking { kind: self.kind, object: &self.object, is_shared: self.shared, ..Taking::default() }
    }
}
