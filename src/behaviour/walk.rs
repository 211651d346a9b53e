//! Follows the statements of a function with all states that it can be in.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::atom::Literal;
use super::loops::Loop;
use super::outcome::{Gap, Wrap};
use super::state::State;
use super::term::{Cut, Part, Term};
use super::{Functions, Reading};
use crate::source::ast::{
    Declared, Expression, ExpressionKind as E, Function, Label, Statement, StatementKind as S, SwitchArm, Type,
};
use crate::source::operator::Comparison;
use crate::source::{Condition, Span, find_word, identifiers, parse};
use crate::verdict::Place;

/// Maximum number of states at one place.
const STATES_LIMIT: usize = 160;

/// Maximum number of states that one expression leads to. Those of a statement are counted behind it.
const VALUES_LIMIT: usize = 4 * STATES_LIMIT;

/// Maximum number of statements that are followed, counted once for each state.
const STEPS_LIMIT: usize = 8_000;

/// Maximum depth of calls that are followed.
pub(super) const DEPTH_LIMIT: usize = 8;

/// Where control goes from a list of statements.
#[derive(Default)]
pub(super) struct Exits {
    pub(super) next: Vec<State>,
    pub(super) breaks: Vec<State>,
    pub(super) continues: Vec<State>,
    pub(super) returns: Vec<Exit>,
}

/// A return from a function.
pub(super) struct Exit {
    pub(super) state: State,
    pub(super) value: Option<Term>,
    pub(super) place: Place,
}

/// A function that is being followed.
pub(super) struct Frame {
    pub(super) file: u32,
    pub(super) types: FxHashMap<String, Type>,
    /// States that jump to labels further down.
    pub(super) waiting: BTreeMap<String, Vec<State>>,
    /// How many loops lie around the statement.
    pub(super) loops: usize,
    /// How many scopes lie around it.
    pub(super) scopes: usize,
}

/// Follows a handler.
pub(super) struct Walk<'a, 'f> {
    pub(super) functions: &'f Functions<'a>,
    pub(super) frames: Vec<Frame>,
    pub(super) gap: Option<Gap>,
    pub(super) reading: &'f Reading,
    /// How many loops were followed, and how many of them have variables that are known by round.
    pub(super) loops: usize,
    pub(super) counted_loops: usize,
    pub(super) wraps: BTreeMap<Place, Wrap>,
    /// Variables of callers whose address a running function has.
    pub(super) lent: Vec<String>,
    /// How many names were expanded, and how many are at the moment, one within another.
    pub(super) expansions: usize,
    pub(super) expanding: usize,
    /// Whether mmap() is running, and not a fault, which may be in another process.
    pub(super) is_in_mmap: bool,
    steps: usize,
}

impl<'a, 'f> Walk<'a, 'f> {
    pub(super) fn new(functions: &'f Functions<'a>, reading: &'f Reading) -> Walk<'a, 'f> {
        Walk {
            functions,
            frames: Vec::new(),
            gap: None,
            reading,
            loops: 0,
            counted_loops: 0,
            wraps: BTreeMap::new(),
            lent: Vec::new(),
            expansions: 0,
            expanding: 0,
            is_in_mmap: false,
            steps: 0,
        }
    }

    /// Notes why not all is known; the first reason stays.
    pub(super) fn miss(&mut self, gap: Gap) {
        self.gap.get_or_insert(gap);
    }

    pub(super) fn frame(&self) -> &Frame {
        // A walk evaluates nothing outside of a function.
        self.frames.last().unwrap_or_else(|| unreachable!("no function is followed"))
    }

    pub(super) fn frame_mut(&mut self) -> &mut Frame {
        self.frames.last_mut().unwrap_or_else(|| unreachable!("no function is followed"))
    }

    pub(super) fn at(&self, span: Span) -> Place {
        Place { file: self.frame().file, span }
    }

    /// Follows a function whose parameters have these values.
    pub(super) fn function(
        &mut self,
        function: &Arc<Function>,
        file: u32,
        arguments: Vec<Term>,
        mut state: State,
    ) -> Vec<Exit> {
        let mut types = FxHashMap::default();
        let caller = std::mem::take(&mut state.locals);
        for (parameter, value) in function.parameters.iter().zip(arguments) {
            state.locals.insert(parameter.name.clone(), narrowed(&parameter.ty, value));
            types.insert(parameter.name.clone(), parameter.ty.clone());
        }
        self.frames.push(Frame { file, types, waiting: BTreeMap::new(), loops: 0, scopes: 0 });
        let entry = function
            .assumed
            .conditions()
            .iter()
            .fold(vec![state], |states, condition| self.configured(condition, states));
        let exits = self.statements(&function.body, entry);
        let end = function.body.last().map_or(Span { start: 0, end: 0 }, |last| last.span);
        let end = self.at(end);
        let frame = self.frames.pop();
        if frame.is_some_and(|frame| !frame.waiting.is_empty()) {
            self.miss(Gap::JumpsBack);
        }
        let mut returns = exits.returns;
        returns.extend(exits.next.into_iter().map(|state| Exit { state, value: None, place: end }));
        for exit in &mut returns {
            exit.state.locals.clone_from(&caller);
        }
        returns
    }

    pub(super) fn statements(&mut self, list: &[Statement], entry: Vec<State>) -> Exits {
        let mut exits = Exits { next: entry, ..Exits::default() };
        for statement in list {
            if self.gap.is_some() {
                break;
            }
            self.steps += exits.next.len() + 1;
            let states = std::mem::take(&mut exits.next);
            exits.extend(self.statement(statement, states));
            let most = exits.next.len().max(exits.returns.len());
            if most > STATES_LIMIT || self.steps > STEPS_LIMIT {
                self.miss(Gap::TooManyPaths);
            }
        }
        exits
    }

    fn statement(&mut self, statement: &Statement, states: Vec<State>) -> Exits {
        match &statement.kind {
            S::Expression(expression) => match self.expanded(expression) {
                // A macro may name itself.
                Some(_) if !self.may_expand() => {
                    self.miss(Gap::TooDeep);
                    Exits { next: states, ..Exits::default() }
                }
                Some(statements) => self.expand(|walk| walk.block(&statements, states)),
                None => Exits { next: self.for_effect(expression, states), ..Exits::default() },
            },
            S::Declaration(variables) => Exits { next: self.declared(variables, states), ..Exits::default() },
            S::If { condition, then, otherwise } => self.branch(condition, then, otherwise, states),
            S::Loop { condition: Some(condition), body, is_do: true, .. } if condition.is_zero() => {
                self.once(body, states)
            }
            S::Loop { condition, body, is_do, head } => {
                let head = head.as_deref();
                self.repeated(&Loop { condition: condition.as_ref(), body, is_do: *is_do, head }, states)
            }
            S::Switch { value, arms } => self.switch(value, arms, states),
            S::Return(value) => self.returned(value.as_ref(), statement.span, states),
            S::Goto(label) => {
                if !states.is_empty() {
                    self.frame_mut().waiting.entry(label.clone()).or_default().extend(states);
                }
                Exits::default()
            }
            S::Label(label) => {
                let mut next = states;
                next.extend(self.frame_mut().waiting.remove(label).unwrap_or_default());
                Exits { next, ..Exits::default() }
            }
            S::Break => Exits { breaks: states, ..Exits::default() },
            S::Continue => Exits { continues: states, ..Exits::default() },
            S::Block(inner) => self.block(inner, states),
            S::Unknown => {
                self.miss(Gap::NotParsed);
                Exits { next: states, ..Exits::default() }
            }
        }
    }

    /// The states in which a condition of `#if` holds.
    pub(super) fn configured(&mut self, condition: &Condition, states: Vec<State>) -> Vec<State> {
        // `#if 1 && defined(CONFIG_LAMP)`
        if let Some(holds) = condition.is_constant() {
            return if holds { states } else { Vec::new() };
        }
        let states = match condition {
            Condition::Leaf(question, holds) => {
                states.iter().filter_map(|state| state.assume(Literal::configured(question, *holds))).collect()
            }
            Condition::All(list) => list.iter().fold(states, |states, condition| self.configured(condition, states)),
            Condition::Any(list) => {
                let (mut found, mut left) = (Vec::new(), states);
                for condition in list {
                    found.extend(self.configured(condition, left.clone()));
                    left = self.configured(&condition.clone().negated(), left);
                }
                found
            }
        };
        self.bounded(states)
    }

    /// At most as many states, or states with their values, as are followed.
    pub(super) fn bounded<T>(&mut self, mut states: Vec<T>) -> Vec<T> {
        if states.len() > VALUES_LIMIT {
            self.miss(Gap::TooManyPaths);
            states.truncate(1);
        }
        states
    }

    /// The statements of a macro that may return from the function or leave it otherwise: no call does that.
    fn expanded(&self, expression: &Expression) -> Option<Vec<Statement>> {
        let E::Call { callee, arguments } = &expression.bare().kind else { return None };
        let name = callee.name().filter(|name| !name.bytes().any(|byte| byte.is_ascii_lowercase()))?;
        let index = self.functions.context.index;
        let expansions = index.expansions(name, self.frame().file, arguments, self.expanding > 0)?;
        let expansion = expansions.into_iter().next()?;
        self.may_leave(&expansion, 0, &mut BTreeSet::new())
            .then(|| parse::statements(&expansion, expression.span).syntax)
    }

    /// Whether the text of a macro leaves the function, by itself or by a macro that it names.
    fn may_leave(&self, text: &[u8], depth: usize, known: &mut BTreeSet<String>) -> bool {
        /// Macros seldom nest deeper.
        const DEPTH: usize = 4;
        if ["return", "goto"].iter().any(|word| find_word(text, word.as_bytes(), 0).is_some()) {
            return true;
        }
        let is_macro = |name: &&str| name.len() > 1 && !name.bytes().any(|byte| byte.is_ascii_lowercase());
        depth < DEPTH
            && identifiers(text).filter(is_macro).any(|name| {
                let is_new = known.insert(name.to_owned());
                let index = self.functions.context.index;
                is_new
                    && index
                        .expanded_call(name, self.frame().file, &[])
                        .iter()
                        .any(|text| self.may_leave(text, depth + 1, known))
            })
    }

    /// Evaluates an expression whose value is dropped.
    fn for_effect(&mut self, expression: &Expression, states: Vec<State>) -> Vec<State> {
        let ends = self.of_each(states, |walk, state| walk.call(expression, state, true));
        ends.into_iter().map(|(state, _)| state).collect()
    }

    /// What follows from each state, until there are too many.
    fn of_each<T>(&mut self, states: Vec<State>, mut follow: impl FnMut(&mut Self, State) -> Vec<T>) -> Vec<T> {
        let mut all = Vec::new();
        for state in states {
            if all.len() > STATES_LIMIT {
                self.miss(Gap::TooManyPaths);
            }
            if self.gap.is_some() {
                break;
            }
            all.extend(follow(self, state));
        }
        all
    }

    fn declared(&mut self, variables: &[Declared], mut states: Vec<State>) -> Vec<State> {
        for variable in variables {
            self.frame_mut().types.insert(variable.name.clone(), variable.ty.clone());
            let is_desc = variable.ty.tag() == Some("vm_area_desc") && variable.ty.pointers == 0;
            let values = self.of_each(states, |walk, state| match &variable.value {
                _ if is_desc => vec![(state, Part::Mapping.into())],
                Some(value) if variable.ty.name == "bool" && variable.ty.pointers == 0 => {
                    walk.truth_as_value(value, state)
                }
                Some(Expression { kind: E::Initializer { ty: None, entries }, .. }) => {
                    let place = Term::from(Part::Name(variable.name.clone()));
                    let states = walk.initialized(&place, variable.ty.is_array, entries, state).into_iter();
                    states.map(|state| (state, place.clone())).collect()
                }
                Some(value) if !matches!(value.kind, E::Initializer { .. }) => walk.value(value, state),
                _ => vec![(state, Part::Name(variable.name.clone()).into())],
            });
            let declared = values.into_iter().map(|(mut state, value)| {
                if variable.cleanup.is_some() {
                    state.forget_call(&value);
                }
                state.locals.insert(variable.name.clone(), narrowed(&variable.ty, value).bounded());
                state
            });
            states = declared.collect();
        }
        states
    }

    fn branch(
        &mut self,
        condition: &Expression,
        then: &[Statement],
        otherwise: &[Statement],
        states: Vec<State>,
    ) -> Exits {
        let (mut holds, mut fails) = (Vec::new(), Vec::new());
        let place = self.at(condition.span);
        for (mut state, answer) in self.of_each(states, |walk, state| walk.condition(condition, state)) {
            state.decided = Some(place);
            if answer { holds.push(state) } else { fails.push(state) }
        }
        let mut exits = self.block(then, holds);
        exits.extend(self.block(otherwise, fails));
        exits
    }

    fn switch(&mut self, value: &Expression, arms: &[SwitchArm], states: Vec<State>) -> Exits {
        let is_declaration = |statement: &Statement| matches!(statement.kind, S::Declaration(_));
        // A macro may stand for a label.
        if arms.iter().any(|arm| matches!(arm.label, Label::Missing) && !arm.body.iter().all(is_declaration)) {
            self.miss(Gap::NotParsed);
        }
        let mut entries: Vec<Vec<State>> = arms.iter().map(|_| Vec::new()).collect();
        let mut exits = Exits::default();
        let place = self.at(value.span);
        for (mut state, chosen) in self.of_each(states, |walk, state| walk.value(value, state)) {
            state.decided = Some(place);
            let mut left = vec![state];
            for (number, arm) in arms.iter().enumerate() {
                let mut others = Vec::new();
                for (state, holds) in self.of_each(left, |walk, state| walk.chooses(&arm.label, &chosen, state)) {
                    if holds { entries[number].push(state) } else { others.push(state) }
                }
                left = others;
            }
            match arms.iter().position(|arm| matches!(arm.label, Label::Default)) {
                Some(number) => entries[number].extend(left),
                None => exits.next.extend(left),
            }
        }
        let mut running = Vec::new();
        for (arm, mut entry) in arms.iter().zip(entries) {
            // An arm without a `break` runs into the next.
            entry.append(&mut running);
            let after = self.statements(&arm.body, entry);
            running = after.next;
            exits.next.extend(after.breaks);
            exits.continues.extend(after.continues);
            exits.returns.extend(after.returns);
        }
        exits.next.extend(running);
        exits
    }

    /// Whether a value chooses the arm of a label. What no other label has chosen goes to `default`.
    fn chooses(&mut self, label: &Label, chosen: &Term, state: State) -> Vec<(State, bool)> {
        let questions = match label {
            Label::Case(value) => vec![(Comparison::Equal, value)],
            Label::Range(least, greatest) => vec![(Comparison::AtLeast, least), (Comparison::AtMost, greatest)],
            Label::Default | Label::Missing => return vec![(state, false)],
        };
        let mut answers = vec![(state, true)];
        for (comparison, value) in questions {
            let (held, mut next): (Vec<_>, Vec<_>) = answers.into_iter().partition(|(_, holds)| *holds);
            for (state, value) in held.into_iter().flat_map(|(state, _)| self.value(value, state)).collect::<Vec<_>>() {
                next.extend(self.compared(comparison, chosen, &value, state));
            }
            answers = next;
        }
        answers
    }

    fn returned(&mut self, value: Option<&Expression>, span: Span, states: Vec<State>) -> Exits {
        let place = self.at(span);
        let values = self.of_each(states, |walk, state| match value {
            Some(value) => walk.value(value, state).into_iter().map(|(state, value)| (state, Some(value))).collect(),
            None => vec![(state, None)],
        });
        let returns = values.into_iter().map(|(state, value)| Exit { state, value, place }).collect();
        Exits { returns, ..Exits::default() }
    }
}

impl Exits {
    fn extend(&mut self, other: Exits) {
        self.next.extend(other.next);
        self.breaks.extend(other.breaks);
        self.continues.extend(other.continues);
        self.returns.extend(other.returns);
    }
}

/// A value without the bits that a narrow type cuts off.
pub(super) fn cut(ty: &Type, value: Term) -> Term {
    let (name, bytes) = ty.narrow_integer().unwrap_or((&ty.name, u8::MAX));
    let whole = match value.as_part() {
        // `(int)(u8)x` is `(u8)x`; a negative number may become another one.
        Some(Part::Narrow(held, _)) if held.bytes < bytes && (held.is_unsigned() || !name.starts_with("unsigned")) => {
            return value;
        }
        // `(u8)(int)x` is `(u8)x`.
        Some(Part::Narrow(held, whole)) if held.bytes >= bytes => whole.clone(),
        _ => Arc::new(value),
    };
    Part::Narrow(Cut { name: name.to_owned(), bytes }, whole).into()
}

/// A value that depends on the mapping, as a variable of a type holds it.
pub(super) fn narrowed(ty: &Type, value: Term) -> Term {
    let is_narrow = ty.is_narrow_integer();
    if is_narrow && matches!(value.as_part(), Some(Part::Narrow(..))) {
        return cut(ty, value);
    }
    let is_error =
        value.any(&|part| matches!(part, Part::Populated(_) | Part::Call(..) | Part::Operation(..) | Part::Flags(_)));
    // Arithmetic on values that are narrow already stays in their type.
    // The flags that drivers ask for are in the first 32 bits.
    let is_flags = |part: &Part| matches!(part, Part::Field(field) if field == "vm_flags");
    let is_whole =
        |part: &Part| !matches!(part, Part::Narrow(..)) && !is_flags(part) && Term::from(part.clone()).is_of_mapping();
    if is_narrow && !is_error && value.parts().any(|(part, _)| is_whole(part)) {
        return cut(ty, value);
    }
    value
}
