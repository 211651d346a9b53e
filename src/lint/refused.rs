//! Mappings that a handler refuses for a flag that mprotect() can add later.

use super::context::{Facts, HandlerView};
use super::function_view::FunctionView;
use crate::behaviour::{EffectKind, Literal, Outcome, Part, Returned};
use crate::lint::branches::is_error;
use crate::source::ast::Statement;
use crate::source::visit::{self, Seen};
use crate::verdict::Place;

/// A flag, and the flag that lets mprotect() set it.
pub struct Permission {
    /// `VM_WRITE`.
    pub flag: &'static str,
    /// `VM_MAYWRITE`.
    pub may: &'static str,
}

/// How a handler keeps a flag from mappings.
pub enum Refusal {
    /// It refuses mappings with the flag, if further conditions hold.
    Refuses(Vec<Literal>),
    /// It clears the flag.
    Clears,
}

/// Errors that say that something is missing or busy, not that the mapping is not allowed.
const RESOURCE_ERRORS: &[&str] =
    &["ENXIO", "ENODEV", "ENOMEM", "EBUSY", "EAGAIN", "EIO", "ENOENT", "EINTR", "ERESTARTSYS"];

impl Facts<'_> {
    /// The places where a handler keeps `permission.flag` from mappings and leaves mprotect() the right to set it.
    pub fn refused(&self, handler: &HandlerView, permission: &Permission) -> Vec<(Place, Refusal)> {
        let mentions = |body: &FunctionView| {
            let flags = [&body.lowered.tests, &body.lowered.clears, &body.lowered.sets];
            flags.into_iter().flatten().any(|named| named.name == permission.flag)
        };
        if !handler.bodies.iter().any(mentions) || self.is_settled_elsewhere(handler, permission) {
            return Vec::new();
        }
        let mut places: Vec<(Place, Refusal)> = Vec::new();
        for behaviour in self.behaviours(&handler.key).iter().filter(|behaviour| behaviour.gap.is_none()) {
            let is_accepted =
                |outcome: &&Outcome| outcome.result == Returned::Success && !self.is_settled(outcome, permission);
            let accepted: Vec<&Outcome> = behaviour.outcomes.iter().filter(is_accepted).collect();
            for outcome in &accepted {
                if outcome.mapping.flags.get(permission.flag) == Some(&false) {
                    places.push((cleared_at(handler, permission).unwrap_or(outcome.place), Refusal::Clears));
                }
            }
            for refused in behaviour.outcomes.iter().filter(|outcome| outcome.result != Returned::Success) {
                if accepted.iter().any(|accepted| is_for_flag(refused, accepted, permission)) {
                    let conditions = further_conditions(refused, &accepted, permission);
                    // Where the flag alone decides, any error says no.
                    if !conditions.is_empty() && !is_verdict(refused) {
                        continue;
                    }
                    places.push((refused.decided.unwrap_or(refused.place), Refusal::Refuses(conditions)));
                }
            }
        }
        places.sort_by_key(|(place, _)| *place);
        places.dedup_by_key(|(place, _)| *place);
        places
    }

    /// Whether callers of the hook clear or test the flag that mprotect() asks for, or `vm_ops->mprotect` refuses.
    fn is_settled_elsewhere(&self, handler: &HandlerView, permission: &Permission) -> bool {
        let settles = |body: &FunctionView| {
            body.lowered.clears.iter().chain(&body.lowered.tests).any(|flag| flag.name == permission.may)
        };
        let index = self.context.index;
        let refuses = |(table, file): (String, u32)| {
            let Some(hook) = index.table_member(&table, "mprotect", file) else { return false };
            let functions = index.functions(&hook.name, hook.file).into_iter();
            functions.flat_map(|id| self.syntax(id).variants.clone()).any(|function| returns_error(&function.body))
        };
        self.callers(handler).into_iter().any(|caller| caller.bodies.iter().any(settles))
            || self.vm_ops_tables(handler).into_iter().any(refuses)
    }

    /// Whether mprotect() cannot add the flag to a mapping that was accepted like this, or need not be kept from it: its pages are those of
    /// a file, or the file's mode decides, as it does in mmap() and mprotect() themselves.
    fn is_settled(&self, accepted: &Outcome, permission: &Permission) -> bool {
        let maps_file =
            |kind: &EffectKind| matches!(kind, EffectKind::Call(name, _) if self.rules().maps_page_cache(name));
        let is_mode = |part: &Part| matches!(part, Part::Member(_, member) if member == "f_mode");
        accepted.mapping.flags.get(permission.may) == Some(&false)
            || accepted.requires(permission.may, false)
            || accepted.effects.iter().any(|effect| maps_file(&effect.kind))
            || accepted.condition.iter().any(|literal| literal.asks(&is_mode))
    }
}

/// Whether the error says that the mapping is not allowed.
fn is_verdict(refused: &Outcome) -> bool {
    match &refused.result {
        Returned::Error(error) => !error.errno().is_some_and(|name| RESOURCE_ERRORS.contains(&name)),
        Returned::Success => false,
    }
}

/// Whether a mapping is refused for the flag: it is accepted if only the flag is clear.
fn is_for_flag(refused: &Outcome, accepted: &Outcome, permission: &Permission) -> bool {
    let is_mode = |part: &Part| matches!(part, Part::Member(_, member) if member == "f_mode");
    if !refused.requires(permission.flag, true) || refused.condition.iter().any(|literal| literal.asks(&is_mode)) {
        return false;
    }
    let without_flag: Vec<_> = refused
        .condition
        .iter()
        .map(|literal| if literal.is_of_flag(permission.flag) { literal.negated() } else { literal.clone() })
        .collect();
    // The failure of a call is a reason of its own.
    let is_own_reason =
        |literal: &Literal| literal.is_of_populate() || literal.asks(&|part| matches!(part, Part::Call(..)));
    let is_shared = |literal: &Literal| accepted.condition.contains(literal) || !is_own_reason(literal);
    accepted.is_compatible(&without_flag) && without_flag.iter().all(is_shared)
}

/// The conditions of a refusal, beside the flag, without which a mapping with the flag is accepted: those that tell it from the accepted
/// outcomes that are nearest to it.
fn further_conditions(refused: &Outcome, accepted: &[&Outcome], permission: &Permission) -> Vec<Literal> {
    let with_flag = accepted.iter().filter(|accepted| !accepted.requires(permission.flag, false));
    let own = || refused.condition.iter().filter(|literal| !literal.is_of_flag(permission.flag));
    let differs = |accepted: &Outcome| -> Vec<&Literal> {
        own().filter(|literal| accepted.condition.contains(&literal.negated())).collect()
    };
    let apart: Vec<Vec<&Literal>> = with_flag.map(|accepted| differs(accepted)).collect();
    let fewest = apart.iter().map(Vec::len).min().unwrap_or_default();
    let is_near = |literal: &&Literal| apart.iter().any(|apart| apart.len() == fewest && apart.contains(literal));
    own().filter(is_near).cloned().collect()
}

/// The place where the handler clears the flag.
fn cleared_at(handler: &HandlerView, permission: &Permission) -> Option<Place> {
    handler.bodies.iter().find_map(|body| {
        let cleared = body.lowered.clears.iter().find(|cleared| cleared.name == permission.flag)?;
        Some(Place { file: body.file(), span: cleared.span })
    })
}

fn returns_error(statements: &[Statement]) -> bool {
    let mut found = false;
    visit::statements(statements, &mut |seen| {
        if let Seen::Expression(expression) = seen {
            found |= is_error(expression);
        }
    });
    found
}
