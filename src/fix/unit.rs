//! Parts of a conversion that several handlers need, and that build without them: patches of their own, ahead of those of the drivers.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::text::edit::{Edits, add_all};

/// A hook or a function that gets a twin, which takes a desc.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unit {
    /// A member of an ops table.
    Hook {
        /// The tag of the struct.
        record: String,
        /// The old member.
        member: String,
        /// The new member.
        twin: String,
    },
    /// A function of another module than those that need the twin.
    Helper {
        /// The old function.
        name: String,
        /// The new function.
        twin: String,
        /// Whether the old function becomes a bridge over the new one; otherwise it stays as it is.
        is_bridge: bool,
    },
}

impl Unit {
    /// The name that blocks handlers: `struct.member`, or the function.
    pub fn blocker(&self) -> String {
        match self {
            Unit::Hook { record, member, .. } => format!("{record}.{member}"),
            Unit::Helper { name, .. } => name.clone(),
        }
    }

    /// The new hook or function.
    pub fn twin(&self) -> String {
        match self {
            Unit::Hook { record, twin, .. } => format!("{record}.{twin}"),
            Unit::Helper { twin, .. } => twin.clone(),
        }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} for {}", self.twin(), self.blocker())
    }
}

/// What a handler contributes to a unit. All handlers that need the unit contribute the same, or parts of it.
#[derive(Clone, Debug, Default)]
pub(super) struct UnitPart {
    pub(super) edits: Edits,
    /// Facts that a reviewer of it should know.
    pub(super) remarks: BTreeSet<String>,
    /// Units that have to come before.
    pub(super) needs: BTreeSet<Unit>,
}

impl UnitPart {
    /// Adds what another handler contributes.
    pub(super) fn extend(&mut self, other: &UnitPart) {
        add_all(&mut self.edits, &other.edits);
        self.remarks.extend(other.remarks.iter().cloned());
        self.needs.extend(other.needs.iter().cloned());
    }
}

/// A handler's own edits and those of the units that it needs.
pub(super) fn with_units(own: &Edits, units: &BTreeMap<Unit, UnitPart>) -> Edits {
    let mut all = own.clone();
    units.values().for_each(|part| add_all(&mut all, &part.edits));
    all
}
