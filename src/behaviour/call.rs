//! Calls: by rule, followed into the driver's own functions, or left as they are.

use std::collections::BTreeSet;

use super::arithmetic::{in_page, operation};
use super::atom::Compared;
use super::evaluate::Values;
use super::flags::with_flags;
use super::outcome::{EffectKind, Gap, Populate};
use super::state::State;
use super::store::{flag_changes, member_of};
use super::term::{Operation, Part, Term};
use super::trace::Event;
use super::walk::{DEPTH_LIMIT, Exit, Walk, narrowed};
use crate::rules::{Call, CallEffect, CallValue, Guard, Idiom, Rules};
use crate::source::Span;
use crate::source::ast::{Expression, ExpressionKind as E};
use crate::source::operator::Arithmetic;

/// Maximum number of variants by `#if` of a function that is followed in all of them.
const VARIANTS_LIMIT: usize = 4;

/// A call with its arguments evaluated.
pub(super) struct Called<'e> {
    pub(super) name: String,
    pub(super) arguments: Vec<Term>,
    pub(super) expressions: &'e [Expression],
    pub(super) span: Span,
    /// Whether its result is dropped.
    pub(super) is_dropped: bool,
}

impl Walk<'_, '_> {
    /// Evaluates a call; a call whose result is dropped is there for its effect. Any other expression has its value.
    pub(super) fn call(&mut self, whole: &Expression, state: State, is_dropped: bool) -> Values {
        let E::Call { callee, arguments: expressions } = &whole.bare().kind else { return self.value(whole, state) };
        if let Some(guard) = self.functions.guard_of(callee) {
            return self.guard(guard, expressions, whole.span, state);
        }
        let is_stop = |name: &str| self.functions.context.rules.idiom(name) == Some(Idiom::Stop);
        if is_dropped && callee.name().is_some_and(is_stop) {
            return vec![(state, Term::default())];
        }
        if let Some(expanded) = callee.name().and_then(|name| self.own_macro(name, expressions, whole.span)) {
            return self.expand(|walk| walk.value(&expanded, state));
        }
        let callees = match callee.name().filter(|name| !state.locals.contains_key(*name)) {
            Some(name) => vec![(state, name.to_owned())],
            None => self.value(callee, state).into_iter().map(|(state, callee)| (state, callee.to_string())).collect(),
        };
        let mut values = Vec::new();
        for (state, name) in callees {
            let rules = self.functions.context.rules;
            if rules.flag_test(&name).is_some() || rules.call(&name).is_some_and(|rule| rule.test.is_some()) {
                let answers = self.condition(whole, state);
                values.extend(answers.into_iter().map(|(state, holds)| (state, Term::constant(holds.into()))));
                continue;
            }
            if rules.idiom(&name) == Some(Idiom::Container) && self.reading.is_shown {
                values.extend(self.container(&name, expressions, state));
                continue;
            }
            for (state, mut arguments) in self.arguments(self.evaluated(&name, expressions), state) {
                // The others are conditions, which the call evaluates until they hold.
                let asked = expressions[arguments.len()..].iter();
                arguments.extend(asked.map(|condition| Term::from(Part::Name(self.text_of(condition)))));
                let called = Called { name: name.clone(), arguments, expressions, span: whole.span, is_dropped };
                values.extend(self.called(&called, state));
            }
        }
        values
    }

    /// The arguments of a call that are evaluated once: of `wait_event(queue, condition)` the queue.
    fn evaluated<'e>(&self, name: &str, arguments: &'e [Expression]) -> &'e [Expression] {
        let waits = name.starts_with("wait_event") && self.reading.is_shown;
        if waits { &arguments[..arguments.len().min(1)] } else { arguments }
    }

    /// `guard(mutex)(&lock)`: the lock and the unlock at once. Differences do not depend on the order of calls.
    pub(super) fn guard(&mut self, guard: &Guard, lock: &[Expression], span: Span, state: State) -> Values {
        let mut values = Vec::new();
        for (mut state, arguments) in self.arguments(lock, state) {
            let before = state.trace.clone();
            for call in [&guard.take, &guard.undo] {
                self.add_effect(EffectKind::Call(call.clone(), arguments.clone()), span, &mut state);
            }
            state.lock_changes();
            state.trace = before;
            if let [.., taken, _] = state.effects.as_slice() {
                state.trace.push(Event::Holds(taken.clone()));
            }
            values.push((state, Term::default()));
        }
        values
    }

    fn arguments(&mut self, expressions: &[Expression], state: State) -> Vec<(State, Vec<Term>)> {
        let mut all = vec![(state, Vec::new())];
        for expression in expressions {
            let mut next = Vec::new();
            for (state, arguments) in all {
                for (state, value) in self.value(expression, state) {
                    let mut arguments: Vec<Term> = arguments.clone();
                    arguments.push(value);
                    next.push((state, arguments));
                }
            }
            all = self.bounded(next);
        }
        all
    }

    fn called(&mut self, call: &Called, mut state: State) -> Values {
        let rules = self.functions.context.rules;
        let name = call.name.as_str();
        if let Some(value) = rules.value(name) {
            return self.known_value(value, call, state);
        }
        if let Some(called) = self.nested(call) {
            return self.opaque(&called, state);
        }
        if let Some(wrapped) = self.functions.wrapped(name) {
            let wrapped = match wrapped.strip_prefix("vm_ops.") {
                Some(hook) => member_of(&state.field("vm_ops"), hook).to_string(),
                None => wrapped.to_owned(),
            };
            return self.called(&unwrapped(call, &wrapped, rules), state);
        }
        let value = match rules.idiom(name) {
            Some(Idiom::Hint | Idiom::Assertion | Idiom::Load | Idiom::TakesFromCleanup) => call.arguments.first(),
            Some(Idiom::ErrorPointer) => call.arguments.last(),
            Some(Idiom::PointerError | Idiom::PointerErrorOrZero) => {
                call.arguments.first().filter(|value| value.is_errno())
            }
            Some(Idiom::LoadThrough | Idiom::Store | Idiom::Container | Idiom::IsError | Idiom::Stop) | None => None,
        };
        if let Some(value) = value {
            return vec![(state, value.clone())];
        }
        let twin_of_composed = || rules.call(&self.functions.canonical(name, true)).filter(|rule| rule.composed);
        if let Some(rule) = rules.call(name).or_else(twin_of_composed) {
            match rule.does {
                CallEffect::Populate | CallEffect::Action => return self.populate(rule, call, state),
                CallEffect::Bridge => return vec![(state, Term::default())],
                CallEffect::Access if rule.set.is_some() || rule.clear.is_some() => {
                    self.write_flags(rule, call, &mut state);
                    return vec![(state, Term::default())];
                }
                _ => {}
            }
        }
        self.followed(call, &state).unwrap_or_else(|| self.opaque(call, state))
    }

    fn known_value(&mut self, value: CallValue, call: &Called, mut state: State) -> Values {
        let first = call.arguments.first().cloned().unwrap_or_default();
        let value = match value {
            CallValue::Pages => Part::Pages.into(),
            CallValue::Size => Term::size(),
            CallValue::PageOffset => state.field("vm_pgoff"),
            CallValue::EndPageOffset => state.field("vm_pgoff").plus(&Part::Pages.into()).unwrap_or_default(),
            CallValue::Argument => first,
            CallValue::Flags => {
                let named = call.expressions.iter().flat_map(|argument| self.flags_in(argument, &state));
                Part::Flags(named.collect()).into()
            }
            CallValue::InPages => first.times_pages(-1),
            CallValue::InBytes => first.times_pages(1),
            CallValue::PageAligned if first.is_whole_pages() => first,
            CallValue::PageAligned => Part::Call("PAGE_ALIGN".to_owned(), vec![first]).into(),
            CallValue::InPage => in_page(&first),
            CallValue::IsAligned => {
                let multiple = call.arguments.get(1).cloned().unwrap_or_else(Term::page_size);
                let ones = multiple.minus(&Term::constant(1)).unwrap_or_default();
                let answers = state.decide(Compared::zero(&operation(Arithmetic::And, &first, &ones))).into_iter();
                return answers.map(|(state, holds)| (state, Term::constant(holds.into()))).collect();
            }
            CallValue::Shifted => {
                let [value, shift, ..] = call.arguments.as_slice() else { return self.opaque(call, state) };
                let shifted = operation(Arithmetic::ShiftLeft, value, shift);
                if let Some(variable) = call.expressions.get(2).and_then(|argument| self.own_variable(argument)) {
                    state.locals.insert(variable, shifted.clone());
                }
                Part::Operation(Operation::Wraps, vec![shifted, Term::default()]).into()
            }
            CallValue::Sum => {
                let [left, right, ..] = call.arguments.as_slice() else { return self.opaque(call, state) };
                let variable = call.expressions.get(2).and_then(|argument| self.own_variable(argument));
                if let (Some(sum), Some(variable)) = (left.plus(right), variable) {
                    state.locals.insert(variable, sum.clone());
                    if sum.never_wraps() {
                        return vec![(state, Term::default())];
                    }
                }
                Part::Operation(Operation::Wraps, vec![left.clone(), right.clone()]).into()
            }
            CallValue::Address => return self.opaque(call, state),
            CallValue::Least | CallValue::Greatest => {
                let [.., left, right] = call.arguments.as_slice() else { return vec![(state, first)] };
                let Some(difference) = left.minus(right) else { return vec![(state, first)] };
                self.note_wraps([left, right], call.span, &state);
                let takes_left = |is_greater: bool| is_greater == (value == CallValue::Greatest);
                let answers = state.decide(Compared::positive(&difference)).into_iter();
                return answers
                    .map(|(state, is_greater)| {
                        let chosen = if takes_left(is_greater) { left } else { right };
                        (state, chosen.clone())
                    })
                    .collect();
            }
        };
        vec![(state, value)]
    }

    /// Sets and clears the flags that a call names: of the mapping, or of a copy in a variable.
    fn write_flags(&self, rule: &Call, call: &Called, state: &mut State) {
        let copy = call.expressions.first().and_then(|copy| self.own_variable(copy));
        for (first, set) in [(rule.set, true), (rule.clear, false)] {
            let Some(first) = first else { continue };
            let count = if rule.variadic { usize::MAX } else { 1 };
            let flags = call.expressions.iter().zip(&call.arguments).skip(first).take(count);
            let mut named: BTreeSet<String> = BTreeSet::new();
            for (expression, value) in flags {
                // `flags = vma->vm_flags & ~X; vm_flags_reset(vma, flags)`
                let mut changes = Vec::new();
                if flag_changes(value, &mut changes) {
                    changes.iter().for_each(|(flags, set)| self.change_flags(flags, *set, state));
                    continue;
                }
                match value.as_part() {
                    Some(Part::Flags(flags)) => named.extend(flags.iter().cloned()),
                    _ if value.as_constant() == Some(0) => {}
                    // A macro of the driver stands for itself.
                    Some(Part::Name(name)) => drop(named.insert(name.clone())),
                    _ => named.extend(self.flags_in(expression, state)),
                }
            }
            match copy.as_ref().and_then(|name| state.locals.get(name).cloned().zip(Some(name))) {
                Some((old, name)) => drop(state.locals.insert(name.clone(), with_flags(old, named, set))),
                None => self.change_flags(&named, set, state),
            }
        }
    }

    /// A populating call, or the request for an action.
    fn populate(&mut self, rule: &Call, call: &Called, mut state: State) -> Values {
        let argument = |position: Option<usize>| position.and_then(|position| call.arguments.get(position)).cloned();
        let is_action = rule.does == CallEffect::Action;
        let kind = match is_action {
            true => self.functions.action_of(&call.name),
            false => rule.action.clone(),
        };
        // An action without start and size is for the whole mapping.
        let is_whole = is_action && rule.start.is_none() && rule.size.is_none();
        let whole = |value: Term| (is_whole && rule.frame.is_some()).then_some(value);
        // `vm_insert_pages(vma, start, pages, &count)`
        let count = argument(rule.count).map(|count| match count.as_part() {
            Some(Part::Address(place)) => {
                place.as_name().and_then(|name| state.locals.get(name)).cloned().unwrap_or(count)
            }
            _ => count,
        });
        let known = [rule.vma, rule.start, rule.frame, rule.size, rule.object_size, rule.prot, rule.count];
        let others = call.arguments.iter().enumerate().filter(|(at, value)| {
            !known.contains(&Some(*at)) && !matches!(value.as_part(), Some(Part::Mapping | Part::File))
        });
        // The call reads vm_pgoff as the code before it has left it.
        let offset = rule.adds_offset.then(|| state.field("vm_pgoff"));
        let populate = Populate {
            kind: kind.unwrap_or_else(|| self.functions.canonical(&call.name, true)),
            name: call.name.clone(),
            is_request: is_action,
            start: argument(rule.start).or(whole(Part::Start.into())),
            frame: argument(rule.frame),
            size: argument(rule.size).or(whole(Term::size())),
            object_size: argument(rule.object_size),
            page: argument(rule.page),
            count: count.or((is_whole && rule.pages.is_some()).then(|| Part::Pages.into())),
            prot: argument(rule.prot).unwrap_or_else(|| state.field("vm_page_prot")),
            offset: offset.clone(),
            others: others.map(|(at, value)| from_offset(rule, at, value, offset.as_ref())).collect(),
        };
        self.add_effect(EffectKind::Populate(populate), call.span, &mut state);
        let number = state.populates;
        state.populates += 1;
        if is_action {
            state.action = Some(number);
            return vec![(state, Term::default())];
        }
        vec![(state, Part::Populated(number).into())]
    }

    /// The call of the mmap hook of another file, however it is written: as `table->mmap(file, mapping)`.
    fn nested<'e>(&self, call: &Called<'e>) -> Option<Called<'e>> {
        let (table, file, mapping) = match call.arguments.as_slice() {
            [mapping, table, file] if self.functions.nested.contains(&call.name) => (table.clone(), file, mapping),
            [file, mapping] if call.name == "vfs_mmap" => (member_of(file, "f_op"), file, mapping),
            _ => return None,
        };
        let name = member_of(&table, "mmap").to_string();
        Some(Called { name, arguments: vec![file.clone(), mapping.clone()], ..*call })
    }

    /// Follows a call into a function of the driver that gets something of the mapping, or that is asked to be followed.
    fn followed(&mut self, call: &Called, state: &State) -> Option<Values> {
        let is_passed = |term: &Term| term.is_of_mapping() || state.holds_mapping(term);
        let is_asked = self.reading.follow.contains(&call.name);
        if self.reading.leave.contains(&call.name) || !is_asked && !call.arguments.iter().any(is_passed) {
            return None;
        }
        let near = self.frame().file;
        let asked = || self.functions.foreign_item(&call.name, near).filter(|_| is_asked);
        let id = self.functions.own_item(&call.name, near).or_else(asked)?;
        let mut variants = Vec::new();
        for (id, condition) in self.functions.arms(id, &call.name) {
            let syntax = self.functions.context.function(id);
            let most = if syntax.variants.len() > VARIANTS_LIMIT { 1 } else { VARIANTS_LIMIT };
            variants.extend(syntax.variants.iter().take(most).map(|variant| (variant.clone(), condition.clone())));
        }
        if variants.is_empty() || variants.iter().any(|(variant, _)| variant.parameters.len() != call.arguments.len()) {
            return None;
        }
        if self.frames.len() >= DEPTH_LIMIT {
            self.miss(Gap::TooDeep);
            return None;
        }
        let mut state = state.clone();
        let lent = self.lend(call, &mut state);
        let mut values = Vec::new();
        for (variant, condition) in &variants {
            let entry = match condition {
                Some(condition) => self.configured(condition, vec![state.clone()]),
                None => vec![state.clone()],
            };
            let exits: Vec<Exit> = entry
                .into_iter()
                .flat_map(|entry| self.function(variant, id.file, call.arguments.clone(), entry))
                .collect();
            for Exit { mut state, value, .. } in exits {
                for name in &lent {
                    if let Some(value) = state.memory.remove(&Part::Name(name.clone()).into()) {
                        let value = self
                            .frame()
                            .types
                            .get(name)
                            .map_or_else(|| value.clone(), |ty| narrowed(ty, value.clone()));
                        state.locals.insert(name.clone(), value);
                    }
                }
                values.push((state, narrowed(&variant.returns, value.unwrap_or_default())));
            }
        }
        self.lent.truncate(self.lent.len() - lent.len());
        Some(values)
    }

    /// Lets a function read and write the variables whose address it is given. Returns their names.
    fn lend(&mut self, call: &Called, state: &mut State) -> Vec<String> {
        let mut lent = Vec::new();
        for argument in &call.arguments {
            let Some(Part::Address(place)) = argument.as_part() else { continue };
            let Some(name) = place.as_name() else { continue };
            if let Some(value) = state.locals.get(name).filter(|_| !self.lent.iter().any(|other| other == name)) {
                state.memory.insert(place.as_ref().clone(), value.clone());
                lent.push(name.to_owned());
            }
        }
        self.lent.extend(lent.iter().cloned());
        lent
    }

    /// `container_of(pointer, struct lamp, member)`: the type and the member are no values.
    fn container(&mut self, name: &str, expressions: &[Expression], state: State) -> Values {
        let text = &self.functions.context.index.file(self.frame().file).text;
        let words: Vec<Term> = expressions.iter().skip(1).map(|word| Part::Name(word.text(text)).into()).collect();
        let pointers = expressions.first().map(|pointer| self.value(pointer, state)).unwrap_or_default().into_iter();
        let part = |pointer: Term| Part::Call(name.to_owned(), [vec![pointer], words.clone()].concat());
        pointers.map(|(state, pointer)| (state, part(pointer).into())).collect()
    }

    /// The variable of the running function whose address an argument is.
    pub(super) fn own_variable(&self, argument: &Expression) -> Option<String> {
        let name = argument.bare().address_of()?.name()?;
        let ty = self.frame().types.get(name)?;
        (ty.tag() != Some("vm_area_desc")).then(|| name.to_owned())
    }
}

/// The call that a wrapper makes: at an address, where the wrapper is given an offset.
fn unwrapped<'e>(call: &Called<'e>, wrapped: &str, rules: &Rules) -> Called<'e> {
    let mut arguments = call.arguments.clone();
    let start = rules.call(wrapped).and_then(|rule| arguments.get_mut(rule.start?));
    if let Some(start) = start {
        *start = start.plus(&Part::Start.into()).unwrap_or_default();
    }
    Called { name: wrapped.to_owned(), arguments, ..*call }
}

/// An argument of a populating call. An array of pages from which the call skips those before `offset` starts there, and `&pages[n]` is
/// `pages + n`.
fn from_offset(rule: &Call, at: usize, value: &Term, offset: Option<&Term>) -> Term {
    if rule.pages != Some(at) {
        return value.clone();
    }
    let element = match value.as_part() {
        Some(Part::Address(place)) => match place.as_part() {
            Some(Part::Index(array, index)) => array.plus(index),
            _ => None,
        },
        _ => None,
    };
    let start = element.unwrap_or_else(|| value.clone());
    offset.and_then(|offset| start.plus(offset)).unwrap_or(start)
}
