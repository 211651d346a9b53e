//! A handler and its conversion: which functions are followed, and what has moved to `vm_ops->mapped`.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::atom::Literal;
use super::beyond::refused_by_core;
use super::compare::{differences, paired};
use super::consequence::{Consequence, consequences};
use super::constants::{Side, own_constants};
use super::difference::{Difference, NotCompared};
use super::outcome::Gap;
use super::pair::Sides;
use super::redefined::{in_words, redefined};
use super::term::{Part, Term};
use super::vm_ops::VmOps;
use super::wrap::newly_wrapping;
use super::{Behaviour, Callees, Functions, Reading};
use crate::index::{ItemId, Takes};
use crate::rules::{StateEffect, StateKind};
use crate::source::ast::{Expression, ExpressionKind as E, Function, Statement};
use crate::source::operator::Prefix;
use crate::source::visit::{self, Seen};
use crate::source::{Condition, ItemKind};
use crate::vma::flow::Key;

/// A handler compared with its conversion.
pub struct Conversion {
    /// What the conversion does otherwise.
    pub differences: Vec<Difference>,
    /// What it changes on purpose.
    pub consequences: BTreeSet<Consequence>,
    /// Whether it has a `vm_ops->mapped`, in which the old hook's state may have moved.
    pub has_mapped: bool,
}

/// Compares a handler with its conversion in another tree, or in the same.
///
/// # Errors
/// Not all outcomes are known, or the variants do not correspond.
pub fn conversion(old: (&Functions, &Key), new: (&Functions, &Key)) -> Result<Conversion, NotCompared> {
    let ((old_functions, old), (new_functions, new)) = (old, new);
    // A helper that is pulled out, or folded in, is followed on its side. One that both call, and that has moved to a header of the kernel,
    // is followed on none.
    let (before, after) = (old_functions.callees(old.id, &|_| true), new_functions.callees(new.id, &|_| true));
    let kind_of = |name: &String| Some((name.clone(), kind_taken(old_functions, name)?));
    let takes: Vec<(String, StateKind)> = before.others.iter().filter_map(kind_of).collect();
    let own = |callees: &Callees| callees.own.keys().cloned().collect::<BTreeSet<String>>();
    let differ = &own(&before) ^ &own(&after);
    // What both call with values, and not with the mapping, is the same function.
    let is_given_values =
        |name: &&String| before.own.get(*name).is_some_and(|(function, _)| Takes::of(&function.parameters).is_none());
    let both: BTreeSet<String> = (&own(&before) & &own(&after)).iter().filter(is_given_values).cloned().collect();
    let (leave, mut follow): (BTreeSet<String>, BTreeSet<String>) =
        differ.into_iter().partition(|name| before.calls(name) && after.calls(name));
    // What the change defines otherwise is compared by what it does.
    let words = |callees: &Callees, functions: &Functions, name: &str| {
        callees.own.get(name).map(|(_, file)| words_of(functions, name, *file))
    };
    let is_changed = |name: &&String| words(&before, old_functions, name) != words(&after, new_functions, name);
    let changed: Vec<String> = both.iter().filter(is_changed).cloned().collect();
    follow.extend(changed.iter().cloned());
    // A handler that only wrapped a helper may give way to the helper's twin.
    follow.extend(new_functions.helper_of(new).map(str::to_owned));
    let (was, is) = (old_functions.parameters(old), new_functions.parameters(new));
    let is_fresh = was.is_empty() && is.is_empty();
    let renamed = if was.len() == is.len() { was } else { Vec::new() };
    let old_side = Side::new(old_functions, old.id.file, &followed(old_functions, old.id, &before));
    let new_side = Side::new(new_functions, new.id.file, &followed(new_functions, new.id, &after));
    let constants = own_constants(&old_side, &new_side);
    let mut of_old = Reading { follow, leave, constants, ..Reading::default() };
    let constants = own_constants(&new_side, &old_side);
    let mut of_new = Reading { parameters: renamed, constants, ..of_old.clone() };
    let read = |of_old: &Reading, of_new: &Reading| {
        (old_functions.behaviours(old, of_old), new_functions.behaviours(new, of_new))
    };
    let (mut was_done, mut is_done) = read(&of_old, &of_new);
    let is_too_long = |behaviour: &Behaviour| behaviour.gap == Some(Gap::TooManyPaths);
    if was_done.iter().chain(&is_done).any(is_too_long) {
        // A function that both sides have, or that stands in another file, was not folded in or pulled out: its call is gone, or new.
        let is_far =
            |callees: &Callees, file: u32, name: &String| callees.own.get(name).is_some_and(|own| own.1 != file);
        let is_there = |name: &&String| {
            is_far(&before, old.id.file, name)
                || is_far(&after, new.id.file, name)
                || old_functions.own_item(name, old.id.file).is_some()
                    && new_functions.own_item(name, new.id.file).is_some()
        };
        let of_both: Vec<String> = of_old.follow.iter().filter(is_there).chain(&both).cloned().collect();
        for reading in [&mut of_old, &mut of_new] {
            reading.follow.retain(|name| !of_both.contains(name));
            reading.leave.extend(of_both.iter().cloned());
        }
        (was_done, is_done) = read(&of_old, &of_new);
    }
    let moved = moved(new_functions, new, &is_done, &takes);
    let pairs = paired(&was_done, &is_done)?;
    let vm_ops = VmOps::new((old_functions, old.id.file), (new_functions, new.id.file));
    let sides = Sides { rules: new_functions.context.rules, vm_ops: &vm_ops, moved: &moved, is_fresh };
    let mut differences = differences(&sides, &pairs)?;
    for difference in &mut differences {
        difference.cases.retain(|case| !case.iter().any(|literal| moved.decides(literal)));
    }
    differences.retain(|difference| !difference.cases.is_empty());
    differences.extend(refused_by_core(new_functions.context.rules, &pairs));
    differences.extend(newly_wrapping(&pairs));
    let left = changed.iter().find(|name| of_old.leave.contains(*name)).cloned();
    if differences.is_empty()
        && let Some(name) = left.or_else(|| redefined(&old_side, &new_side))
    {
        return Err(NotCompared::Redefined(name));
    }
    // Not each combination of #ifs is read: with other questions, one may be missing in which the hooks differ.
    if differences.is_empty() && questions(&was_done) != questions(&is_done) {
        return Err(NotCompared::Questions);
    }
    Ok(Conversion { differences, consequences: consequences(&pairs), has_mapped: !moved.is_empty() })
}

/// The words of the definitions of a function in a file.
fn words_of(functions: &Functions, name: &str, file: u32) -> Vec<Vec<u8>> {
    let source = functions.context.index.file(file);
    let items = source.named(ItemKind::Function, name).map(|item| source.items[item as usize].span);
    items.map(|span| in_words(span.of(&source.text))).collect()
}

/// What the `#if`s of a handler ask.
fn questions(behaviours: &[Behaviour]) -> BTreeSet<String> {
    let conditions = behaviours.iter().flat_map(|behaviour| behaviour.assumed.conditions());
    conditions.flat_map(Condition::questions).map(str::to_owned).collect()
}

/// The variants of a function, and the driver's own functions that it calls.
pub(super) fn followed(functions: &Functions, id: ItemId, callees: &Callees) -> Vec<Arc<Function>> {
    let variants = functions.context.function(id).variants.clone();
    variants.into_iter().chain(callees.own.values().map(|(function, _)| function.clone())).collect()
}

/// What `vm_ops->mapped` of a converted handler does. State per mapping moves there.
#[derive(Debug, Default)]
pub(super) struct Moved {
    /// The functions that it calls, directly and indirectly.
    calls: BTreeSet<String>,
    /// The members that it writes.
    members: BTreeSet<String>,
    /// Whether it writes the private data of the VMA.
    writes_private_data: bool,
}

impl Moved {
    /// Whether there is no `mapped`, or it does nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.calls.is_empty() && self.members.is_empty() && !self.writes_private_data
    }

    /// Whether it calls a function.
    pub(super) fn calls(&self, name: &str) -> bool {
        self.calls.contains(name)
    }

    /// Whether it writes the member that a place is.
    pub(super) fn writes(&self, place: &Term) -> bool {
        matches!(place.as_part(), Some(Part::Member(_, name)) if self.members.contains(name))
    }

    /// Whether it writes a field of the VMA.
    pub(super) fn writes_field(&self, field: &str) -> bool {
        field == "vm_private_data" && self.writes_private_data
    }

    /// Whether a condition asks for the result of one of its calls.
    fn decides(&self, literal: &Literal) -> bool {
        literal.asks(&|part| matches!(part, Part::Call(name, _) if self.calls(name)))
    }
}

/// What has moved to `vm_ops->mapped`. The kernel has several calls that take the same kind of state, so that those of the old handler,
/// which `takes` lists, count as moved with any.
fn moved(functions: &Functions, key: &Key, behaviours: &[Behaviour], takes: &[(String, StateKind)]) -> Moved {
    let outcomes = behaviours.iter().flat_map(|behaviour| &behaviour.outcomes);
    let tables: BTreeSet<String> = outcomes
        .filter_map(|outcome| match outcome.mapping.fields.get("vm_ops")?.as_part()? {
            Part::Address(table) => table.as_name().map(str::to_owned),
            _ => None,
        })
        .collect();
    let mut moved = Moved::default();
    for table in tables {
        let Some(hook) = functions.context.index.table_member(&table, "mapped", key.id.file) else { continue };
        let Some(id) = functions.own_item(&hook.name, hook.file) else { continue };
        let callees = functions.callees(id, &|_| true);
        let syntax = functions.context.function(id);
        for function in followed(functions, id, &callees) {
            moved.members.extend(written(&function.body));
        }
        // The hook gets the address of the private data.
        let parameter = syntax.variants.first().and_then(|function| function.parameters.last());
        moved.writes_private_data |= parameter.is_some_and(|last| {
            last.ty.pointers == 2 && syntax.variants.iter().any(|one| writes_behind(one, &last.name))
        });
        let Callees { own, others } = callees;
        let taken: Vec<StateKind> = others.iter().filter_map(|name| kind_taken(functions, name)).collect();
        moved.calls.extend(takes.iter().filter(|(_, kind)| taken.contains(kind)).map(|(name, _)| name.clone()));
        moved.calls.extend(own.into_keys().chain(others));
    }
    moved
}

/// Kind of the state that a call of the kernel takes. A reference is a count.
fn kind_taken(functions: &Functions, name: &str) -> Option<StateKind> {
    match functions.context.rules.state(name)? {
        StateEffect::Takes(taking) => Some(taking.kind.counted()),
        StateEffect::Undoes(..) => None,
    }
}

/// Whether a function assigns through a pointer parameter.
fn writes_behind(function: &Function, parameter: &str) -> bool {
    let mut writes = false;
    visit::statements(&function.body, &mut |seen| {
        if let Seen::Expression(Expression { kind: E::Assign { target, .. }, .. }) = seen {
            writes |= target.prefixed(Prefix::Target).is_some_and(|pointer| pointer.name() == Some(parameter));
        }
    });
    writes
}

/// The members that statements write.
pub(super) fn written(statements: &[Statement]) -> BTreeSet<String> {
    let mut members = BTreeSet::new();
    visit::statements(statements, &mut |seen| {
        let target = match seen {
            Seen::Expression(Expression { kind: E::Assign { target, .. }, .. }) => target,
            Seen::Expression(Expression { kind: E::Step { operand, .. }, .. }) => operand,
            _ => return,
        };
        if let E::Field { name, .. } = &target.kind {
            members.insert(name.clone());
        }
    });
    members
}
