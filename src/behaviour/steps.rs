//! The outcomes of a handler as a list of steps, in which nothing is said twice.

use super::atom::Literal;
use super::contradiction::contradict;
use super::outcome::{Effect, EffectKind, MappingChange, Outcome, Returned};
use super::term::{Part, Term};
use crate::source::Assumed;
use crate::verdict::Place;

/// A step. It is taken unless a step before it has returned.
#[derive(Clone, Debug)]
pub enum Step {
    /// Changes the mapping.
    Changes(MappingChange),
    /// Does something else.
    Does(Effect),
    /// If all of these hold, takes other steps, the last of which returns.
    If(Vec<Literal>, Vec<Step>),
    /// Returns a value: 0, or an error.
    Returns(Term, Place),
}

/// The steps of a handler with these outcomes, under the conditions of `#if` of its variant.
pub fn steps(outcomes: &[Outcome], assumed: &Assumed) -> Vec<Step> {
    let given: Vec<Literal> = assumed.macros().map(|(name, is_defined)| Literal::defined(name, is_defined)).collect();
    let cases = outcomes.iter().map(|outcome| Case {
        outcome,
        condition: outcome.condition.iter().filter(|literal| !given.contains(literal)).collect(),
        mapping: outcome.mapping.clone(),
        effects: &outcome.effects,
    });
    of_cases(cases.collect())
}

impl Step {
    /// The step with other values.
    pub(super) fn with_terms(&self, value: &dyn Fn(&Term) -> Term) -> Step {
        match self {
            Step::Changes(mapping) => {
                let fields = mapping.fields.iter().map(|(field, term)| (field.clone(), value(term)));
                Step::Changes(MappingChange { flags: mapping.flags.clone(), fields: fields.collect() })
            }
            Step::Does(effect) => Step::Does(Effect { kind: effect.kind.with_terms(value), ..effect.clone() }),
            Step::If(all, steps) => {
                let all = all.iter().map(|literal| literal.with_terms(value)).collect();
                Step::If(all, steps.iter().map(|step| step.with_terms(value)).collect())
            }
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
        match self {
            Step::Does(Effect { kind: EffectKind::Call(name, arguments), .. }) => {
                vec![Part::Call(name.clone(), arguments.clone())]
            }
            Step::If(_, steps) => steps.iter().flat_map(Step::results).collect(),
            _ => Vec::new(),
        }
    }
}

/// What the steps so far leave of an outcome.
struct Case<'o> {
    outcome: &'o Outcome,
    /// The conditions that were not asked yet.
    condition: Vec<&'o Literal>,
    /// The changes of the mapping that were not told yet.
    mapping: MappingChange,
    /// The effects that were not told yet.
    effects: &'o [Effect],
}

impl Case<'_> {
    /// The answer to a question in this case; `None` if it may be either.
    fn answer(&self, question: &Literal) -> Option<bool> {
        if let Some(known) = self.condition.iter().find(|literal| literal.atom == question.atom) {
            return Some(known.holds == question.holds);
        }
        let contradicts = |literal: &Literal| contradict(self.outcome.condition.iter().chain([literal]));
        match (contradicts(question), contradicts(&question.negated())) {
            (true, _) => Some(false),
            (_, true) => Some(true),
            _ => None,
        }
    }

    fn value(&self) -> Term {
        match &self.outcome.result {
            Returned::Success => Term::default(),
            Returned::Error(error) => error.clone(),
        }
    }
}

/// The steps for cases that exclude one another. Recursion is only on the smaller side of a question.
fn of_cases(mut cases: Vec<Case>) -> Vec<Step> {
    let mut steps = Vec::new();
    loop {
        let given = shared_conditions(&mut cases);
        if !given.is_empty() {
            steps.push(Step::If(given, of_cases(cases)));
            return steps;
        }
        steps.extend(shared_changes(&mut cases));
        if let Some((value, place)) = returned(&cases) {
            steps.push(Step::Returns(value, place));
            return steps;
        }
        let Some((question, answers)) = question(&cases) else {
            steps.extend(cases.into_iter().flat_map(|case| of_cases(vec![case])));
            return steps;
        };
        for case in &mut cases {
            case.condition.retain(|literal| literal.atom != question.atom);
        }
        let mut sides: [Vec<Case>; 2] = Default::default();
        for (case, answer) in cases.into_iter().zip(answers) {
            sides[usize::from(answer)].push(case);
        }
        let [no, yes] = sides;
        // What is soon over stands first, as in C.
        let (question, few, many) =
            if no.len() < yes.len() { (question.negated(), no, yes) } else { (question, yes, no) };
        let (mut all, mut inner) = (vec![question], of_cases(few));
        if let [Step::If(more, _)] = inner.as_mut_slice() {
            all.append(more);
        }
        if let [Step::If(_, steps)] = inner.as_mut_slice() {
            inner = std::mem::take(steps);
        }
        steps.push(Step::If(all, inner));
        cases = many;
    }
}

/// Takes the conditions that all cases have.
fn shared_conditions(cases: &mut [Case]) -> Vec<Literal> {
    let Some(first) = cases.first() else { return Vec::new() };
    let is_shared = |literal: &&&Literal| cases.iter().all(|case| case.condition.contains(literal));
    let shared: Vec<Literal> = first.condition.iter().filter(is_shared).map(|literal| (*literal).clone()).collect();
    for case in cases {
        case.condition.retain(|literal| !shared.contains(literal));
    }
    shared
}

/// Takes the changes that are the same in all cases.
fn shared_changes(cases: &mut [Case]) -> Vec<Step> {
    let Some(first) = cases.first() else { return Vec::new() };
    let mut mapping = first.mapping.clone();
    mapping.flags.retain(|flag, set| cases.iter().all(|case| case.mapping.flags.get(flag) == Some(set)));
    mapping.fields.retain(|field, value| cases.iter().all(|case| case.mapping.fields.get(field) == Some(value)));
    let is_same = |effect: &Effect, other: Option<&Effect>| {
        other.is_some_and(|other| (&other.kind, other.is_looped) == (&effect.kind, effect.is_looped))
    };
    let is_shared = |(at, effect): &(usize, &Effect)| cases.iter().all(|case| is_same(effect, case.effects.get(*at)));
    let effects: Vec<Effect> =
        first.effects.iter().enumerate().take_while(is_shared).map(|(_, effect)| effect.clone()).collect();
    for case in cases {
        case.mapping.flags.retain(|flag, _| !mapping.flags.contains_key(flag));
        case.mapping.fields.retain(|field, _| !mapping.fields.contains_key(field));
        case.effects = &case.effects[effects.len()..];
    }
    let changes = (mapping != MappingChange::default()).then_some(Step::Changes(mapping));
    changes.into_iter().chain(effects.into_iter().map(Step::Does)).collect()
}

/// The value that is returned, if no question matters any more: all cases return it, or it is a call's result, returned if it is 0 and if it is not.
fn returned(cases: &[Case]) -> Option<(Term, Place)> {
    let first = cases.first()?;
    let place = first.outcome.place;
    let is_end = |case: &Case| {
        case.outcome.place == place && case.effects.is_empty() && case.mapping == MappingChange::default()
    };
    if cases.len() > 1 && !cases.iter().all(is_end) {
        return None;
    }
    let value = cases.iter().map(Case::value).max_by_key(|value| *value != Term::default())?;
    let is_it = |case: &Case| {
        let is_zero =
            case.outcome.result == Returned::Success && case.condition.iter().any(|asked| asked.is_zero_result(&value));
        case.value() == value || is_zero
    };
    cases.iter().all(is_it).then_some((value, place))
}

/// The first question that each case answers, and not all in the same way, with the answers.
fn question(cases: &[Case]) -> Option<(Literal, Vec<bool>)> {
    let first = cases.first()?;
    first.condition.iter().find_map(|literal| {
        let answers: Vec<bool> = cases.iter().map(|case| case.answer(literal)).collect::<Option<_>>()?;
        let differ = answers.contains(&true) && answers.contains(&false);
        differ.then(|| ((*literal).clone(), answers))
    })
}
