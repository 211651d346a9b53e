//! Refusals: values of objects with which a function refuses a mapping, as in `if (lamp->owner) return -EBUSY;`.

use super::Lowerer;
use super::conditions::is_zero;
use crate::index::Scope;
use crate::rules::{Idiom, StateEffect, StateKind};
use crate::source::ast::{Expression, ExpressionKind as E, Function, Statement, StatementKind as S};
use crate::source::visit::{self, Seen};
use crate::source::{identifier_end, spelled};

/// An object and a value with which the function refuses a mapping.
#[derive(Debug)]
pub(super) struct Refusal {
    /// Name of the object, without the local pointers that lead to it.
    pub(super) object: String,
    pub(super) refused: Refused,
    /// The called function that refuses, if it is not the function itself.
    pub(super) by: Option<String>,
}

/// Values of an object. Constants are as written.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refused {
    NonZero,
    Zero,
    Equal(String),
    /// Any but these.
    Other(Vec<String>),
    Bit(String),
    NoBit(String),
    /// What decides is another value, which a mapping may bring again: `lamp->file != file`, `lamp->left < pages`.
    Compared,
}

impl Refused {
    fn opposite(self) -> Refused {
        match self {
            Refused::NonZero => Refused::Zero,
            Refused::Zero => Refused::NonZero,
            Refused::Equal(value) => Refused::Other(vec![value]),
            Refused::Other(mut values) => values.pop().map_or(Refused::Compared, Refused::Equal),
            Refused::Bit(bit) => Refused::NoBit(bit),
            Refused::NoBit(bit) => Refused::Bit(bit),
            Refused::Compared => Refused::Compared,
        }
    }
}

impl Lowerer<'_> {
    /// The objects with whose values a function refuses a mapping: by itself, or by a function of the driver that it calls.
    pub(super) fn refusals(&self, function: &Function) -> Vec<Refusal> {
        let own = Reader { lowerer: self, scope: &self.scope, body: &function.body, is_called: false };
        let mut found = own.refusals();
        visit::statements(&function.body, &mut |seen| {
            if let Seen::Expression(Expression { kind: E::Call { callee, arguments }, .. }) = seen
                && let Some(name) = callee.name()
            {
                self.each_callee(name, |callee, scope| {
                    let reader = Reader { lowerer: self, scope, body: &callee.body, is_called: true };
                    let refusals = reader.refusals().into_iter();
                    found.extend(refusals.filter_map(|refusal| in_words_of_caller(refusal, callee, arguments)));
                });
            }
        });
        found.into_iter().map(|refusal| Refusal { object: self.canonical(refusal.object), ..refusal }).collect()
    }

    /// Visits the functions of the driver that a name means.
    pub(super) fn each_callee(&self, name: &str, mut see: impl FnMut(&Function, &Scope)) {
        if self.scope.get(name).is_some() {
            return;
        }
        for id in self.driver_functions(name) {
            for function in &self.context.function(id).variants {
                see(function, &Scope::of(function));
            }
        }
    }

    /// Name of an object without the local pointers and copies that lead to it: `lamp->busy` for `*busy` after `busy = &lamp->busy`.
    pub(super) fn canonical(&self, mut object: String) -> String {
        const DEPTH: usize = 4;
        object = member_path(&object);
        for _ in 0..DEPTH {
            let (root, rest) = object.split_at(identifier_end(object.as_bytes(), 0));
            let values = self.locals.pointers.get(root).map_or(&[][..], Vec::as_slice);
            let value = match values {
                [only] => only,
                // Another value may come later. The first is a copy all the same.
                [first, ..] if rest.is_empty() => first,
                _ => break,
            };
            let is_path = matches!(value.kind, E::Field { .. }) || (value.name().is_some() && !rest.is_empty());
            let Some(path) = spelled(value).filter(|path| is_path && !path.starts_with(root)) else { break };
            object = format!("{}{rest}", member_path(&path));
        }
        object
    }
}

/// A function in which refusals are read.
struct Reader<'r> {
    lowerer: &'r Lowerer<'r>,
    /// The variables of the function.
    scope: &'r Scope,
    body: &'r [Statement],
    /// Whether the function that is lowered calls it.
    is_called: bool,
}

impl Reader<'_> {
    fn refusals(&self) -> Vec<Refusal> {
        let mut found = Vec::new();
        visit::each_block(self.body, &mut |block| {
            for (number, statement) in block.iter().enumerate() {
                match &statement.kind {
                    S::If { condition, then, otherwise } => {
                        found.extend(self.refused_by(condition, [then, otherwise], &block[number + 1..]));
                    }
                    S::Switch { value, arms, labels, .. } => {
                        // `case LAMP_LIT: case LAMP_LENT: return -EBUSY;`
                        let runs_into = |number: &usize| arms[*number..].iter().find(|arm| !arm.is_empty());
                        let fails = |number: &usize| runs_into(number).is_some_and(|arm| self.fails(arm));
                        for label in (0..arms.len().min(labels.len())).filter(fails).map(|number| &labels[number]) {
                            let others = labels.iter().flatten().map(constant);
                            let refused = match label {
                                Some(label) => Refused::Equal(constant(label)),
                                None => Refused::Other(others.collect()),
                            };
                            found.extend(self.object_of(value).map(|object| Refusal { object, refused, by: None }));
                        }
                    }
                    _ => {}
                }
            }
        });
        // `return lamp->busy ? -EBUSY : 0;`
        visit::statements(self.body, &mut |seen| {
            if let Seen::Expression(Expression { kind: E::Conditional { condition, then, otherwise }, .. }) = seen {
                if then.as_deref().is_some_and(Expression::is_error_number) {
                    self.tested(condition, true, &mut found);
                } else if otherwise.is_error_number() {
                    self.tested(condition, false, &mut found);
                }
            }
        });
        found
    }

    /// The refusals of an `if` with its two arms, and with what stands behind it.
    fn refused_by(
        &self,
        condition: &Expression,
        [then, otherwise]: [&[Statement]; 2],
        behind: &[Statement],
    ) -> Vec<Refusal> {
        let mut refused = Vec::new();
        let succeeds = || matches!(then.last().map(|last| &last.kind), Some(S::Return(_)));
        let only_fails = || behind.len() == 1 && self.fails(behind);
        if self.fails(then) {
            self.tested(condition, true, &mut refused);
        } else if self.fails(otherwise)
            || (otherwise.is_empty()
                && (clears_error(then, self.body) || self.tells_success(then) || succeeds() && only_fails()))
        {
            self.tested(condition, false, &mut refused);
        }
        refused.retain(|refusal| !(refusal.refused == Refused::Zero && self.is_made_above(&refusal.object, condition)));
        let compared: Vec<String> =
            refused.iter().filter(|refusal| is_compared(refusal)).map(|refusal| refusal.object.clone()).collect();
        refused.retain(|refusal| is_compared(refusal) || !compared.contains(&refusal.object));
        united(refused)
    }

    /// Whether statements set what the function returns to true: `bool got = false; if (!lamp->busy) { ...; got = true; } return got;`.
    fn tells_success(&self, statements: &[Statement]) -> bool {
        let Some(result) = self.body.last().and_then(Statement::returned).and_then(Expression::name) else {
            return false;
        };
        let is_set = |list: &[Statement], wanted: &str| {
            let mut is_set = false;
            visit::statements(list, &mut |seen| {
                let value = match seen {
                    Seen::Declared(declared) => declared.value.as_ref().filter(|_| declared.name == result),
                    Seen::Expression(Expression { kind: E::Assign { target, value, .. }, .. }) => {
                        Some(value.as_ref()).filter(|_| target.name() == Some(result))
                    }
                    Seen::Expression(_) => None,
                };
                is_set |= value.and_then(Expression::name) == Some(wanted);
            });
            is_set
        };
        is_set(statements, "true") && is_set(self.body, "false")
    }

    /// Whether the function has just made an object: `lamp->buffer = make(); if (!lamp->buffer) return -ENOMEM;`.
    fn is_made_above(&self, object: &str, condition: &Expression) -> bool {
        let mut is_made = false;
        visit::statements(self.body, &mut |seen| {
            if let Seen::Expression(Expression { kind: E::Assign { target, value, .. }, span, .. }) = seen {
                let is_call = matches!(value.bare().kind, E::Call { .. });
                is_made |= is_call && span.start < condition.span.start && named(target).as_deref() == Some(object);
            }
        });
        is_made
    }

    /// Collects the values of objects that a condition needs in order to hold, or not to hold.
    fn tested(&self, condition: &Expression, holds: bool, found: &mut Vec<Refusal>) {
        let condition = condition.bare();
        let mut add = |object: &Expression, refused: Refused| {
            let refused = if holds { refused } else { refused.opposite() };
            if let Some(object) = self.object_of(object) {
                found.push(Refusal { object, refused, by: None });
            }
        };
        match &condition.kind {
            E::Unary { operator, operand } if operator == "!" => self.tested(operand, !holds, found),
            E::Binary { operator, left, right } => match operator.as_str() {
                "&&" | "||" => {
                    let mut both = Vec::new();
                    self.tested(left, holds, &mut both);
                    self.tested(right, holds, &mut both);
                    if (operator == "&&") == holds {
                        decided_together([left, right], &mut both);
                    }
                    found.extend(both);
                }
                "==" if is_zero(right) => self.tested(left, !holds, found),
                "!=" if is_zero(right) => self.tested(left, holds, found),
                ">" if is_zero(right) => add(left, Refused::NonZero),
                "==" if self.is_fixed(right) => add(left, Refused::Equal(constant(right))),
                "!=" if self.is_fixed(right) => add(left, Refused::Other(vec![constant(right)])),
                "==" | "!=" | "<" | ">" | "<=" | ">=" => {
                    add(left, Refused::Compared);
                    add(right, Refused::Compared);
                }
                "&" if self.is_fixed(right) => add(left, Refused::Bit(constant(right))),
                _ => {}
            },
            E::Call { callee, arguments } => match (callee.name(), arguments.as_slice()) {
                (Some(name), [argument, ..]) if self.idiom(name).is_some_and(Idiom::is_truth) => {
                    self.tested(argument, holds, found);
                }
                (Some("test_bit"), [bit, object]) => add(object, Refused::Bit(constant(bit))),
                (Some(name), _) if self.idiom(name).is_none() && !self.is_called => {
                    self.asked(name, arguments, holds, found);
                }
                _ => add(condition, Refused::NonZero),
            },
            // `bool ok = lamp_is_idle(lamp); if (!ok) return -EBUSY;`
            E::Name(name) => match self.answer(name) {
                Some(answer) => self.tested(answer, holds, found),
                None => add(condition, Refused::NonZero),
            },
            _ => add(condition, Refused::NonZero),
        }
    }

    /// The one value of a local, if that is a question or its answer. A copy of an object has the name of the object.
    fn answer(&self, local: &str) -> Option<&Expression> {
        let values = self.lowerer.locals.pointers.get(local).filter(|_| !self.is_called)?;
        let [value] = values.as_slice() else { return None };
        let is_question = match &value.kind {
            E::Unary { operator, .. } => operator == "!",
            E::Binary { operator, .. } => matches!(operator.as_str(), "==" | "!=" | "&" | "&&" | "||"),
            E::Call { .. } => true,
            _ => false,
        };
        is_question.then_some(value)
    }

    /// Collects the values that a function of the driver asks for, if all that it does is answer: `return lamp->busy;`.
    fn asked(&self, name: &str, arguments: &[Expression], holds: bool, found: &mut Vec<Refusal>) {
        self.lowerer.each_callee(name, |callee, scope| {
            let reader = Reader { lowerer: self.lowerer, scope, body: &callee.body, is_called: true };
            let mut refused = Vec::new();
            if let Some(answer) = only_result(callee) {
                reader.tested(answer, holds, &mut refused);
            }
            found.extend(refused.into_iter().filter_map(|refusal| in_words_of_caller(refusal, callee, arguments)));
        });
    }

    /// Name of the object that an expression reads: `lamp->owner` for itself, `READ_ONCE(lamp->owner)` and `atomic_read(&lamp->owner)`.
    fn object_of(&self, value: &Expression) -> Option<String> {
        let value = value.bare();
        match &value.kind {
            E::Name(_) | E::Field { .. } | E::Index { .. } => named(value),
            E::Unary { operator, operand } if operator == "&" || operator == "*" => self.object_of(operand),
            // `atomic_dec_if_positive(&lamp->left) < 0`
            E::Call { callee, arguments }
                if matches!(
                    callee.name().and_then(|name| self.lowerer.context.rules.state(name)),
                    Some(StateEffect::Undoes(StateKind::Counter, _))
                ) =>
            {
                self.object_of(arguments.last()?)
            }
            E::Call { callee, arguments } => match arguments.as_slice() {
                [object] if callee.name().and_then(|name| self.idiom(name)).is_some_and(Idiom::is_load) => {
                    self.object_of(object)
                }
                _ => None,
            },
            _ => None,
        }
    }

    fn idiom(&self, name: &str) -> Option<Idiom> {
        self.lowerer.context.rules.idiom(name)
    }

    /// Whether a value is a constant, or a name that is no local: of an `enum`.
    fn is_fixed(&self, value: &Expression) -> bool {
        match value.name() {
            Some(name) if self.is_called => self.scope.get(name).is_none(),
            Some(name) => self.scope.get(name).is_none() || self.lowerer.is_constant(value),
            None => self.lowerer.is_constant(value),
        }
    }

    /// Whether statements leave the function with an error number, at their end or behind the label to which they go.
    fn fails(&self, statements: &[Statement]) -> bool {
        let Some(last) = statements.last() else { return false };
        match &last.kind {
            S::Return(Some(value)) => {
                let is_other_truth = || {
                    let last = self.body.last().and_then(Statement::returned).and_then(Expression::name);
                    matches!((value.name(), last), (Some("false"), Some("true")) | (Some("true"), Some("false")))
                };
                let is_set = || {
                    value.name().is_some_and(|name| names_error(statements) || self.holds_error(name, last.span.start))
                };
                value.is_error_number() || is_set() || is_other_truth()
            }
            S::Goto(label) => {
                let behind = behind(label, self.body);
                let returned = behind.last().and_then(Statement::returned).and_then(Expression::name);
                names_error(statements)
                    || names_error(behind)
                    || returned.is_some_and(|name| self.holds_error(name, last.span.start))
            }
            S::Block(inner) => self.fails(inner),
            S::Expression(_) => names_error(&statements[statements.len() - 1..]),
            _ => false,
        }
    }

    /// Whether the last value that a variable gets before an offset is an error number: `int ret = -EBUSY;`.
    fn holds_error(&self, variable: &str, offset: u32) -> bool {
        let mut last = None;
        visit::statements(self.body, &mut |seen| {
            let set = match seen {
                Seen::Declared(declared) => declared.value.as_ref().filter(|_| declared.name == variable),
                Seen::Expression(Expression { kind: E::Assign { target, value, .. }, .. }) => {
                    Some(value.as_ref()).filter(|_| target.name() == Some(variable))
                }
                Seen::Expression(_) => None,
            };
            if let Some(value) = set.filter(|value| value.span.start < offset) {
                last = Some(value);
            }
        });
        last.is_some_and(Expression::is_error_number)
    }
}

/// Reduces the refusals of two conditions that have to hold together.
fn decided_together(conditions: [&Expression; 2], refusals: &mut Vec<Refusal>) {
    // `lamp->is_mapped && lamp->mode != mode`: the comparison of a member decides.
    let is_comparison = |condition: &&Expression| match &condition.bare().kind {
        E::Binary { operator, left, right } => {
            let is_member = |side: &Expression| matches!(side.bare().kind, E::Field { .. });
            matches!(operator.as_str(), "==" | "!=") && (is_member(left) || is_member(right))
        }
        _ => false,
    };
    if conditions.iter().any(is_comparison) && refusals.iter().any(is_compared) {
        refusals.retain(is_compared);
    }
    // `lamp->mode && lamp->mode != LAMP_ON`: neither nothing nor that one.
    let none = ["0", "NULL", "false"].map(str::to_owned);
    let set: Vec<String> =
        refusals.iter().filter(|one| one.refused == Refused::NonZero).map(|one| one.object.clone()).collect();
    let mut narrowed = Vec::new();
    for refusal in refusals.iter_mut() {
        if let Refused::Other(values) = &mut refusal.refused
            && set.contains(&refusal.object)
        {
            values.extend(none.clone());
            narrowed.push(refusal.object.clone());
        }
    }
    refusals.retain(|refusal| refusal.refused != Refused::NonZero || !narrowed.contains(&refusal.object));
}

fn is_compared(refusal: &Refusal) -> bool {
    refusal.refused == Refused::Compared
}

/// Name of an object in the words of a function, without its address operator.
pub(super) fn named(object: &Expression) -> Option<String> {
    match &object.bare().kind {
        E::Unary { operator, operand } if operator == "&" || operator == "*" => named(operand),
        E::Name(_) | E::Field { .. } | E::Index { .. } => spelled(object.bare()),
        _ => None,
    }
}

/// Text of a constant, or of an expression with one.
pub(super) fn constant(value: &Expression) -> String {
    spelled(value.bare()).unwrap_or_default()
}

/// A path to a member in one spelling: `lamp.state.busy` for `lamp->state.busy`, and for `state->busy` with `state = &lamp->state`.
fn member_path(path: &str) -> String {
    path.replace("->", ".")
}

/// A refusal of a called function in the words of its caller. `None` if its object does not lead from an argument.
fn in_words_of_caller(refusal: Refusal, callee: &Function, arguments: &[Expression]) -> Option<Refusal> {
    let object = argument_path(&refusal.object, callee, arguments)?;
    Some(Refusal { object, by: Some(callee.name.clone()), ..refusal })
}

/// The path to a member of an argument, from its path in the called function.
pub(super) fn argument_path(path: &str, callee: &Function, arguments: &[Expression]) -> Option<String> {
    let (root, rest) = path.split_at(identifier_end(path.as_bytes(), 0));
    let position = callee.parameters.iter().position(|parameter| parameter.name == root)?;
    let argument = arguments.get(position)?.bare();
    let (name, is_address) = (named(argument)?, matches!(argument.kind, E::Unary { .. }));
    let member = rest.strip_prefix("->").or_else(|| rest.strip_prefix('.'))?;
    Some(format!("{name}{}{member}", if is_address { "." } else { "->" }))
}

/// The one value that a function returns: that of its only `return`, or of the variable there.
fn only_result(function: &Function) -> Option<&Expression> {
    let (mut returned, mut values) = (Vec::new(), Vec::new());
    visit::each_block(&function.body, &mut |block| returned.extend(block.iter().filter_map(Statement::returned)));
    let [result] = returned.as_slice() else { return None };
    let Some(name) = result.name() else { return Some(result) };
    visit::statements(&function.body, &mut |seen| match seen {
        Seen::Declared(declared) if declared.name == name => values.extend(&declared.value),
        Seen::Expression(Expression { kind: E::Assign { target, value, .. }, .. }) if target.name() == Some(name) => {
            values.push(value);
        }
        _ => {}
    });
    match values.as_slice() {
        [] => Some(result),
        [value] => Some(value),
        _ => None,
    }
}

/// Refusals in which all values that one object may have stand together: `mode != OFF && mode != ON`.
fn united(refusals: Vec<Refusal>) -> Vec<Refusal> {
    let mut united: Vec<Refusal> = Vec::new();
    for refusal in refusals {
        let known = united.iter_mut().find(|known| known.object == refusal.object);
        match (known.map(|known| &mut known.refused), refusal.refused) {
            (Some(Refused::Other(known)), Refused::Other(more)) => known.extend(more),
            (_, refused) => united.push(Refusal { refused, ..refusal }),
        }
    }
    united
}

/// The statements behind a label of a function, as far as its return.
fn behind<'s>(label: &str, body: &'s [Statement]) -> &'s [Statement] {
    let is_label = |statement: &Statement| matches!(&statement.kind, S::Label(name) if name == label);
    let Some(start) = body.iter().position(is_label) else { return &[] };
    let rest = &body[start..];
    let end = rest.iter().position(|statement| matches!(statement.kind, S::Return(_)));
    &rest[..end.map_or(rest.len(), |end| end + 1)]
}

/// Whether statements set a variable to zero that holds an error number before: `int ret = -EBUSY; if (!lamp->busy) { ...; ret = 0; }`.
fn clears_error(statements: &[Statement], body: &[Statement]) -> bool {
    let mut cleared = Vec::new();
    visit::statements(statements, &mut |seen| match seen {
        Seen::Expression(Expression { kind: E::Assign { target, value, .. }, .. }) if is_zero(value) => {
            cleared.extend(target.name());
        }
        _ => {}
    });
    let mut is_set = false;
    visit::statements(body, &mut |seen| {
        is_set |= match seen {
            Seen::Declared(declared) => {
                declared.value.as_ref().is_some_and(Expression::is_error_number)
                    && cleared.contains(&declared.name.as_str())
            }
            Seen::Expression(Expression { kind: E::Assign { target, value, .. }, .. }) => {
                value.is_error_number() && target.name().is_some_and(|name| cleared.contains(&name))
            }
            Seen::Expression(_) => false,
        };
    });
    is_set
}

/// Whether an error number stands among statements.
fn names_error(statements: &[Statement]) -> bool {
    let mut found = false;
    visit::statements(statements, &mut |seen| {
        found |= matches!(seen, Seen::Expression(value) if value.is_error_number());
    });
    found
}
