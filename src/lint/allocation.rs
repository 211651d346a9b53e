//! Where memory comes from: the calls that allocate what a value points to.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::vm_ops::is_page_of_fault;
use super::{Facts, HandlerView};
use crate::behaviour::{EffectKind, Outcome, Part, Term};
use crate::index::ItemId;
use crate::rules::{Call, CallEffect};
use crate::source::ast::{Expression, ExpressionKind as E, Function};
use crate::source::visit::{self, Seen};
use crate::source::{ItemKind, Span, find_word, identifiers, words};
use crate::verdict::Place;

/// Memory that a path maps.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub struct Mapped {
    /// Where it is mapped.
    pub place: Place,
    /// Its frame, its page, or an array of pages.
    pub object: Term,
    /// Whether the path fills it.
    pub is_filled: bool,
}

/// What the paths of a handler and of its fault handlers map.
pub fn mapped(facts: &Facts, handler: &HandlerView) -> BTreeSet<Mapped> {
    let hooks = facts.fault_hooks(handler, "fault");
    let is_populate = |rule: &Call| matches!(rule.does, CallEffect::Populate | CallEffect::Action);
    let populates = handler.ruled_calls(facts.rules()).any(|(_, rule)| is_populate(rule));
    let own = Some(&handler.key).filter(|_| populates);
    let keys = own.into_iter().chain(hooks.iter().map(|hook| &hook.key));
    let mut found = BTreeSet::new();
    for behaviours in keys.map(|key| facts.behaviours(key)) {
        let outcomes = behaviours.iter().flat_map(|behaviour| &behaviour.outcomes);
        for (outcome, effect) in
            outcomes.flat_map(|outcome| outcome.effects.iter().map(move |effect| (outcome, effect)))
        {
            let objects: Vec<&Term> = match &effect.kind {
                EffectKind::Populate(populate) => {
                    populate.frame.iter().chain(&populate.page).chain(&populate.others).collect()
                }
                EffectKind::Store(place, value) if is_page_of_fault(place) => vec![value],
                _ => continue,
            };
            found.extend(objects.into_iter().map(|object| Mapped {
                place: effect.place,
                object: object.clone(),
                is_filled: fills(facts, outcome, object),
            }));
        }
    }
    found
}

/// Whether a path has a call that fills memory.
fn fills(facts: &Facts, outcome: &Outcome, object: &Term) -> bool {
    let is_it = |term: &Term| term == object || object.as_part().is_some_and(|object| term.any(&|part| part == object));
    outcome.effects.iter().any(|effect| match &effect.kind {
        EffectKind::Call(name, arguments) => facts.rules().clears(name) && arguments.iter().any(is_it),
        _ => false,
    })
}

/// A call that allocates memory.
pub struct Allocation {
    /// Its name.
    pub name: String,
    /// Its arguments as text.
    pub arguments: Vec<String>,
}

/// The calls, of those that are asked for, that allocate what a value points to: the value itself, or what a file assigns to the member or
/// variable that it is.
pub fn allocations(facts: &Facts, file: u32, value: &Term, is_asked: &dyn Fn(&str) -> bool) -> Vec<Allocation> {
    let found = value.parts().map(|(part, _)| match part {
        Part::Call(name, arguments) if is_asked(name) => {
            vec![Allocation { name: name.clone(), arguments: arguments.iter().map(ToString::to_string).collect() }]
        }
        Part::Index(base, _) => base
            .parts()
            .flat_map(|(part, _)| named(part))
            .flat_map(|name| assigned(facts, file, name, is_asked))
            .collect(),
        part => named(part).into_iter().flat_map(|name| assigned(facts, file, name, is_asked)).collect(),
    });
    found.into_iter().find(|found| !found.is_empty()).unwrap_or_default()
}

/// Whether the file of a handler names one of some calls.
pub fn names_one<'n>(facts: &Facts, handler: &HandlerView, mut calls: impl Iterator<Item = &'n str>) -> bool {
    let text = &facts.context.index.file(handler.key.id.file).text;
    calls.any(|name| find_word(text, name.as_bytes(), 0).is_some())
}

/// The name of a member or variable.
pub fn named(part: &Part) -> Option<&str> {
    match part {
        Part::Member(_, name) | Part::Name(name) => Some(name),
        _ => None,
    }
}

/// The calls whose result a file assigns to a member or a variable of this name.
fn assigned(facts: &Facts, file: u32, name: &str, is_asked: &dyn Fn(&str) -> bool) -> Vec<Allocation> {
    let text = &facts.context.index.file(file).text;
    let mut calls = Vec::new();
    for function in naming(facts, file, name, is_asked) {
        visit::statements(&function.body, &mut |seen| {
            if let Seen::Expression(Expression { kind: E::Assign { target, value, .. }, .. }) = seen
                && is_named(target, name)
                && let E::Call { callee, arguments } = &value.bare().kind
                && let Some(callee) = callee.name().filter(|callee| is_asked(callee))
            {
                let arguments = arguments.iter().map(|argument| argument.text(text)).collect();
                calls.push(Allocation { name: callee.to_owned(), arguments });
            }
        });
    }
    calls
}

/// The functions of a file whose text has a name and the name of one of some calls, in each variant.
pub fn naming(facts: &Facts, file: u32, name: &str, is_call: &dyn Fn(&str) -> bool) -> Vec<Arc<Function>> {
    let source = facts.context.index.file(file);
    let places: Vec<Span> = words(&source.text, name.as_bytes()).map(|at| Span::new(at, at + name.len())).collect();
    let mut found = Vec::new();
    for (item, known) in (0u32..).zip(&source.items).filter(|(_, item)| item.kind == ItemKind::Function) {
        let is_named = places.iter().any(|place| known.span.contains(place.start));
        if is_named && identifiers(known.span.of(&source.text)).any(is_call) {
            found.extend(facts.syntax(ItemId { file, item }).variants.iter().cloned());
        }
    }
    found
}

/// Whether an expression is a member or a variable of this name, or an element of it.
pub fn is_named(target: &Expression, wanted: &str) -> bool {
    match &target.bare().kind {
        E::Field { name, .. } => name == wanted,
        E::Index { base, .. } => is_named(base, wanted),
        _ => target.name() == Some(wanted),
    }
}
