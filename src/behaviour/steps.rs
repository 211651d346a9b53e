//! The outcomes of a handler as a list of steps, in which nothing is said twice.

use std::collections::BTreeSet;

use super::Behaviour;
use super::atom::Literal;
use super::outcome::{Effect, EffectKind, Outcome, Returned};
use super::term::{Part, Term};
use super::trace::Event;
use crate::source::Condition;
use crate::verdict::Place;

/// A step. It is taken unless a step before it has returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Something happens.
    Event(Event),
    /// If all of these hold, takes other steps. If the last of them does not return, what follows is taken too.
    If(Vec<Literal>, Vec<Step>),
    /// Takes one of these lists of steps, each of which returns. The condition is not known.
    Either(Vec<Vec<Step>>),
    /// Returns a value: 0, or an error.
    Returns(Term, Place),
}

/// The steps of a handler, under the conditions of `#if` of its variant.
pub fn steps(behaviour: &Behaviour) -> Vec<Step> {
    let answers = behaviour.assumed.conditions().iter().flat_map(Condition::answers);
    let given: Vec<Literal> = answers.map(|(question, holds)| Literal::configured(&question, holds)).collect();
    let is_new = |event: &Event| !matches!(event, Event::Asks(literal) if given.contains(literal));
    let outcomes = behaviour.outcomes.iter();
    let cases: Vec<Case> = outcomes
        .map(|outcome| Case { outcome, events: outcome.trace().into_iter().filter(is_new).collect(), told: 0 })
        .collect();
    // If no path is missing, a question with one answer follows from those before.
    let is_whole = behaviour.gap.is_none();
    of_cases(cases, is_whole)
}

impl Step {
    /// The step with other values.
    pub(super) fn with_terms(&self, value: &dyn Fn(&Term) -> Term) -> Step {
        let all = |steps: &[Step]| -> Vec<Step> { steps.iter().map(|step| step.with_terms(value)).collect() };
        match self {
            Step::Event(event) => Step::Event(event.with_terms(value)),
            Step::If(conditions, steps) => {
                Step::If(conditions.iter().map(|literal| literal.with_terms(value)).collect(), all(steps))
            }
            Step::Either(lists) => Step::Either(lists.iter().map(|steps| all(steps)).collect()),
            Step::Returns(term, place) => Step::Returns(value(term), *place),
        }
    }

    /// Calls a function with each value of the step.
    pub(super) fn each_term(&self, look: &dyn Fn(&Term)) {
        self.with_terms(&|term| {
            look(term);
            term.clone()
        });
    }

    /// The results of the calls that are steps.
    pub(super) fn results(&self) -> Vec<Part> {
        let of_all = |steps: &[Step]| steps.iter().flat_map(Step::results).collect();
        match self {
            Step::Event(event) => event.result().into_iter().collect(),
            Step::If(_, steps) => of_all(steps),
            Step::Either(lists) => lists.iter().flat_map(|steps| steps.iter().flat_map(Step::results)).collect(),
            Step::Returns(..) => Vec::new(),
        }
    }
}

impl Event {
    fn with_terms(&self, value: &dyn Fn(&Term) -> Term) -> Event {
        let with = |effect: &Effect| Effect { kind: effect.kind.with_terms(value), ..effect.clone() };
        match self {
            Event::Asks(literal) => Event::Asks(literal.with_terms(value)),
            Event::Repeats(literal) => Event::Repeats(literal.with_terms(value)),
            Event::Writes(field, term) => Event::Writes(field.clone(), value(term)),
            Event::Flags(..) | Event::Loops(_) | Event::RoundEnds | Event::LoopLeft | Event::NoRound => self.clone(),
            Event::Does(effect) => Event::Does(with(effect)),
            Event::Holds(effect) => Event::Holds(with(effect)),
            // The call itself is no use of its result.
            Event::Evaluates(term) | Event::Calls(term) => {
                let term = match term.as_part() {
                    Some(Part::Call(name, arguments)) => {
                        Part::Call(name.clone(), arguments.iter().map(value).collect()).into()
                    }
                    _ => value(term),
                };
                if matches!(self, Event::Calls(_)) { Event::Calls(term) } else { Event::Evaluates(term) }
            }
        }
    }

    /// The result of the call that it is.
    pub fn result(&self) -> Option<Part> {
        match self {
            Event::Does(Effect { kind: EffectKind::Call(name, arguments), .. }) => {
                Some(Part::Call(name.clone(), arguments.clone()))
            }
            Event::Evaluates(term) | Event::Calls(term) => term.as_part().cloned(),
            _ => None,
        }
    }
}

impl Outcome {
    /// The events of the path, with its effects as they are in the end: a call may be taken back, and an effect turn out to be no part of a
    /// loop.
    fn trace(&self) -> Vec<Event> {
        let (mut events, mut told, mut left) = (Vec::new(), BTreeSet::new(), self.effects.as_slice());
        for event in self.trace.events() {
            match &event {
                Event::Does(effect) => {
                    let Some(at) = left.iter().position(|known| known.place == effect.place) else { continue };
                    events.push(Event::Does(left[at].clone()));
                    left = &left[at + 1..];
                }
                // A value is evaluated again for each use of its name.
                Event::Evaluates(value) if !told.insert(value.clone()) => {}
                other => events.push(other.clone()),
            }
        }
        events
    }
}

/// An outcome, and how many of its events are told.
struct Case<'o> {
    outcome: &'o Outcome,
    events: Vec<Event>,
    told: usize,
}

impl Case<'_> {
    fn next(&self) -> Option<&Event> {
        self.events.get(self.told)
    }

    fn rest(&self) -> &[Event] {
        &self.events[self.told..]
    }

    /// Whether the same happens from here on.
    fn ends_like(&self, other: &Case) -> bool {
        self.rest() == other.rest()
            && (&self.outcome.result, self.outcome.place) == (&other.outcome.result, other.outcome.place)
    }

    fn value(&self) -> Term {
        match &self.outcome.result {
            Returned::Success => Term::default(),
            Returned::Error(error) => error.clone(),
        }
    }
}

/// The steps for cases that have the same events so far.
fn of_cases(cases: Vec<Case>, is_whole: bool) -> Vec<Step> {
    rejoined(apart(cases, is_whole))
}

/// The same, with the end of each case by itself. The smaller side of a question has at most half of the cases, which bounds the recursion.
fn apart(mut cases: Vec<Case>, is_whole: bool) -> Vec<Step> {
    let mut steps = Vec::new();
    loop {
        if let Some((value, place)) = returned(&cases) {
            steps.push(Step::Returns(value, place));
            return steps;
        }
        match shared_event(&mut cases) {
            Some(Event::Asks(_)) if is_whole => continue,
            Some(event) => {
                steps.push(Step::Event(event));
                continue;
            }
            None => {}
        }
        let Some(question) = question(&cases) else {
            let lists = grouped(cases).into_iter().map(|group| of_cases(group, is_whole)).collect();
            steps.push(Step::Either(lists));
            return steps;
        };
        let is_yes = |case: &Case| matches!(case.next(), Some(Event::Asks(literal)) if *literal == question);
        let (mut yes, mut no): (Vec<Case>, Vec<Case>) = cases.into_iter().partition(is_yes);
        yes.iter_mut().chain(&mut no).for_each(|case| case.told += 1);
        if yes.len() == no.len() && yes.iter().zip(&no).all(|(yes, no)| yes.ends_like(no)) {
            cases = yes;
            continue;
        }
        // What is soon over stands first, as in C.
        let (question, few, many) =
            if no.len() < yes.len() { (question.negated(), no, yes) } else { (question, yes, no) };
        steps.push(nested(vec![question], of_cases(few, is_whole)));
        cases = many;
    }
}

/// The steps without what an `If` and the steps behind it end with: it stands behind both, once.
fn rejoined(mut steps: Vec<Step>) -> Vec<Step> {
    /// A longer list takes long to compare.
    const LONGEST: usize = 400;
    /// Shorter ends are repeated, as in C: a return, or a call before it.
    const SHORTEST: usize = 3;
    if steps.len() > LONGEST {
        return steps;
    }
    for at in (0..steps.len()).rev() {
        let Step::If(conditions, inner) = &steps[at] else { continue };
        let behind = &steps[at + 1..];
        let same = inner.iter().rev().zip(behind.iter().rev()).take_while(|(one, other)| one == other).count();
        let (own, others) = (inner.len() - same, behind.len() - same);
        let other = match conditions.as_slice() {
            _ if others == 0 => Vec::new(),
            [only] => vec![only.negated()],
            _ => continue,
        };
        if same < SHORTEST {
            continue;
        }
        let first = (own > 0).then(|| nested(conditions.clone(), inner[..own].to_vec()));
        let second = (others > 0).then(|| nested(other, behind[..others].to_vec()));
        steps.splice(at..=at + others, first.into_iter().chain(second));
    }
    steps
}

/// Steps under conditions; those of a single `If` are added to them.
fn nested(mut conditions: Vec<Literal>, mut steps: Vec<Step>) -> Step {
    while let [Step::If(more, inner)] = steps.as_mut_slice() {
        conditions.append(more);
        steps = std::mem::take(inner);
    }
    Step::If(conditions, steps)
}

/// Takes the next event, if it is the same in all cases.
fn shared_event(cases: &mut [Case]) -> Option<Event> {
    let event = cases.first()?.next()?.clone();
    if !cases.iter().all(|case| case.next() == Some(&event)) {
        return None;
    }
    cases.iter_mut().for_each(|case| case.told += 1);
    Some(event)
}

/// The question that all cases ask next, as the first of them answers it.
fn question(cases: &[Case]) -> Option<Literal> {
    let asked = |case: &Case| match case.next() {
        Some(Event::Asks(literal)) => Some(literal.clone()),
        _ => None,
    };
    let first = cases.first().and_then(asked)?;
    let is_asked = |case: &Case| asked(case).is_some_and(|literal| literal.atom == first.atom);
    cases.iter().all(is_asked).then_some(first)
}

/// The cases by their next event.
fn grouped(cases: Vec<Case>) -> Vec<Vec<Case>> {
    let mut groups: Vec<Vec<Case>> = Vec::new();
    for case in cases {
        match groups.iter_mut().find(|group| group[0].next() == case.next()) {
            // Cases that have ended do not go on together.
            Some(group) if case.next().is_some() => group.push(case),
            _ => groups.push(vec![case]),
        }
    }
    groups
}

/// The value that is returned, if no question matters any more: all cases return it, or it is a call's result, returned if it is 0 and if
/// it is not.
fn returned(cases: &[Case]) -> Option<(Term, Place)> {
    let first = cases.first()?;
    let place = first.outcome.place;
    let is_end = |case: &Case| {
        let is_question = |event: &Event| matches!(event, Event::Asks(_));
        case.outcome.place == place && case.rest().iter().all(is_question)
    };
    if !cases.iter().all(is_end) {
        return None;
    }
    let value = cases.iter().map(Case::value).max_by_key(|value| *value != Term::default())?;
    let is_it = |case: &Case| {
        let is_zero = |event: &Event| matches!(event, Event::Asks(literal) if literal.is_zero_result(&value));
        case.value() == value || case.outcome.result == Returned::Success && case.rest().iter().any(is_zero)
    };
    cases.iter().all(is_it).then_some((value, place))
}
