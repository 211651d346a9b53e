//! What a conversion changes on purpose: facts for the log of its patch.

use std::collections::BTreeSet;

use super::Behaviour;
use super::atom::{Atom, Compared, Literal};
use super::contradiction::is_impossible;
use super::outcome::{Effect, EffectKind, Outcome, Returned};
use super::term::Term;

/// Something that a faithful conversion does in another way, or at another time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Consequence {
    /// An action is requested where the handler called a function.
    Replaced {
        /// The call that populated.
        call: String,
        /// The call that requests the action.
        action: String,
    },
    /// The handler returned one error for every failure of a call. The action's `error_override` keeps it.
    ErrorKept {
        /// The error: `-EAGAIN`.
        error: String,
        /// The call.
        call: String,
    },
    /// The same, for an action that the core may reject before it populates: `error_override` does not apply then (`__mmap_region()` in
    /// mm/vma.c).
    ErrorOfCore {
        /// The error: `-EAGAIN`.
        error: String,
        /// The call.
        call: String,
    },
    /// The protection that only a populating call was given is now that of the VMA.
    ProtectionOfMapping {
        /// The call.
        call: String,
    },
    /// The handler refuses some mappings and changes no flag of those that it accepts. The core could merge such a mapping with its
    /// neighbour without a call of `.mmap`; `.mmap_prepare` is called before (`__mmap_region()` in mm/vma.c).
    AskedBeforeMerge,
}

/// The consequences of a conversion, from the variants of a handler with those of its conversion.
pub(super) fn consequences(pairs: &[(&Behaviour, &Behaviour)]) -> BTreeSet<Consequence> {
    let mut found = BTreeSet::new();
    for (old, new) in pairs {
        for is in &new.outcomes {
            let is_same_path = |was: &&Outcome| was.is_compatible(&is.condition) && was.result == is.result;
            for was in old.outcomes.iter().filter(is_same_path) {
                populating(was, is, &mut found);
            }
        }
        // Only mappings with the same flags are merged.
        let is_of_flag = |literal: &Literal| matches!(literal.atom, Atom::Flag(_));
        let refuses = old
            .outcomes
            .iter()
            .any(|outcome| outcome.result != Returned::Success && !outcome.condition.iter().all(is_of_flag));
        // A hook that gets the mapping may set flags.
        let is_hook = |effect: &Effect| {
            effect.gets_mapping && matches!(&effect.kind, EffectKind::Call(name, _) if name.contains("->"))
        };
        let may_merge = |outcome: &Outcome| {
            outcome.result == Returned::Success
                && outcome.mapping.flags.is_empty()
                && outcome.populates().next().is_none()
                && !outcome.effects.iter().any(is_hook)
        };
        if refuses && old.outcomes.iter().any(may_merge) {
            found.insert(Consequence::AskedBeforeMerge);
        }
    }
    found
}

/// Whether a size may be another than that of the mapping: the path does not test that they are equal.
fn may_differ(size: &Term, path: &Outcome) -> bool {
    let difference = Term::size().minus(size);
    !difference.is_some_and(|rest| is_impossible(&[&path.condition], Compared::zero(&rest).negated()))
}

/// The consequences for the populating calls of one path.
fn populating(was: &Outcome, is: &Outcome, found: &mut BTreeSet<Consequence>) {
    for (number, ((old, _), (new, _))) in was.populates().zip(is.populates()).enumerate() {
        if old.name == new.name {
            continue;
        }
        let call = old.name.clone();
        let fails = Literal { atom: Atom::Fails(number), holds: true };
        match &is.result {
            Returned::Error(error)
                if error.is_errno() && was.condition.contains(&fails) && is.condition.contains(&fails) =>
            {
                let (error, call) = (error.to_string(), call.clone());
                // mm/memory.c: simple_ioremap_prepare() tests the size, remap_pfn_range_prepare() a part of a private mapping.
                let is_shared = Literal { atom: Atom::Flag("VM_SHARED".to_owned()), holds: true };
                let is_part =
                    new.size.as_ref().is_some_and(|size| may_differ(size, is)) && !is.condition.contains(&is_shared);
                let error_of_core = "-EINVAL";
                if (new.object_size.is_some() || is_part) && error != error_of_core {
                    found.insert(Consequence::ErrorOfCore { error: error.clone(), call: call.clone() });
                }
                found.insert(Consequence::ErrorKept { error, call });
            }
            Returned::Error(_) => {}
            Returned::Success => {
                found.insert(Consequence::Replaced { call: call.clone(), action: new.name.clone() });
                let protection =
                    |outcome: &Outcome| -> Option<Term> { outcome.mapping.fields.get("vm_page_prot").cloned() };
                if protection(was).is_none() && protection(is).is_some_and(|prot| prot == old.prot) {
                    found.insert(Consequence::ProtectionOfMapping { call });
                }
            }
        }
    }
}
