//! Rules about calls that take state and give it back.

use serde::Deserialize;

/// What sort of state it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StateKind {
    /// A reference by which an object lives.
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
    /// The word that requirements use: `ref`, `alloc`, ...
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

/// Arguments that are found by what they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ObjectRule {
    /// The last.
    Last,
    /// The first where it is an address, else the result.
    Made,
}

/// Which part of a call names what it takes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Object {
    /// The argument at this position, from 0.
    Argument(usize),
    /// One that is found by what it is.
    Rule(ObjectRule),
    /// What the call returns.
    #[default]
    Result,
}

/// Calls that take one kind of state, and the calls that give it back.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateRule {
    /// What is taken.
    pub kind: StateKind,
    /// Names of the calls that take it; `{a,b}` stands for either.
    pub take: Vec<String>,
    /// Names of the calls that give it back, likewise.
    pub undo: Vec<String>,
    /// What names the object.
    #[serde(default)]
    pub object: Object,
    /// Where this argument, from 0, is a constant, a second call changes nothing.
    pub same_again: Option<usize>,
    /// Whether others may hold it at the same time: a lock for reading.
    #[serde(default)]
    pub shared: bool,
}

/// What a call takes, by rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taking<'r> {
    /// What sort of state it is.
    pub kind: StateKind,
    /// What names the object.
    pub object: &'r Object,
    /// Where this argument, from 0, is a constant, a second call changes nothing.
    pub same_again: Option<usize>,
    /// Whether others may hold it at the same time.
    pub is_shared: bool,
}

impl Default for Taking<'_> {
    /// A reference to what the call returns.
    fn default() -> Self {
        Taking { kind: StateKind::Ref, object: &Object::Result, same_again: None, is_shared: false }
    }
}

/// Words of names that open and close something, where the words before them are the same: `x_lock_y` and `x_unlock`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bracket {
    /// What sort of state stands between.
    pub kind: StateKind,
    /// The word that opens.
    pub open: String,
    /// The word that closes.
    pub close: String,
}

/// The names that a name with alternatives in braces stands for: `list_{add,del}` for `list_add` and `list_del`.
///
/// # Errors
/// Where a brace is not closed.
pub(super) fn alternatives(name: &str) -> Result<Vec<String>, String> {
    let Some((before, rest)) = name.split_once('{') else {
        return if name.contains('}') { Err(format!("{name:?}: no brace is open")) } else { Ok(vec![name.to_owned()]) };
    };
    let (inner, behind) = rest.split_once('}').ok_or_else(|| format!("{name:?}: a brace is not closed"))?;
    let behind = alternatives(behind)?;
    let all = inner.split(',').flat_map(|one| behind.iter().map(move |rest| format!("{before}{one}{rest}")));
    Ok(all.collect())
}

/// The same by the ends of names.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pattern {
    /// What is taken.
    pub kind: StateKind,
    /// Suffixes of names that take it.
    pub take: Vec<String>,
    /// Suffixes of names that give it back.
    pub undo: Vec<String>,
    /// What names the object.
    #[serde(default)]
    pub object: Object,
    /// Whether the name alone tells nothing: it takes something only where that is given back as well.
    #[serde(default)]
    pub paired: bool,
    /// Whether others may hold it at the same time: a lock for reading.
    #[serde(default)]
    pub shared: bool,
}

impl Pattern {
    /// What a call of such a name takes.
    pub fn taking(&self) -> Taking<'_> {
        Taking { kind: self.kind, object: &self.object, same_again: None, is_shared: self.shared }
    }
}
